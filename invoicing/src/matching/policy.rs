//! What may differ without a person looking.

use std::collections::BTreeSet;

use rust_decimal::Decimal;

/// Tolerances; versioned, so that a decision can be explained later.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// Stands in every outcome.
    pub version: u32,
    /// A price counts as too high only above this, and above the next.
    pub unit_price_per_cent: Decimal,
    /// Effect on the line that a price must have to count, in minor units.
    pub unit_price_effect_min_minor: i64,
    /// How much more than received may be invoiced.
    pub quantity_per_cent: Decimal,
    /// How far what is weighed may be from what was ordered; never above what was received.
    pub catch_weight_per_cent: Decimal,
    /// Units that are weighed: KGM.
    pub catch_weight_units: BTreeSet<String>,
    /// The most that roundings of the document may come to, in minor units.
    pub rounding_max_minor: i64,
    /// The most that charges nobody agreed to may come to, in minor units.
    pub unplanned_charge_max_minor: i64,
    /// Whether goods must have been received.
    pub receipts: Receipts,
    /// Below this, in thousandths, a value read from a page is doubted.
    pub confidence_min: u16,
}

/// Three-way or two-way matching.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receipts {
    /// Only what was received may be invoiced.
    Required,
    /// What was ordered may be: services.
    NotNeeded,
}

impl Default for Policy {
    /// 2 % and 5 kr on prices, nothing on quantities, 10 % on weights, 1 kr on roundings.
    fn default() -> Self {
        Self {
            version: 1,
            unit_price_per_cent: Decimal::TWO,
            unit_price_effect_min_minor: 500,
            quantity_per_cent: Decimal::ZERO,
            catch_weight_per_cent: Decimal::TEN,
            catch_weight_units: BTreeSet::from(["KGM".to_owned()]),
            rounding_max_minor: 100,
            unplanned_charge_max_minor: 0,
            receipts: Receipts::Required,
            confidence_min: 600,
        }
    }
}

impl Policy {
    /// Whether goods in this unit are weighed at delivery.
    pub fn is_catch_weight(&self, unit: &str) -> bool {
        self.catch_weight_units.contains(unit)
    }
}
