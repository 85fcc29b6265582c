//! The invoice of a delivered order: what was delivered, at the rates of the delivery day.

use chrono::{Days, NaiveDate};
use events::{
    order::{InvoiceParty, Order, OrderInvoice, OrderLine, OrderStatus, PaymentMethod},
    values::{Currency, LineId, OrderId, ProductId, Quantity, TaxRate, decimal, swedish_day, vat_of},
};
use invoicing::checksum;
use serde::Serialize;
use utoipa::ToSchema;

use super::{DocumentParty, Trade, per_cent};

/// Days that an invoice may be paid within; what is paid by card or cash is due at once.
const CREDIT: Days = Days::new(30);

/// An invoice (UNCL 1001 code 380), complete: nothing on it has to be looked up elsewhere.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct InvoiceDocument {
    /// UNCL 1001: commercial invoice.
    #[schema(example = "380")]
    pub type_code: &'static str,
    /// Its number in the seller's series.
    #[schema(example = 1042)]
    pub number: i64,
    /// The order that was delivered.
    pub order_id: OrderId,
    /// The tax point, a Swedish day.
    pub issue_date: NaiveDate,
    /// The day whose VAT rates hold.
    pub tax_point_date: NaiveDate,
    /// The Swedish day of the delivery.
    pub delivery_date: NaiveDate,
    /// Pay by then.
    pub due_date: NaiveDate,
    /// How it is to be paid.
    pub payment_method: PaymentMethod,
    /// What the payer writes on the payment: an OCR number of variable length, with its check digit.
    #[schema(example = "104265")]
    pub payment_reference: String,
    /// Where to pay to; empty where it is paid by card or cash, or the seller had named no account.
    pub pay_to: Vec<PayTo>,
    /// Of all amounts.
    pub currency: Currency,
    /// Who sold.
    pub seller: DocumentParty,
    /// Who bought.
    pub buyer: DocumentParty,
    /// What was delivered, in the order's order; what was not delivered at all is left out.
    pub lines: Vec<InvoiceLine>,
    /// One per rate, lowest rate first.
    pub vat: Vec<VatLine>,
    /// Sum of the lines, without VAT.
    pub net_cents: i64,
    /// VAT.
    pub tax_cents: i64,
    /// To be paid.
    pub total_cents: i64,
}

/// An account that an invoice may be paid to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PayTo {
    /// What sort of number it is.
    pub kind: PayToKind,
    /// The number, without spaces or hyphens.
    #[schema(example = "9991233")]
    pub account: String,
}

/// Sorts of account numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PayToKind {
    /// Bankgirot's.
    Bankgiro,
    /// Plusgirot's.
    Plusgiro,
    /// ISO 13616.
    Iban,
}

/// One delivered product.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct InvoiceLine {
    /// The order's line.
    pub line_id: LineId,
    /// The product.
    pub product_id: ProductId,
    /// The seller's number for it.
    pub sku: String,
    /// Its name when it was ordered.
    pub name: String,
    /// UN/ECE code of the unit.
    #[schema(example = "KGM")]
    pub unit: String,
    /// How much was delivered.
    #[serde(with = "decimal")]
    #[schema(value_type = String, example = "2.5")]
    pub qty: Quantity,
    /// Price of one unit without VAT.
    pub unit_price_cents: i64,
    /// Per cent.
    #[serde(serialize_with = "per_cent")]
    #[schema(value_type = f64, example = 6)]
    pub tax_rate: TaxRate,
    /// Price times quantity.
    pub net_cents: i64,
    /// This line's share of its rate's VAT.
    pub tax_cents: i64,
}

/// All lines of one rate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct VatLine {
    /// Per cent.
    #[serde(serialize_with = "per_cent")]
    #[schema(value_type = f64, example = 6)]
    pub tax_rate: TaxRate,
    /// Sum of the lines.
    pub net_cents: i64,
    /// VAT on it, rounded once.
    pub tax_cents: i64,
}

/// Why an order has no invoice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InvoiceRefusal {
    /// There is no delivery to invoice.
    NotDelivered {
        /// How far it has come.
        status: OrderStatus,
    },
    /// It was marked delivered with nothing in it.
    NothingDelivered,
    /// A fault of ours: the lines are not what was invoiced.
    Mismatch(InvoiceMismatch),
}

/// The lines of an order do not add up to the invoice that its history holds.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "order {order_id}: lines add up to {found_minor} (VAT {found_tax_minor}), invoiced is {total_minor} ({tax_minor})"
)]
pub struct InvoiceMismatch {
    order_id: OrderId,
    found_minor: i64,
    found_tax_minor: i64,
    total_minor: i64,
    tax_minor: i64,
}

