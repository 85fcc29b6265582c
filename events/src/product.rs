//! Products: trade items of one supplier.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    envelope::StreamKind,
    fold::Fold,
    price_rule::PriceReason,
    values::{Currency, Gtin, Quantity, SupplierId, Tax, swedish_day},
};

/// What a product is; revised as a whole. Its price has events of its own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ProductDetails {
    /// What it is called.
    pub name: String,
    /// The supplier's number for it; unique among the supplier's products, inactive ones included.
    pub sku: String,
    /// UN/ECE Recommendation 20 code of the unit that it is sold by: `KGM`, `LTR`, `H87`, `XCT`.
    pub unit: String,
    /// Its barcode number.
    pub gtin: Option<Gtin>,
    /// More about it.
    pub description: Option<String>,
    /// How it is taxed.
    pub tax: Tax,
    /// At or below this much available it counts as low.
    pub low_stock_at: Quantity,
    /// What kind of goods it is, in the supplier's own word: rules of prices and pools of forecasts go by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// Days that it keeps from its delivery on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shelf_life_days: Option<u16>,
    /// What a pack of it holds: suggestions are whole packs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pack: Option<Quantity>,
}

/// What happens to a product.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ProductEvent {
    /// It is offered.
    ProductCreated {
        /// Whose it is.
        supplier_id: SupplierId,
        /// What it is.
        details: ProductDetails,
        /// Price of one unit without VAT, minor units.
        unit_price_minor: i64,
        /// Currency of the price: the supplier's.
        currency: Currency,
    },
    /// It is described otherwise.
    ProductDetailsRevised {
        /// All of it, as it now is.
        details: ProductDetails,
    },
    /// It costs something else. Open carts keep the price that they were promised.
    PriceChanged {
        /// Before, minor units.
        previous_minor: i64,
        /// From now on, minor units.
        unit_price_minor: i64,
        /// Why, where rules moved it; absent where the supplier itself did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Box<PriceReason>>,
    },
    /// It costs again what it did before a rule last moved it, and rules leave it alone for a while.
    PriceChangeUndone {
        /// Before, minor units.
        previous_minor: i64,
        /// From now on, minor units.
        unit_price_minor: i64,
        /// Until when no rule moves it.
        held_until: DateTime<Utc>,
    },
    /// It is no longer offered.
    ProductDeactivated {},
    /// It is offered again.
    ProductReactivated {},
}

/// A product as its events leave it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Product {
    /// Whose it is.
    pub supplier_id: SupplierId,
    /// What it is.
    pub details: ProductDetails,
    /// Price of one unit without VAT, minor units.
    pub unit_price_minor: i64,
    /// Currency of the price.
    pub currency: Currency,
    /// Offered.
    pub active: bool,
    /// What rules made of its price since the supplier last set it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_rule: Option<PricedByRule>,
}

/// What rules made of a price since the supplier last set it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PricedByRule {
    /// What the supplier itself asked.
    pub base_minor: i64,
    /// What it cost before the last change.
    pub previous_minor: i64,
    /// What it cost when the day of the last change began, or when the supplier set it since.
    pub day_start_minor: i64,
    /// The hour of which the last change is; no hour is priced twice.
    pub changed_at: DateTime<Utc>,
    /// Until when rules leave it alone.
    pub held_until: Option<DateTime<Utc>>,
}

impl Product {
    /// Rules made another price of it than the supplier asked.
    pub fn is_moved_by_rule(&self) -> bool {
        self.by_rule.as_ref().is_some_and(|by_rule| by_rule.base_minor != self.unit_price_minor)
    }

    /// How its price stands on that Swedish day, for rules to go by.
    pub fn standing(&self, today: NaiveDate) -> pricing::Standing {
        let current_minor = self.unit_price_minor;
        let Some(by_rule) = &self.by_rule else {
            let (base_minor, day_start_minor) = (current_minor, current_minor);
            return pricing::Standing { base_minor, current_minor, day_start_minor, ..Default::default() };
        };
        let is_todays = swedish_day(by_rule.changed_at) == today;
        pricing::Standing {
            base_minor: by_rule.base_minor,
            current_minor,
            day_start_minor: if is_todays { by_rule.day_start_minor } else { current_minor },
            changed_at: Some(by_rule.changed_at),
            held_until: by_rule.held_until,
        }
    }
}

