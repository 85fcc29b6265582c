//! Invoices as the outside hears of them.

use chrono::{DateTime, NaiveDate, Utc};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::{
    invoice::{HoldReason, InvoiceStatus},
    order::Party,
    values::{InvoiceId, LineId, OrderId, RestaurantId, SupplierId},
};

/// Somebody sent an invoice; nothing of it has been read yet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InvoiceReceived {
    /// The invoice.
    pub invoice_id: InvoiceId,
    /// Who sells, where the sender said so.
    pub supplier_id: Option<SupplierId>,
    /// Who buys, where the sender said so.
    pub restaurant_id: Option<RestaurantId>,
    /// What it is for, where the sender said so.
    pub order_id: Option<OrderId>,
    /// Of the file, by its bytes.
    pub media_type: String,
    /// When.
    pub received_at: DateTime<Utc>,
}

/// An invoice waits for something, or for somebody.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InvoiceHeld {
    /// The invoice.
    pub invoice_id: InvoiceId,
    /// Who sells, as far as is known.
    pub supplier_id: Option<SupplierId>,
    /// Who buys, as far as is known.
    pub restaurant_id: Option<RestaurantId>,
    /// What it is for, as far as is known.
    pub order_id: Option<OrderId>,
    /// Where it stands because of it: `extracted` where a person has to look at it, `unmatched` where what it is
    /// compared with has not come.
    pub status: InvoiceStatus,
    /// Why; at least one.
    #[schemars(length(min = 1))]
    pub reasons: Vec<HoldReason>,
    /// When.
    pub held_at: DateTime<Utc>,
}

/// Which way the money goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DocumentKind {
    /// The buyer pays.
    Invoice,
    /// The buyer gets back; its amounts are positive and count against invoices.
    CreditNote,
}

/// How an invoice agrees with what was ordered and received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MatchStatus {
    /// To the öre as expected.
    Matched,
    /// What differs is inside the policy, or was accepted by a person.
    MatchedWithVariance,
}

/// VAT of one category and rate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InvoiceTax {
    /// UNTDID 5305: S, Z, E, AE, …; null where a page does not print it.
    pub tax_category: Option<String>,
    /// Hundredths of a per cent.
    pub tax_rate_basis_points: Option<i32>,
    /// What the rate applies to.
    pub taxable_cents: i64,
    /// The VAT.
    pub tax_cents: i64,
}

/// One account to pay to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InvoicePayment {
    /// UNTDID 4461: 30 is a transfer, 58 SEPA.
    pub means_code: Option<String>,
    /// IBAN, bankgiro, plusgiro or another account.
    pub account: Option<String>,
    /// BIC, or `SE:BANKGIRO`, `SE:PLUSGIRO`.
    pub branch: Option<String>,
    /// What the payer writes on the payment: the OCR number.
    pub reference: Option<String>,
}

/// A reduction or an addition of the whole document: freight, a discount.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InvoiceCharge {
    /// In the document's words.
    pub reason: Option<String>,
    /// Without VAT; below zero for a reduction.
    pub amount_cents: i64,
    /// UNTDID 5305.
    pub tax_category: Option<String>,
    /// Hundredths of a per cent.
    pub tax_rate_basis_points: Option<i32>,
}

/// One line of an invoice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InvoicedLine {
    /// Its number in the document.
    pub invoice_line: String,
    /// The line of the order that it answers to; null where it answers to none, or to several.
    pub order_line_id: Option<LineId>,
    /// The seller's number for what is sold.
    pub sku: Option<String>,
    /// What is sold.
    pub name: Option<String>,
    /// How much: a decimal as text, with as many places as the document has.
    #[schemars(schema_with = "decimal_schema")]
    pub qty: String,
    /// UN/ECE Recommendation 20 code of the unit.
    pub unit: Option<String>,
    /// Price without VAT of `price_qty` units, in whole units of the currency: a decimal as text, for prices have
    /// more places than amounts.
    #[schemars(schema_with = "decimal_schema")]
    pub unit_price: String,
    /// How many units the price is for: a decimal as text.
    #[schemars(schema_with = "decimal_schema")]
    pub price_qty: String,
    /// What the line adds to the document, without VAT.
    pub line_net_cents: i64,
    /// UNTDID 5305.
    pub tax_category: Option<String>,
    /// Hundredths of a per cent.
    pub tax_rate_basis_points: Option<i32>,
}

/// What a difference does to the decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum VarianceEffect {
    /// Inside the policy, or in the buyer's favour.
    Noted,
    /// Not known to be wrong; a person decides.
    Doubts,
    /// Wrong.
    Blocks,
}

/// One difference between an invoice and what was expected.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InvoiceVariance {
    /// Its class: `price_over`, `quantity_over_received`, `unplanned_charge`, …; more may come.
    #[schemars(regex(pattern = r"^[a-z_]+$"))]
    pub class: String,
    /// What it does to the decision.
    pub effect: VarianceEffect,
    /// The line's number in the document; null where the document is meant.
    pub invoice_line: Option<String>,
    /// The line of the order, where one is linked.
    pub order_line_id: Option<LineId>,
    /// What should be: a decimal, or a word.
    pub expected: Option<String>,
    /// What is.
    pub actual: Option<String>,
    /// What it comes to; above zero is at the buyer's cost.
    pub value_cents: i64,
}