impl InvoiceDocument {
    /// The invoice of that order.
    ///
    /// Its amounts are those that the delivery fixed, to the öre.
    pub fn of(trade: &Trade) -> Result<Self, InvoiceRefusal> {
        let order = &trade.order.state;
        let Some(delivered_at) = order.delivered_at else {
            return Err(InvoiceRefusal::NotDelivered { status: order.status });
        };
        let invoice = order.invoice.as_deref().ok_or(InvoiceRefusal::NothingDelivered)?;
        let lines: Vec<InvoiceLine> = order.lines.iter().filter_map(InvoiceLine::of).collect();
        let vat = reconciled(trade.order_id, &lines, invoice).map_err(InvoiceRefusal::Mismatch)?;
        Ok(Self {
            type_code: "380",
            number: invoice.number,
            order_id: trade.order_id,
            issue_date: invoice.issued_on,
            tax_point_date: invoice.issued_on,
            delivery_date: swedish_day(delivered_at),
            due_date: due_date(order, invoice.issued_on),
            payment_method: order.payment_method,
            payment_reference: checksum::ocr_reference(&invoice.number.to_string()),
            pay_to: pay_to(order.payment_method, &invoice.seller),
            currency: order.currency,
            seller: DocumentParty::invoiced(order.supplier_id.into(), &invoice.seller),
            buyer: DocumentParty::invoiced(order.restaurant_id.into(), &invoice.buyer),
            lines,
            vat,
            net_cents: invoice.total_minor - invoice.tax_minor,
            tax_cents: invoice.tax_minor,
            total_cents: invoice.total_minor,
        })
    }
}

impl InvoiceLine {
    fn of(line: &OrderLine) -> Option<Self> {
        let delivered = line.delivered.filter(|delivered| delivered.quantity.is_positive())?;
        Some(Self {
            line_id: line.ordered.line_id,
            product_id: line.ordered.product_id,
            sku: line.ordered.sku.clone(),
            name: line.ordered.name.clone(),
            unit: line.ordered.unit.clone(),
            qty: delivered.quantity,
            unit_price_cents: line.ordered.unit_price_minor,
            tax_rate: delivered.tax_rate,
            net_cents: delivered.net_minor,
            tax_cents: delivered.tax_minor,
        })
    }
}

/// The seller's accounts on the day of the invoice. An invoice that card or cash settles names none: it would
/// be paid twice.
fn pay_to(method: PaymentMethod, seller: &InvoiceParty) -> Vec<PayTo> {
    if method != PaymentMethod::Invoice {
        return Vec::new();
    }
    let accounts = [
        (PayToKind::Bankgiro, &seller.bankgiro),
        (PayToKind::Plusgiro, &seller.plusgiro),
        (PayToKind::Iban, &seller.iban),
    ];
    let named = |(kind, account): (PayToKind, &Option<String>)| {
        account.clone().map(|account| PayTo { kind, account })
    };
    accounts.into_iter().filter_map(named).collect()
}

fn due_date(order: &Order, issued_on: NaiveDate) -> NaiveDate {
    match order.payment_method {
        PaymentMethod::Invoice => issued_on.checked_add_days(CREDIT).unwrap_or(issued_on),
        PaymentMethod::Card | PaymentMethod::Cash => issued_on,
    }
}

/// The VAT groups, computed anew and compared with what was invoiced: a document that does not add up must
/// not leave the house.
fn reconciled(
    order_id: OrderId,
    lines: &[InvoiceLine],
    invoice: &OrderInvoice,
) -> Result<Vec<VatLine>, InvoiceMismatch> {
    let nets: Vec<(i64, TaxRate)> = lines.iter().map(|line| (line.net_cents, line.tax_rate)).collect();
    let vat = vat_of(&nets);
    let shares: i64 = lines.iter().map(|line| line.tax_cents).sum();
    let same = vat.total_minor() == invoice.total_minor && vat.tax_minor() == invoice.tax_minor;
    if !same || shares != invoice.tax_minor {
        return Err(InvoiceMismatch {
            order_id,
            found_minor: vat.total_minor(),
            found_tax_minor: shares,
            total_minor: invoice.total_minor,
            tax_minor: invoice.tax_minor,
        });
    }
    let groups = vat.groups.into_iter();
    Ok(groups
        .map(|group| VatLine { tax_rate: group.rate, net_cents: group.net_minor, tax_cents: group.tax_minor })
        .collect())
}
