//! Carts in words.

use events::{RecordedEvent, cart::CartEvent};

use super::{Told, amount_of, counted, money, quoted};
use crate::audit::names::Names;

pub(super) fn tell(event: &CartEvent, recorded: &RecordedEvent, names: &Names) -> Told {
    let currency = names.currency_of(recorded.stream_id);
    match event {
        CartEvent::CartOpened { restaurant_id, currency } => Told::plain(format!(
            "Opened a cart for {}, priced in {currency}.",
            names.organisation(restaurant_id.0)
        )),
        CartEvent::CartItemAdded { item } => {
            let (amount, price) =
                (amount_of(item.quantity, &item.unit), money(item.unit_price_minor, currency));
            Told::plain(format!("Put {amount} of {} into the cart, at {price} each.", quoted(&item.name)))
                .with(&item.name, None, amount)
        }
        CartEvent::CartItemQuantityChanged { item_id, quantity, unit_price_minor, .. } => {
            let line = names.line(*item_id);
            let (amount, price) = (amount_of(*quantity, &line.unit), money(*unit_price_minor, currency));
            Told::plain(format!("Changed {} in the cart to {amount}, at {price} each.", line.said))
                .with(&line.name, None, amount)
        }
        CartEvent::CartItemRemoved { item_id } => {
            Told::plain(format!("Took {} out of the cart.", names.line(*item_id).said))
        }
        CartEvent::CartConverted { order_ids, .. } => {
            Told::plain(format!("Turned the cart into {}.", counted(order_ids.len(), "order")))
        }
    }
}
