//! Invoices and receipts: pure, from an order and its two sides to a document, and its forms.
//!
//! Trade words follow UBL: the supplier is the seller, the restaurant the buyer.

mod invoice;
mod party;
mod pdf;
mod peppol;
mod receipt;

pub use invoice::{InvoiceDocument, InvoiceLine, InvoiceMismatch, InvoiceRefusal, PayTo, PayToKind, VatLine};
pub use party::DocumentParty;
pub use pdf::{PdfFault, invoice_pdf, receipt_pdf};
pub(crate) use pdf::{amount, quantity};
pub use peppol::{Lacking, XmlFault, peppol_xml};
pub use receipt::{Claim, ReceiptDocument, ReceiptLine};

use events::{
    fold::Folded,
    order::Order,
    restaurant::Restaurant,
    supplier::Supplier,
    values::{OrderId, TaxRate},
};
use serde::Serializer;

/// An order and its two sides.
#[derive(Clone, Debug)]
pub struct Trade {
    /// Which order.
    pub order_id: OrderId,
    /// What was ordered, and what became of it.
    pub order: Folded<Order>,
    /// The seller as it now is.
    pub supplier: Supplier,
    /// The buyer as it now is.
    pub restaurant: Restaurant,
}

/// A rate as per cent: a number, whole where it is whole; as resources show it.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's shape")]
fn per_cent<S: Serializer>(rate: &TaxRate, to: S) -> Result<S::Ok, S::Error> {
    let basis_points = rate.basis_points();
    if basis_points % 100 == 0 {
        to.serialize_i32(basis_points / 100)
    } else {
        // For display only: hundredths of a per cent are exact in a double's shortest form.
        to.serialize_f64(f64::from(basis_points) / 100.0)
    }
}
