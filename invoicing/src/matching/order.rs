//! What was ordered.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::rules::rates::{GoodsClass, swedish_rate};

/// An order as the seller was bound by it.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    /// As the invoice should refer to it.
    pub id: String,
    /// ISO 4217.
    pub currency: String,
    /// Who sells; `None` where the caller has settled that the invoice is this seller's.
    pub seller: Option<KnownSeller>,
    /// Unique by id.
    pub lines: Vec<OrderLine>,
    /// Freight, deposits and the like that were agreed.
    pub charges: Vec<PlannedCharge>,
}

/// What a seller is recognised by.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KnownSeller {
    /// Organisation number.
    pub legal_id: Option<String>,
    /// VAT number.
    pub vat_id: Option<String>,
    /// Accounts that a person has confirmed to be the seller's.
    pub accounts: Vec<String>,
}

/// One line of an order.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderLine {
    /// As the invoice may refer to it.
    pub id: String,
    /// The seller's article number.
    pub seller_item_id: Option<String>,
    /// The buyer's article number.
    pub buyer_item_id: Option<String>,
    /// GTIN of the product.
    pub gtin: Option<String>,
    /// Other article numbers that a person has confirmed for this product.
    pub aliases: Vec<String>,
    /// Name of the product.
    pub name: String,
    /// UN/ECE Rec 20.
    pub unit: String,
    /// Ordered, in thousandths of the unit.
    pub quantity_thousandths: i64,
    /// Price of `base_quantity` units, without VAT, in major units.
    pub unit_price: Decimal,
    /// How many units the price is for; above zero.
    pub base_quantity: Decimal,
    /// Agreed discount on the price.
    pub discount_per_cent: Decimal,
    /// What the rate should be.
    pub vat: ExpectedVat,
}

/// How the right VAT rate is found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ExpectedVat {
    /// This rate, in per cent.
    Rate(Decimal),
    /// The rate of this class on the invoice's tax point.
    Class(GoodsClass),
}

/// A charge that may be invoiced.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedCharge {
    /// In words, as invoices name it: "Frakt", "Pant".
    pub reason: String,
    /// The most it may come to, without VAT, in minor units.
    pub amount_max_minor: i64,
}

impl OrderLine {
    /// Agreed price of one unit after discount.
    pub fn effective_price(&self) -> Decimal {
        let paid = (Decimal::ONE_HUNDRED - self.discount_per_cent) / Decimal::ONE_HUNDRED;
        self.unit_price * paid / self.base_quantity
    }

    /// The rate that is right on `tax_point`; `None` when it depends on a day that is not known.
    pub fn vat_rate(&self, tax_point: Option<NaiveDate>) -> Option<Decimal> {
        match self.vat {
            ExpectedVat::Rate(rate) => Some(rate),
            ExpectedVat::Class(class) => Some(Decimal::from(swedish_rate(class, tax_point?))),
        }
    }
}
