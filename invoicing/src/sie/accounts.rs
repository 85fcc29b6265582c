//! Which accounts an invoice is booked on.

use rust_decimal::Decimal;

/// An account of the buyer's chart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Four digits in BAS.
    pub number: u32,
    /// What the chart calls it.
    pub name: String,
}

impl Account {
    /// The account of that number and name.
    pub fn new(number: u32, name: &str) -> Self {
        Self { number, name: name.to_owned() }
    }
}

/// The accounts that a supplier's invoice touches.
///
/// [`Default`] is BAS 2026.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accounts {
    /// Debited for what was bought.
    pub goods: Account,
    /// Debited in its place for goods of that VAT rate, in per cent, where the chart keeps rates apart.
    pub goods_by_rate: Vec<(Decimal, Account)>,
    /// Debited for the VAT, which the buyer gets back.
    pub input_vat: Account,
    /// Credited with what is owed.
    pub suppliers: Account,
    /// Takes öresavrundning, either way.
    pub rounding: Account,
}

impl Accounts {
    pub(super) fn goods_at(&self, vat_rate: Decimal) -> &Account {
        let own = self.goods_by_rate.iter().find(|(rate, _)| *rate == vat_rate);
        own.map_or(&self.goods, |(_, account)| account)
    }
}

impl Default for Accounts {
    /// # Source
    /// BAS-kontoplanen 2026: account classes 2, 3 and 4.
    fn default() -> Self {
        Self {
            goods: Account::new(4010, "Inköp av varor"),
            goods_by_rate: Vec::new(),
            input_vat: Account::new(2641, "Debiterad ingående moms"),
            suppliers: Account::new(2440, "Leverantörsskulder"),
            rounding: Account::new(3740, "Öres- och kronutjämning"),
        }
    }
}
