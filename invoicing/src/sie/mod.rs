//! Invoices as vouchers that an accounting program takes in: SIE 4.
//!
//! The format has two sorts of type 4. 4E is what an accounting program exports: its whole year, with
//! opening balances, the chart of accounts and the numbers it gave its vouchers. 4I is what another
//! program hands in to be booked, and holds vouchers alone. Iris keeps no ledger and knows no balances,
//! so it writes 4I: vouchers without numbers, which the accounting program gives them as it takes
//! them in. The file's name ends in `.si`.
//!
//! # Source
//! SIE-gruppen, SIE filformat, utgåva 4C: file type 4I; `#FLAGGA`, `#PROGRAM`, `#FORMAT`, `#GEN`,
//! `#SIETYP` and `#FNAMN` are obligatory; `#RAR` is not, since the voucher's date tells its year.

mod accounts;
mod text;
mod voucher;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::checksum;

pub use accounts::{Account, Accounts};
pub use voucher::{NetOfRate, SupplierInvoice, Unbalanced};

use text::{field, written};
use voucher::{Row, rows};

/// What one file holds: a company's invoices of a period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// Who owes: its books these are.
    pub company_name: String,
    /// Its organisation number; written where it is a Swedish one.
    pub org_number: Option<String>,
    /// ISO 4217; every amount is in it.
    pub currency: String,
    /// The day on which the file is made.
    pub generated_on: NaiveDate,
    /// The accounting program's series that the vouchers go to; empty lets it choose.
    pub series: String,
    /// Which accounts they are booked on.
    pub accounts: Accounts,
    /// One voucher each, in this order.
    pub invoices: Vec<SupplierInvoice>,
}

/// The file: code page 437, lines ending in CR LF.
///
/// The same export gives the same bytes. An invoice over nothing has no voucher; accounts are named
/// once, lowest first, and only those that are booked on.
///
/// # Errors
/// The first invoice whose parts do not come to what is to be paid: books must balance, so nothing is
/// written at all.
pub fn write(export: &Export) -> Result<Vec<u8>, Unbalanced> {
    let invoices = export.invoices.iter();
    let vouchers = invoices
        .map(|invoice| Ok((invoice, rows(invoice, &export.accounts)?)))
        .collect::<Result<Vec<_>, Unbalanced>>()?;
    let booked = || vouchers.iter().filter(|(_, rows)| !rows.is_empty());
    let mut lines = header(export);
    lines.extend(chart(booked().flat_map(|(_, rows)| rows)));
    for (invoice, rows) in booked() {
        lines.extend(voucher(&export.series, invoice, rows));
    }
    Ok(written(&lines))
}

fn header(export: &Export) -> Vec<String> {
    let mut lines = vec![
        "#FLAGGA 0".to_owned(),
        format!("#PROGRAM {} {}", field("Iris"), field(env!("CARGO_PKG_VERSION"))),
        "#FORMAT PC8".to_owned(),
        format!("#GEN {}", day(export.generated_on)),
        "#SIETYP 4".to_owned(),
    ];
    lines.extend(export.org_number.as_deref().and_then(org_number).map(|number| format!("#ORGNR {number}")));
    lines.push(format!("#FNAMN {}", field(&export.company_name)));
    // Without it a reader takes the chart for that of 1995; this is the one of BAS since 1997.
    lines.push("#KPTYP EUBAS97".to_owned());
    lines.push(format!("#VALUTA {}", field(&export.currency)));
    lines
}

/// The form that the format asks for, `nnnnnn-nnnn`; `None` for a number of another country.
fn org_number(number: &str) -> Option<String> {
    let digits = checksum::digits(number);
    let is_swedish = checksum::is_organisation_number(&digits);
    is_swedish.then(|| format!("{}-{}", &digits[..6], &digits[6..]))
}

fn chart<'a>(rows: impl Iterator<Item = &'a Row<'a>>) -> impl Iterator<Item = String> {
    let names: BTreeMap<u32, &str> =
        rows.map(|row| (row.account.number, row.account.name.as_str())).collect();
    names.into_iter().map(|(number, name)| format!("#KONTO {number} {}", field(name)))
}

fn voucher(series: &str, invoice: &SupplierInvoice, rows: &[Row<'_>]) -> Vec<String> {
    let head =
        format!("#VER {} \"\" {} {}", field(series), day(invoice.booked_on), field(&invoice.voucher_text()));
    let rows = rows.iter().map(|row| format!("#TRANS {} {{}} {}", row.account.number, row.amount()));
    [head, "{".to_owned()].into_iter().chain(rows).chain(["}".to_owned()]).collect()
}

fn day(date: NaiveDate) -> String {
    date.format("%Y%m%d").to_string()
}
