//! Carts in words.

use events::{
    RecordedEvent,
    cart::{CartEvent, PriceSource},
};

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
            let source = by_contract(item.price_source);
            Told::plain(format!(
                "Put {amount} of {} into the cart, at {price} each{source}.",
                quoted(&item.name)
            ))
            .with(&item.name, None, amount)
        }
        CartEvent::CartItemQuantityChanged { item_id, quantity, unit_price_minor, price_source, .. } => {
            let line = names.line(*item_id);
            let (amount, price) = (amount_of(*quantity, &line.unit), money(*unit_price_minor, currency));
            let source = by_contract(*price_source);
            Told::plain(format!("Changed {} in the cart to {amount}, at {price} each{source}.", line.said))
                .with(&line.name, None, amount)
        }
        CartEvent::CartItemRemoved { item_id } => {
            Told::plain(format!("Took {} out of the cart.", names.line(*item_id).said))
        }
        CartEvent::CartConverted { order_ids, .. } => {
            Told::plain(format!("Turned the cart into {}.", counted(order_ids.len(), "order")))
        }
        CartEvent::CartFilledFromSuggestions { lines, .. } => {
            let taken = lines.iter().filter(|line| line.taken.is_positive());
            let edited = taken.clone().filter(|line| line.suggested.is_some_and(|was| was != line.taken));
            let left = lines.iter().filter(|line| !line.taken.is_positive()).count();
            Told::plain(format!(
                "Filled the cart from suggestions: {} taken, {} of them with another amount than was suggested, \
                 {left} left out.",
                counted(taken.count(), "line"),
                edited.count(),
            ))
        }
    }
}

/// ` by contract`, or nothing.
fn by_contract(source: PriceSource) -> &'static str {
    match source {
        PriceSource::List => "",
        PriceSource::Contract => " by contract",
    }
}
