//! An invoice as JSON: what a client says that it says.

use chrono::NaiveDate;
use deserr::Deserr;
use events::{
    invoice::Stated,
    values::{Currency, OrderId, RestaurantId, SupplierId},
};
use invoicing::invoice::Kind;
use platform::body::Faults;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::fields::{
    Barcode, Between, Choice, Exact, Given, Line, List, Name, RegisterNumber, Sku, TaxPercent, UnitCode,
};

/// Beyond any invoice; the sums of all lines still fit.
const AMOUNT_MAX: i64 = 1_000_000_000_000;
/// More than any food invoice has.
pub(crate) const LINES_MAX: usize = 5_000;
const CHARGES_MAX: usize = 100;

/// An amount in minor units of the document's currency.
pub(super) type Amount = Between<{ -AMOUNT_MAX }, AMOUNT_MAX>;
/// A number that a document gives itself or something else.
pub(super) type Number = Line<1, 100>;

/// An invoice or credit note, structured. Amounts are in minor units, quantities and prices decimals.
///
/// What can be computed may be left out; the totals must be given: they are the claim that is checked.
#[derive(Debug, Clone, Deserr, Serialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({
    "kind": "invoice", "number": "F-2026-1001", "issue_date": "2026-11-20", "due_date": "2026-12-20",
    "delivery_date": "2026-11-19", "currency": "SEK", "order_id": "01939f2e-7a10-7c3e-9b1a-2f6d5c4b3a27",
    "payment": {"bankgiro": "5050-1055", "reference": "100101"},
    "seller": {"name": "Grönt & Gott AB", "org_number": "551000-0001", "vat_number": "SE551000000101"},
    "lines": [{"sku": "T-1", "name": "Tomat, kvist", "quantity": "2.5", "unit": "KGM", "unit_price": "29.90",
        "net_cents": 7475, "tax_rate": "6"}],
    "charges": [{"reason": "Frakt", "amount_cents": 10000, "tax_rate": "25"}],
    "totals": {"net_cents": 17475, "tax_cents": 2949, "payable_cents": 20424}
}))]
pub(crate) struct InvoiceInput {
    /// Invoice or credit note; a credit note's amounts are positive and count against invoices.
    #[deserr(default)]
    #[schema(value_type = Kind, required = false)]
    pub(super) kind: Given<Choice<Kind>>,
    /// The seller's number for it.
    pub(super) number: Number,
    /// When it was issued.
    pub(super) issue_date: NaiveDate,
    /// When it is to be paid.
    #[deserr(default)]
    pub(super) due_date: Option<NaiveDate>,
    /// When the goods came; it decides the VAT rates.
    #[deserr(default)]
    pub(super) delivery_date: Option<NaiveDate>,
    /// Of all amounts.
    #[schema(value_type = Currency)]
    pub(super) currency: Choice<Currency>,
    /// The order that it is for.
    #[deserr(default)]
    pub(super) order_id: Option<Uuid>,
    /// Who sells, where the sender knows.
    #[deserr(default)]
    pub(super) supplier_id: Option<Uuid>,
    /// Who buys, where the sender knows.
    #[deserr(default)]
    pub(super) restaurant_id: Option<Uuid>,
    /// Of a credit note: the number of the invoice that it credits.
    #[deserr(default)]
    pub(super) credited_invoice_number: Option<Number>,
    /// Where the money goes.
    #[deserr(default)]
    pub(super) payment: Option<PaymentInput>,
    /// Who sells.
    pub(super) seller: PartyInput,
    /// What is sold; at least one line.
    #[schema(value_type = Vec<LineInput>, min_items = 1, max_items = 5000)]
    pub(super) lines: List<LineInput, LINES_MAX>,
    /// Of the whole document, as freight is; below zero for a discount.
    #[deserr(default)]
    #[schema(value_type = Vec<ChargeInput>, required = false, max_items = 100)]
    pub(super) charges: List<ChargeInput, CHARGES_MAX>,
    /// Rounding of the amount to pay, öresavrundning.
    #[deserr(default)]
    #[schema(value_type = Option<i64>, minimum = -1_000_000_000_000i64, maximum = 1_000_000_000_000i64)]
    pub(super) rounding_cents: Option<Amount>,
    /// The sums as the document states them.
    pub(super) totals: TotalsInput,
}

