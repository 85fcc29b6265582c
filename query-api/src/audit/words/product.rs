//! Products in words.

use events::{RecordedEvent, product::ProductEvent};

use super::{Told, money, quoted, unit_word};
use crate::audit::names::Names;

pub(super) fn tell(event: &ProductEvent, recorded: &RecordedEvent, names: &Names) -> Told {
    let product = names.product(recorded.stream_id);
    match event {
        ProductEvent::ProductCreated { details, unit_price_minor, currency, .. } => {
            let price = money(*unit_price_minor, *currency);
            let (name, unit) = (quoted(&details.name), unit_word(&details.unit));
            Told::plain(format!("Offered {name} at {price} per unit ({unit})."))
                .with("name", None, &details.name)
                .with("sku", None, &details.sku)
                .with("price", None, price)
        }
        ProductEvent::ProductDetailsRevised { details } => {
            Told::plain(format!("Revised the description of {}.", quoted(&details.name)))
                .with("name", None, &details.name)
                .with("sku", None, &details.sku)
        }
        ProductEvent::PriceChanged { previous_minor, unit_price_minor, reason } => {
            let (former, price) =
                (money(*previous_minor, product.currency), money(*unit_price_minor, product.currency));
            let by = if reason.is_some() { " by rule" } else { "" };
            Told::plain(format!("Changed the price of {} from {former} to {price}{by}.", product.said)).with(
                "price",
                Some(former),
                price,
            )
        }
        ProductEvent::PriceChangeUndone { previous_minor, unit_price_minor, held_until } => {
            let (former, price) =
                (money(*previous_minor, product.currency), money(*unit_price_minor, product.currency));
            let until = held_until.format("%Y-%m-%d %H:%M UTC");
            Told::plain(format!(
                "Took back the change of the price of {} by rule, from {former} to {price}; no rule moves it until {until}.",
                product.said
            ))
            .with("price", Some(former), price)
        }
        ProductEvent::ProductDeactivated {} => Told::plain(format!("No longer offered {}.", product.said)),
        ProductEvent::ProductReactivated {} => Told::plain(format!("Offered {} again.", product.said)),
    }
}
