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
        ProductEvent::PriceChanged { previous_minor, unit_price_minor } => {
            let (former, price) =
                (money(*previous_minor, product.currency), money(*unit_price_minor, product.currency));
            Told::plain(format!("Changed the price of {} from {former} to {price}.", product.said)).with(
                "price",
                Some(former),
                price,
            )
        }
        ProductEvent::ProductDeactivated {} => Told::plain(format!("No longer offered {}.", product.said)),
        ProductEvent::ProductReactivated {} => Told::plain(format!("Offered {} again.", product.said)),
    }
}