/// Where the money goes; one of the three, mostly.
#[derive(Debug, Clone, Default, Deserr, Serialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
pub(crate) struct PaymentInput {
    /// A bankgiro number.
    #[deserr(default)]
    pub(super) bankgiro: Option<Line<1, 20>>,
    /// A plusgiro number.
    #[deserr(default)]
    pub(super) plusgiro: Option<Line<1, 20>>,
    /// An IBAN.
    #[deserr(default)]
    pub(super) iban: Option<Line<1, 42>>,
    /// What the payer writes on the payment: the OCR number.
    #[deserr(default)]
    pub(super) reference: Option<Number>,
}

/// Who sells.
#[derive(Debug, Clone, Deserr, Serialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
pub(crate) struct PartyInput {
    /// Its name.
    pub(super) name: Name,
    /// Its number in the register of companies.
    #[deserr(default)]
    pub(super) org_number: Option<RegisterNumber>,
    /// Its VAT number.
    #[deserr(default)]
    pub(super) vat_number: Option<RegisterNumber>,
}

/// One line.
#[derive(Debug, Clone, Deserr, Serialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
pub(crate) struct LineInput {
    /// Its id in the document, each once; its place, from 1, unless given.
    #[deserr(default)]
    pub(super) id: Option<Line<1, 64>>,
    /// The order's line that it answers to.
    #[deserr(default)]
    pub(super) line_id: Option<Uuid>,
    /// The seller's article number.
    #[deserr(default)]
    pub(super) sku: Option<Sku>,
    /// The GTIN.
    #[deserr(default)]
    #[schema(value_type = Option<String>, pattern = r"^[^\x00]*$")]
    pub(super) gtin: Option<Barcode>,
    /// What is sold.
    pub(super) name: Name,
    /// How much.
    pub(super) quantity: Exact,
    /// UN/ECE code of the unit.
    pub(super) unit: UnitCode,
    /// Price of one unit without VAT, in major units.
    pub(super) unit_price: Exact,
    /// Without VAT; quantity times price less the discount, unless given.
    #[deserr(default)]
    #[schema(value_type = Option<i64>, minimum = -1_000_000_000_000i64, maximum = 1_000_000_000_000i64)]
    pub(super) net_cents: Option<Amount>,
    /// VAT, in per cent.
    pub(super) tax_rate: TaxPercent,
    /// Taken off this line.
    #[deserr(default)]
    #[schema(value_type = Option<i64>, minimum = -1_000_000_000_000i64, maximum = 1_000_000_000_000i64)]
    pub(super) discount_cents: Option<Amount>,
}

/// A charge or, below zero, a discount of the whole document.
#[derive(Debug, Clone, Deserr, Serialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
pub(crate) struct ChargeInput {
    /// What for.
    pub(super) reason: Name,
    /// Without VAT.
    #[schema(value_type = i64, minimum = -1_000_000_000_000i64, maximum = 1_000_000_000_000i64)]
    pub(super) amount_cents: Amount,
    /// VAT, in per cent.
    pub(super) tax_rate: TaxPercent,
}

/// The sums as the document states them.
#[derive(Debug, Clone, Copy, Deserr, Serialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "clients read the unit in the name")]
pub(crate) struct TotalsInput {
    /// Without VAT.
    #[schema(value_type = i64, minimum = -1_000_000_000_000i64, maximum = 1_000_000_000_000i64)]
    pub(super) net_cents: Amount,
    /// VAT.
    #[schema(value_type = i64, minimum = -1_000_000_000_000i64, maximum = 1_000_000_000_000i64)]
    pub(super) tax_cents: Amount,
    /// To pay.
    #[schema(value_type = i64, minimum = -1_000_000_000_000i64, maximum = 1_000_000_000_000i64)]
    pub(super) payable_cents: Amount,
}

impl InvoiceInput {
    /// What the sender says of it beside the document.
    pub(super) fn stated(&self) -> Stated {
        Stated {
            supplier_id: self.supplier_id.map(SupplierId),
            restaurant_id: self.restaurant_id.map(RestaurantId),
            order_id: self.order_id.map(OrderId),
        }
    }
}
