//! Products.

mod create;
mod deactivate;
mod revise;
mod upsert;

pub use create::CreateProduct;
pub use deactivate::DeactivateProduct;
pub use revise::{ProductPatch, ReviseProduct};
pub use upsert::{RowOutcome, UpsertProduct};

use events::{
    Folded,
    log::Claim,
    product::{Product, ProductDetails, ProductEvent},
    values::{Currency, ProductId, Quantity, SupplierId},
};

use super::{Decide, refusal::Refusal};
use crate::domain::{Stop, Unit};

/// What counts as low where a supplier says nothing.
pub const LOW_STOCK_DEFAULT: Quantity = Quantity::units(5);

/// What can be asked of a product.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each is documented at the event that it leads to")]
pub enum ProductCommand {
    Create {
        supplier_id: SupplierId,
        details: ProductDetails,
        unit_price_minor: i64,
        currency: Currency,
    },
    /// All of it as it is to be; only what differs happens.
    Revise {
        details: ProductDetails,
        unit_price_minor: i64,
        active: bool,
    },
    Deactivate,
}

impl Decide for Product {
    type Command = ProductCommand;

    fn decide(&self, command: ProductCommand) -> Result<Vec<ProductEvent>, Refusal> {
        Ok(match command {
            ProductCommand::Create { supplier_id, details, unit_price_minor, currency } => {
                vec![ProductEvent::ProductCreated { supplier_id, details, unit_price_minor, currency }]
            }
            ProductCommand::Revise { details, unit_price_minor, active } => {
                let mut events = Vec::new();
                if details != self.details {
                    events.push(ProductEvent::ProductDetailsRevised { details });
                }
                if unit_price_minor != self.unit_price_minor {
                    let previous_minor = self.unit_price_minor;
                    events.push(ProductEvent::PriceChanged { previous_minor, unit_price_minor });
                }
                if active != self.active {
                    let event = ProductEvent::ProductReactivated {};
                    events.push(if active { event } else { ProductEvent::ProductDeactivated {} });
                }
                events
            }
            ProductCommand::Deactivate if self.active => vec![ProductEvent::ProductDeactivated {}],
            ProductCommand::Deactivate => vec![],
        })
    }
}

/// Takes a SKU for a product; giving back the one it had, if any.
fn claim_sku(
    unit: &mut Unit<'_>,
    id: ProductId,
    supplier_id: SupplierId,
    sku: &str,
    had: Option<&Folded<Product>>,
) -> Result<(), Stop> {
    let claim = Claim::sku(supplier_id, sku);
    if let Some(holder) = unit.holder(&claim)?
        && holder != id.0
    {
        return Err(Refusal::SkuTaken { sku: sku.to_owned(), product_id: ProductId(holder) }.into());
    }
    if let Some(had) = had {
        let former = Claim::sku(supplier_id, &had.state.details.sku);
        if former != claim {
            unit.set_holder(former, None);
        }
    }
    unit.set_holder(claim, Some(id.0));
    Ok(())
}

#[cfg(test)]
mod tests {
    use cqrs_es::test::TestFramework;

    use super::*;
    use crate::domain::aggregate::AggregateOf;

    type Scenario = TestFramework<AggregateOf<Product>>;

    fn details(name: &str) -> ProductDetails {
        ProductDetails {
            name: name.to_owned(),
            sku: "T-1".to_owned(),
            unit: "KGM".to_owned(),
            ..Default::default()
        }
    }

    fn created() -> ProductEvent {
        ProductEvent::ProductCreated {
            supplier_id: SupplierId::default(),
            details: details("Tomater"),
            unit_price_minor: 2500,
            currency: Currency::SEK,
        }
    }

    #[test]
    fn revising_to_what_it_is_is_nothing_new() {
        let same =
            ProductCommand::Revise { details: details("Tomater"), unit_price_minor: 2500, active: true };
        Scenario::with(()).given(vec![created()]).when(same).then_expect_events(vec![]);
    }

    #[test]
    fn only_what_differs_happens() {
        let dearer =
            ProductCommand::Revise { details: details("Tomater"), unit_price_minor: 2600, active: false };
        Scenario::with(()).given(vec![created()]).when(dearer).then_expect_events(vec![
            ProductEvent::PriceChanged { previous_minor: 2500, unit_price_minor: 2600 },
            ProductEvent::ProductDeactivated {},
        ]);
    }

    #[test]
    fn deactivating_twice_records_nothing() {
        Scenario::with(())
            .given(vec![created(), ProductEvent::ProductDeactivated {}])
            .when(ProductCommand::Deactivate)
            .then_expect_events(vec![]);
    }
}
