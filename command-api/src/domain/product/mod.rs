//! Products.

mod apply_price;
mod create;
mod deactivate;
mod revise;
mod undo_price;
mod upsert;

pub use apply_price::ApplyPrice;
pub use create::CreateProduct;
pub use deactivate::DeactivateProduct;
pub use revise::{ProductPatch, ReviseProduct};
pub use undo_price::UndoPrice;
pub use upsert::{RowOutcome, UpsertProduct};

use chrono::{DateTime, Utc};
use events::{
    Folded,
    log::Claim,
    price_rule::PriceReason,
    product::{Product, ProductDetails, ProductEvent},
    values::{Currency, ProductId, Quantity, SupplierId},
};

use super::{Decide, refusal::Refusal};
use crate::domain::{Stop, Unit};

/// What counts as low where a supplier says nothing.
pub const LOW_STOCK_DEFAULT: Quantity = Quantity::units(5);

const NOTHING_TO_UNDO: Refusal =
    Refusal::InvalidTransition { what: "price", state: "the supplier's own", attempted: "undo" };

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
    /// All of it as it is to be; only what differs happens. A price that is stated is the supplier's own from then on.
    Revise {
        details: ProductDetails,
        unit_price_minor: Option<i64>,
        active: bool,
    },
    Deactivate,
    /// What rules make of its price.
    Price(Box<PriceReason>),
    UndoPrice {
        held_until: DateTime<Utc>,
    },
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
                if let Some(unit_price_minor) = unit_price_minor
                    && (unit_price_minor != self.unit_price_minor || self.is_moved_by_rule())
                {
                    let previous_minor = self.unit_price_minor;
                    events.push(ProductEvent::PriceChanged {
                        previous_minor,
                        unit_price_minor,
                        reason: None,
                    });
                }
                if active != self.active {
                    let event = ProductEvent::ProductReactivated {};
                    events.push(if active { event } else { ProductEvent::ProductDeactivated {} });
                }
                events
            }
            ProductCommand::Deactivate if self.active => vec![ProductEvent::ProductDeactivated {}],
            ProductCommand::Deactivate => vec![],
            ProductCommand::Price(reason) if reason.proposal.new_minor == self.unit_price_minor => vec![],
            ProductCommand::Price(reason) => vec![ProductEvent::PriceChanged {
                previous_minor: self.unit_price_minor,
                unit_price_minor: reason.proposal.new_minor,
                reason: Some(reason),
            }],
            ProductCommand::UndoPrice { held_until } => {
                let by_rule =
                    self.by_rule.as_ref().filter(|by_rule| by_rule.previous_minor != self.unit_price_minor);
                let unit_price_minor =
                    by_rule.map(|by_rule| by_rule.previous_minor).ok_or(NOTHING_TO_UNDO)?;
                let previous_minor = self.unit_price_minor;
                vec![ProductEvent::PriceChangeUndone { previous_minor, unit_price_minor, held_until }]
            }
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
    use events::product::PricedByRule;

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
        let same = ProductCommand::Revise {
            details: details("Tomater"),
            unit_price_minor: Some(2500),
            active: true,
        };
        Scenario::with(()).given(vec![created()]).when(same).then_expect_events(vec![]);
    }

    #[test]
    fn only_what_differs_happens() {
        let dearer = ProductCommand::Revise {
            details: details("Tomater"),
            unit_price_minor: Some(2600),
            active: false,
        };
        Scenario::with(()).given(vec![created()]).when(dearer).then_expect_events(vec![
            ProductEvent::PriceChanged { previous_minor: 2500, unit_price_minor: 2600, reason: None },
            ProductEvent::ProductDeactivated {},
        ]);
    }

    #[test]
    fn a_price_of_a_rule_that_the_supplier_states_is_its_own() {
        let by_rule = PricedByRule {
            base_minor: 2_500,
            previous_minor: 2_500,
            day_start_minor: 2_500,
            changed_at: DateTime::default(),
            held_until: None,
        };
        let mut product = Product {
            details: details("Tomater"),
            unit_price_minor: 2_250,
            active: true,
            by_rule: Some(by_rule),
            ..Product::default()
        };
        let revise = |unit_price_minor| ProductCommand::Revise {
            details: details("Tomater"),
            unit_price_minor,
            active: true,
        };
        assert_eq!(product.decide(revise(None)).unwrap(), []);
        let stated = product.decide(revise(Some(2_250))).unwrap();
        let event =
            ProductEvent::PriceChanged { previous_minor: 2_250, unit_price_minor: 2_250, reason: None };
        assert_eq!(stated, std::slice::from_ref(&event));
        events::Fold::apply(&mut product, &event);
        assert_eq!(product.standing(chrono::NaiveDate::default()).base_minor, 2_250);
        assert_eq!(product.decide(revise(Some(2_250))).unwrap(), [], "it is its own already");
    }

    #[test]
    fn deactivating_twice_records_nothing() {
        Scenario::with(())
            .given(vec![created(), ProductEvent::ProductDeactivated {}])
            .when(ProductCommand::Deactivate)
            .then_expect_events(vec![]);
    }
}
