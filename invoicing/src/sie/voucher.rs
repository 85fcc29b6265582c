//! One invoice as a voucher whose rows come to zero.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::{Account, Accounts};
use crate::invoice::Kind;

/// An invoice or credit note of a supplier, as it is booked.
///
/// Amounts are in minor units and as the document states them: those of a credit note are positive too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SupplierInvoice {
    /// Which way the money goes.
    pub kind: Kind,
    /// Its number in the supplier's series.
    pub number: String,
    /// Who is paid.
    pub supplier_name: String,
    /// The voucher's date; it decides the month and year that it is booked in.
    pub booked_on: NaiveDate,
    /// Without VAT, by rate.
    pub nets: Vec<NetOfRate>,
    /// VAT of all rates.
    pub vat_minor: i64,
    /// Öresavrundning: above zero where more is paid than the rest comes to.
    pub rounding_minor: i64,
    /// To be paid.
    pub payable_minor: i64,
}

/// What an invoice has of one VAT rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NetOfRate {
    /// In per cent.
    pub vat_rate: Decimal,
    /// Without VAT, in minor units.
    pub net_minor: i64,
}

/// An invoice whose parts do not come to what is to be paid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invoice {number} cannot be booked: its parts and what is to be paid differ by {difference_minor}")]
pub struct Unbalanced {
    /// Which invoice.
    pub number: String,
    /// Net, VAT and rounding less what is to be paid, in minor units.
    pub difference_minor: i128,
}

/// One row of a voucher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row<'a> {
    pub(super) account: &'a Account,
    /// Above zero is debit, below credit. Wider than an amount, so that no sum of amounts overflows.
    pub(super) minor: i128,
}

impl Row<'_> {
    /// In major units, with a point and exactly two decimals.
    pub(super) fn amount(&self) -> String {
        let sign = if self.minor < 0 { "-" } else { "" };
        let minor = self.minor.unsigned_abs();
        format!("{sign}{}.{:02}", minor / 100, minor % 100)
    }
}

impl SupplierInvoice {
    pub(super) fn voucher_text(&self) -> String {
        let word = match self.kind {
            Kind::Invoice => "Faktura",
            Kind::CreditNote => "Kreditfaktura",
        };
        format!("{word} {} {}", self.number, self.supplier_name)
    }
}

/// The rows of an invoice: one per account, none of them zero, and zero together.
pub(super) fn rows<'a>(
    invoice: &SupplierInvoice,
    accounts: &'a Accounts,
) -> Result<Vec<Row<'a>>, Unbalanced> {
    let sign = i128::from(invoice.kind.sign());
    let nets = invoice.nets.iter().map(|net| (accounts.goods_at(net.vat_rate), i128::from(net.net_minor)));
    let others = [
        (&accounts.input_vat, i128::from(invoice.vat_minor)),
        (&accounts.rounding, i128::from(invoice.rounding_minor)),
        (&accounts.suppliers, -i128::from(invoice.payable_minor)),
    ];
    let mut rows: Vec<Row<'a>> = Vec::new();
    for (account, minor) in nets.chain(others) {
        match rows.iter_mut().find(|row| row.account.number == account.number) {
            Some(row) => row.minor += sign * minor,
            None => rows.push(Row { account, minor: sign * minor }),
        }
    }
    let difference_minor = sign * rows.iter().map(|row| row.minor).sum::<i128>();
    if difference_minor != 0 {
        return Err(Unbalanced { number: invoice.number.clone(), difference_minor });
    }
    rows.retain(|row| row.minor != 0);
    Ok(rows)
}