/// A person's word that what differs is all right.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InvoiceAcceptance {
    /// For which side.
    pub by: Party,
    /// Why.
    pub reason: String,
}

/// An invoice may be paid: it agrees with what was ordered and received. It says all that booking it needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InvoiceMatched {
    /// The invoice.
    pub invoice_id: InvoiceId,
    /// What was ordered.
    pub order_id: OrderId,
    /// Who buys.
    pub restaurant_id: RestaurantId,
    /// Who sells.
    pub supplier_id: SupplierId,
    /// How it agrees.
    pub status: MatchStatus,
    /// Invoice or credit note; the amounts of both are positive.
    pub kind: DocumentKind,
    /// Its number in the seller's series.
    pub number: Option<String>,
    /// When it was issued.
    pub issue_date: Option<NaiveDate>,
    /// When it is to be paid.
    pub due_date: Option<NaiveDate>,
    /// The day that decides the VAT rate.
    pub tax_point_date: Option<NaiveDate>,
    /// The invoice that a credit note counts against.
    pub credited_invoice_id: Option<InvoiceId>,
    /// Numbers of the invoices that it credits or corrects, as it names them.
    pub preceding_numbers: Vec<String>,
    /// ISO 4217, of all amounts; null where the document names none: it is then the order's.
    #[schemars(regex(pattern = r"^[A-Z]{3}$"))]
    pub currency: Option<String>,
    /// Without VAT: the lines and the charges.
    pub net_cents: i64,
    /// VAT.
    pub tax_cents: i64,
    /// With VAT.
    pub total_cents: i64,
    /// Paid beforehand.
    pub prepaid_cents: i64,
    /// Rounding of the amount to pay.
    pub rounding_cents: i64,
    /// To pay: the total, without what was paid beforehand, rounded.
    pub payable_cents: i64,
    /// VAT, one per category and rate.
    pub taxes: Vec<InvoiceTax>,
    /// Where to pay to; one per account.
    pub payments: Vec<InvoicePayment>,
    /// Of the whole document.
    pub charges: Vec<InvoiceCharge>,
    /// In the document's order.
    pub lines: Vec<InvoicedLine>,
    /// Everything that differs, in the order of the lines, the document last.
    pub variances: Vec<InvoiceVariance>,
    /// Who let pass what differs, and why; null where the policy did.
    pub accepted: Option<InvoiceAcceptance>,
    /// What the seller is answered, UNCL4343: `AP`, accepted.
    pub response_code: String,
    /// Why, Peppol's `OPStatusReason`: `PRI`, `QTY`, `ITM`, …; ascending, none twice.
    pub reason_codes: Vec<String>,
    /// The version of the policy that decided.
    pub policy_version: u32,
    /// When.
    pub matched_at: DateTime<Utc>,
}

/// Something is wrong with an invoice, and its seller is asked about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InvoiceDisputed {
    /// The invoice.
    pub invoice_id: InvoiceId,
    /// What was ordered.
    pub order_id: OrderId,
    /// Who buys.
    pub restaurant_id: RestaurantId,
    /// Who sells.
    pub supplier_id: SupplierId,
    /// Invoice or credit note; the amounts of both are positive.
    pub kind: DocumentKind,
    /// Its number in the seller's series.
    pub number: Option<String>,
    /// When it was issued.
    pub issue_date: Option<NaiveDate>,
    /// When it is to be paid.
    pub due_date: Option<NaiveDate>,
    /// ISO 4217, of all amounts; null where the document names none: it is then the order's.
    #[schemars(regex(pattern = r"^[A-Z]{3}$"))]
    pub currency: Option<String>,
    /// With VAT.
    pub total_cents: i64,
    /// To pay, if it were right.
    pub payable_cents: i64,
    /// The lines, as the document has them.
    pub lines: Vec<InvoicedLine>,
    /// Everything that differs, in the order of the lines, the document last; empty where nothing was compared.
    pub variances: Vec<InvoiceVariance>,
    /// The side whose person said so; null where the comparison did.
    pub by: Option<Party>,
    /// In that person's words.
    pub reason: Option<String>,
    /// Numbers of the lines that are meant; none for the whole.
    pub disputed_lines: Vec<String>,
    /// What the seller is answered, UNCL4343: `UQ`, under query.
    pub response_code: String,
    /// Why, Peppol's `OPStatusReason`: `PRI`, `QTY`, `ITM`, …; ascending, none twice.
    pub reason_codes: Vec<String>,
    /// The version of the policy that was compared by; null where nothing was compared.
    pub policy_version: Option<u32>,
    /// When.
    pub disputed_at: DateTime<Utc>,
}

/// Documents have more places than Iris counts.
fn decimal_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "pattern": r"^-?(0|[1-9][0-9]*)(\.[0-9]*[1-9])?$",
        "examples": ["2.125"],
    })
}