impl Fold for Product {
    type Event = ProductEvent;
    const KIND: StreamKind = StreamKind::Product;
    /// 2: what rules made of the price.
    const STATE_VERSION: i32 = 2;

    fn apply(&mut self, event: &ProductEvent) {
        match event {
            ProductEvent::ProductCreated { supplier_id, details, unit_price_minor, currency } => {
                self.supplier_id = *supplier_id;
                self.details = details.clone();
                self.unit_price_minor = *unit_price_minor;
                self.currency = *currency;
                self.active = true;
            }
            ProductEvent::ProductDetailsRevised { details } => self.details = details.clone(),
            // The supplier's own word ends what rules had made of it, and not that they are to leave it alone.
            ProductEvent::PriceChanged { unit_price_minor, reason: None, .. } => {
                self.unit_price_minor = *unit_price_minor;
                let held = self.by_rule.take().filter(|by_rule| by_rule.held_until.is_some());
                self.by_rule = held.map(|by_rule| PricedByRule {
                    base_minor: *unit_price_minor,
                    previous_minor: *unit_price_minor,
                    day_start_minor: *unit_price_minor,
                    ..by_rule
                });
            }
            ProductEvent::PriceChanged { previous_minor, unit_price_minor, reason: Some(reason) } => {
                self.unit_price_minor = *unit_price_minor;
                let standing = &reason.inputs.standing;
                self.by_rule = Some(PricedByRule {
                    base_minor: standing.base_minor,
                    previous_minor: *previous_minor,
                    day_start_minor: standing.day_start_minor,
                    changed_at: reason.at,
                    // None moves a price that is held: it is over.
                    held_until: None,
                });
            }
            ProductEvent::PriceChangeUndone { unit_price_minor, held_until, .. } => {
                self.unit_price_minor = *unit_price_minor;
                if let Some(by_rule) = &mut self.by_rule {
                    by_rule.previous_minor = *unit_price_minor;
                    by_rule.held_until = Some(*held_until);
                }
            }
            ProductEvent::ProductDeactivated {} => self.active = false,
            ProductEvent::ProductReactivated {} => self.active = true,
        }
    }
}

impl cqrs_es::DomainEvent for ProductEvent {
    fn event_type(&self) -> String {
        match self {
            Self::ProductCreated { .. } => "ProductCreated",
            Self::ProductDetailsRevised { .. } => "ProductDetailsRevised",
            Self::PriceChanged { .. } => "PriceChanged",
            Self::PriceChangeUndone { .. } => "PriceChangeUndone",
            Self::ProductDeactivated {} => "ProductDeactivated",
            Self::ProductReactivated {} => "ProductReactivated",
        }
        .to_owned()
    }

    fn event_version(&self) -> String {
        "1".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hour(hour: u32) -> DateTime<Utc> {
        format!("2026-11-20T{hour:02}:00:00Z").parse().expect("a time")
    }

    #[test]
    fn a_price_of_the_suppliers_own_does_not_end_a_hold() {
        let by_rule = PricedByRule {
            base_minor: 2_500,
            previous_minor: 2_500,
            day_start_minor: 2_500,
            changed_at: hour(1),
            held_until: None,
        };
        let mut product = Product { unit_price_minor: 2_250, by_rule: Some(by_rule), ..Product::default() };
        product.apply(&ProductEvent::PriceChangeUndone {
            previous_minor: 2_250,
            unit_price_minor: 2_500,
            held_until: hour(23),
        });
        product.apply(&ProductEvent::PriceChanged {
            previous_minor: 2_500,
            unit_price_minor: 2_700,
            reason: None,
        });
        let standing = product.standing(swedish_day(hour(1)));
        assert_eq!(standing.held_until, Some(hour(23)));
        let prices = (standing.base_minor, standing.current_minor, standing.day_start_minor);
        assert_eq!(prices, (2_700, 2_700, 2_700));
    }
}
