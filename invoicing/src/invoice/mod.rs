//! An invoice or credit note as read, whatever it was read from.
//!
//! Amounts are integers in minor units. Quantities and unit prices are exact decimals: documents carry
//! up to five decimals where Iris itself counts thousandths and whole minor units.

mod field;
mod line;
mod party;
mod totals;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use field::{Area, Evidence, Field, Source, Text};
pub use line::{AllowanceCharge, Effect, Line};
pub use party::{Party, Payment};
pub use totals::{Totals, VatRow};

/// Which way the money goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = InvoiceKind)]
pub enum Kind {
    /// The buyer pays.
    #[default]
    Invoice,
    /// The buyer gets back; its amounts are positive and count against invoices.
    CreditNote,
}

impl Kind {
    /// +1 for an invoice, −1 for a credit note.
    pub fn sign(self) -> i64 {
        match self {
            Self::Invoice => 1,
            Self::CreditNote => -1,
        }
    }
}

/// The language of a structured invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
#[schema(as = InvoiceSyntax)]
pub enum Syntax {
    /// OASIS UBL 2.1.
    Ubl,
    /// UN/CEFACT Cross Industry Invoice D16B.
    Cii,
}

/// One invoice or credit note.
///
/// What was not in the document is absent, never a default. `BT-n` names the business term of EN 16931.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = InvoiceContent)]
pub struct Invoice {
    /// Invoice or credit note.
    pub kind: Kind,
    /// `None` for what was read from a page.
    pub syntax: Option<Syntax>,
    /// The specification it follows (BT-24).
    pub customization: Option<Field<String>>,
    /// Its number (BT-1).
    pub number: Option<Field<String>>,
    /// UNTDID 1001 code (BT-3): 380 invoice, 381 credit note, 384 corrective.
    pub type_code: Option<Field<String>>,
    /// When it was issued (BT-2).
    pub issue_date: Option<Field<NaiveDate>>,
    /// When it is to be paid (BT-9).
    pub due_date: Option<Field<NaiveDate>>,
    /// When the VAT falls due (BT-7).
    pub tax_point_date: Option<Field<NaiveDate>>,
    /// When the goods came (BT-72).
    pub delivery_date: Option<Field<NaiveDate>>,
    /// ISO 4217 (BT-5).
    pub currency: Option<Field<String>>,
    /// The currency that VAT is accounted in, if another (BT-6).
    pub tax_currency: Option<Field<String>>,
    /// What it refers to.
    pub references: References,
    /// Who sells.
    pub seller: Party,
    /// Who buys.
    pub buyer: Party,
    /// Who is paid, if not the seller (BT-59).
    pub payee: Option<Field<String>>,
    /// Where to pay to; one per account.
    pub payments: Vec<Payment>,
    /// Of the whole document (BG-20, BG-21), allowances first.
    pub allowances_charges: Vec<AllowanceCharge>,
    /// One per VAT category and rate (BG-23).
    pub vat: Vec<VatRow>,
    /// In the document's order (BG-25).
    pub lines: Vec<Line>,
    /// Sums of the document (BG-22).
    pub totals: Totals,
    /// Names of the files it carries; they are kept, not opened.
    pub attachments: Vec<String>,
}

/// What an invoice refers to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = InvoiceReferences)]
pub struct References {
    /// The buyer's own word for it (BT-10).
    pub buyer: Option<Field<String>>,
    /// The buyer's order (BT-13).
    pub order: Option<Field<String>>,
    /// The seller's order (BT-14).
    pub sales_order: Option<Field<String>>,
    /// The despatch advice or delivery note (BT-16).
    pub despatch: Option<Field<String>>,
    /// The receipt (BT-15).
    pub receipt: Option<Field<String>>,
    /// The invoices that this one corrects or credits (BT-25).
    pub preceding: Vec<Field<String>>,
}

impl Invoice {
    /// The day that decides the VAT rate: the delivery, else the stated tax point, else the issue.
    ///
    /// # Source
    /// Mervärdesskattelag (2023:200), 7 kap. 5 §: the rate in force when the goods were delivered.
    pub fn tax_point(&self) -> Option<NaiveDate> {
        [&self.delivery_date, &self.tax_point_date, &self.issue_date]
            .into_iter()
            .find_map(|date| date.as_ref().map(|date| date.value))
    }

    /// Sum of the lines' net, with no document allowance or charge.
    ///
    /// `None` when it does not fit.
    pub fn lines_net_minor(&self) -> Option<i64> {
        self.lines.iter().try_fold(0_i64, |sum, line| sum.checked_add(line.net_minor.value))
    }
}
