//! Lines, allowances and charges.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Field;
use crate::money;

/// One line (BG-25).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = InvoiceDocumentLine)]
pub struct Line {
    /// Its id in the document (BT-126); on a page its place, from 1.
    pub id: String,
    /// What is sold (BT-153).
    pub name: Option<Field<String>>,
    /// More about it (BT-154).
    pub description: Option<Field<String>>,
    /// The seller's article number (BT-155).
    pub seller_item_id: Option<Field<String>>,
    /// The buyer's article number (BT-156).
    pub buyer_item_id: Option<Field<String>>,
    /// The GTIN, usually (BT-157).
    pub standard_item_id: Option<Field<String>>,
    /// ISO 6523 code of the number before: 0160 is GTIN.
    pub standard_item_scheme: Option<String>,
    /// How much (BT-129).
    #[schema(value_type = Field<String>)]
    pub quantity: Field<Decimal>,
    /// UN/ECE Rec 20 (BT-130).
    pub unit: Option<Field<String>>,
    /// Price of `base_quantity` units, without VAT, in major units (BT-146).
    #[schema(value_type = Field<String>)]
    pub net_price: Field<Decimal>,
    /// How many units the price is for; absent is one (BT-149).
    #[schema(value_type = Option<Field<String>>)]
    pub base_quantity: Option<Field<Decimal>>,
    /// Of this line only (BG-27, BG-28).
    pub allowances_charges: Vec<AllowanceCharge>,
    /// What the line adds to the document, without VAT, in minor units (BT-131).
    pub net_minor: Field<i64>,
    /// UNTDID 5305: S, Z, E, AE, K, G, O (BT-151).
    pub vat_category: Option<Field<String>>,
    /// In per cent (BT-152).
    #[schema(value_type = Option<Field<String>>)]
    pub vat_rate: Option<Field<Decimal>>,
    /// The order line it answers to (BT-132).
    pub order_line_reference: Option<Field<String>>,
}

impl Line {
    /// What the line's own numbers come to, in minor units.
    ///
    /// Product and allowances are rounded each by itself. `None` when the base quantity is not above
    /// zero, which would be a division by zero, or when a number does not fit.
    ///
    /// # Source
    /// PEPPOL-EN16931-R120 and R121.
    pub fn computed_net_minor(&self) -> Option<i64> {
        let base = self.base_quantity.as_ref().map_or(Decimal::ONE, |base| base.value);
        if base <= Decimal::ZERO {
            return None;
        }
        let product = self.quantity.value.checked_mul(self.net_price.value)?.checked_div(base)?;
        self.allowances_charges
            .iter()
            .try_fold(money::minor(product)?, |sum, change| sum.checked_add(change.signed_minor()?))
    }
}

/// A reduction or an addition, of a line or of the document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AllowanceCharge {
    /// Whether it is added or taken off.
    pub effect: Effect,
    /// Never signed by `effect`; in minor units.
    pub amount_minor: Field<i64>,
    /// What a percentage is of, in minor units.
    pub base_minor: Option<i64>,
    /// The percentage, if it was one.
    #[schema(value_type = Option<String>)]
    pub percent: Option<Decimal>,
    /// Why, in the document's words.
    pub reason: Option<Field<String>>,
    /// UNCL 5189 (allowances) or 7161 (charges): FC is freight.
    pub reason_code: Option<String>,
    /// UNTDID 5305; document level only.
    pub vat_category: Option<String>,
    /// In per cent; document level only.
    #[schema(value_type = Option<String>)]
    pub vat_rate: Option<Decimal>,
}

/// Which way an allowance or charge goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AllowanceOrCharge)]
pub enum Effect {
    /// Taken off.
    Allowance,
    /// Added.
    Charge,
}

impl AllowanceCharge {
    /// Above zero for a charge, below for an allowance; `None` when it does not fit.
    pub fn signed_minor(&self) -> Option<i64> {
        match self.effect {
            Effect::Charge => Some(self.amount_minor.value),
            Effect::Allowance => self.amount_minor.value.checked_neg(),
        }
    }
}
