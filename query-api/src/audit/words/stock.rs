//! Stock in words.

use events::{
    RecordedEvent,
    stock::StockEvent,
    values::{OrderId, Quantity},
};

use super::{Told, amount_of, because};
use crate::audit::names::Names;

pub(super) fn tell(event: &StockEvent, recorded: &RecordedEvent, names: &Names) -> Told {
    let product = names.product(recorded.stream_id);
    let amount = |quantity: &Quantity| amount_of(*quantity, &product.unit);
    let moved = |verb: &str, quantity: &Quantity, link: &str, order: &OrderId| {
        let sentence = format!("{verb} {} of {} {link} order {order}.", amount(quantity), product.said);
        Told::plain(sentence).with(&product.name, None, amount(quantity))
    };
    match event {
        StockEvent::StockAdjusted { change, reason, .. } => {
            let (verb, size) = if change.0 < 0 { ("Took", Quantity(-change.0)) } else { ("Added", *change) };
            let link = if change.0 < 0 { "from" } else { "to" };
            let reason = because(Some(reason));
            Told::plain(format!("{verb} {} {link} the stock of {}{reason}.", amount(&size), product.said))
                .with("on hand", None, format!("{}{}", if change.0 < 0 { "−" } else { "+" }, amount(&size)))
        }
        StockEvent::StockCounted { counted, reason, .. } => {
            let reason = because(Some(reason));
            Told::plain(format!("Counted {} of {} in stock{reason}.", amount(counted), product.said)).with(
                "on hand",
                None,
                amount(counted),
            )
        }
        StockEvent::StockAllocated { order_id, quantity, .. } => {
            moved("Set aside", quantity, "for", order_id)
        }
        StockEvent::StockReleased { order_id, quantity, .. } => {
            moved("Released", quantity, "that was set aside for", order_id)
        }
        StockEvent::StockShipped { order_id, quantity, .. } => moved("Shipped", quantity, "for", order_id),
        StockEvent::StockFellLow { available, low_stock_at, .. } => Told::plain(format!(
            "The stock of {} fell low: {} available, where {} counts as low.",
            product.said,
            amount(available),
            amount(low_stock_at)
        )),
    }
}
