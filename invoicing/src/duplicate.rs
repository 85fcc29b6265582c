//! Whether an invoice has come before.

use chrono::NaiveDate;
use sha2::{Digest, Sha256};

use crate::invoice::Invoice;

/// What an invoice is recognised by later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// SHA-256 of the bytes.
    pub bytes: [u8; 32],
    /// Who sells: VAT number, organisation number or name, letters and digits only.
    pub seller: String,
    /// The number with letters in upper case, O as 0, without separators and leading zeros.
    pub number: String,
    /// When it was issued.
    pub issued: Option<NaiveDate>,
    /// What is to be paid, in minor units, credit notes below zero.
    pub payable_minor: i64,
    /// The order referred to, folded like the number.
    pub order: String,
    /// Article, thousandths and net of each line, sorted.
    pub lines: Vec<(String, String, i64)>,
}

/// How sure it is. A candidate is held, never refused: the seller may have a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Duplicate {
    /// Much is the same, and the number nearly.
    Probable,
    /// The same seller, number and sum.
    Certain,
    /// The same bytes.
    SameBytes,
}

impl Fingerprint {
    /// Of an invoice and the bytes it came in.
    pub fn of(invoice: &Invoice, bytes: &[u8]) -> Self {
        let fold = |text: &str| fold(text);
        let seller = &invoice.seller;
        let seller = [&seller.vat_id, &seller.legal_id, &seller.name].into_iter().find_map(Option::as_ref);
        let mut lines: Vec<_> = invoice
            .lines
            .iter()
            .map(|line| {
                let keys = [&line.standard_item_id, &line.seller_item_id, &line.name];
                let goods = keys.into_iter().find_map(Option::as_ref);
                let goods = goods.map_or_else(String::new, |goods| fold(goods));
                (goods, line.quantity.value.normalize().to_string(), line.net_minor.value)
            })
            .collect();
        lines.sort();
        let payable = invoice.totals.payable_minor.as_ref().map_or(0, |payable| payable.value);
        Self {
            bytes: Sha256::digest(bytes).into(),
            seller: seller.map_or_else(String::new, |seller| fold(seller)),
            number: invoice.number.as_ref().map_or_else(String::new, |number| fold(number)),
            issued: invoice.issue_date.as_ref().map(|date| date.value),
            payable_minor: invoice.kind.sign().saturating_mul(payable),
            order: invoice.references.order.as_ref().map_or_else(String::new, |order| fold(order)),
            lines,
        }
    }

    /// Whether this one is `earlier` once more; `None` for another invoice.
    ///
    /// A standing order gives the same lines every week: another number and another order is another
    /// invoice, however much else is the same.
    pub fn duplicates(&self, earlier: &Self) -> Option<Duplicate> {
        if self.bytes == earlier.bytes {
            return Some(Duplicate::SameBytes);
        }
        if self.seller != earlier.seller || self.payable_minor.signum() != earlier.payable_minor.signum() {
            return None;
        }
        if self.number == earlier.number {
            let is_certain = self.payable_minor == earlier.payable_minor && self.issued == earlier.issued;
            return Some(if is_certain { Duplicate::Certain } else { Duplicate::Probable });
        }
        let is_near = self
            .issued
            .zip(earlier.issued)
            .is_some_and(|(left, right)| left.signed_duration_since(right).num_days().abs() <= 7);
        let same_content = self.payable_minor == earlier.payable_minor && self.lines == earlier.lines;
        let same_order = !self.order.is_empty() && self.order == earlier.order;
        let misread = strsim::levenshtein(&self.number, &earlier.number) <= 1;
        (is_near && same_content && (same_order || (misread && self.order.is_empty())))
            .then_some(Duplicate::Probable)
    }
}

/// Letters and digits in upper case, O as 0, with no leading zeros: how numbers of invoices are compared.
pub fn fold(text: &str) -> String {
    let signs = text.chars().filter(|sign| sign.is_alphanumeric()).flat_map(char::to_uppercase);
    let folded: String = signs.map(|sign| if sign == 'O' { '0' } else { sign }).collect();
    folded.trim_start_matches('0').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fingerprint(number: &str, order: &str, day: u32, payable_minor: i64) -> Fingerprint {
        Fingerprint {
            bytes: Sha256::digest(format!("{number}{order}{day}")).into(),
            seller: "SE551000011901".to_owned(),
            number: fold(number),
            issued: NaiveDate::from_ymd_opt(2026, 5, day),
            payable_minor,
            order: fold(order),
            lines: vec![("10".to_owned(), "1".to_owned(), payable_minor)],
        }
    }

    #[test]
    fn the_same_number_is_the_same_invoice_however_it_is_written() {
        let first = fingerprint("F-1005", "PO-1", 12, 100);
        assert_eq!(fingerprint("f1OO5", "PO-1", 12, 100).duplicates(&first), Some(Duplicate::Certain));
        assert_eq!(fingerprint("F-1005", "PO-1", 13, 100).duplicates(&first), Some(Duplicate::Probable));
    }

    #[test]
    fn a_standing_order_is_no_duplicate() {
        let first = fingerprint("1005", "PO-1", 12, 100);
        assert_eq!(fingerprint("1006", "PO-2", 19, 100).duplicates(&first), None);
        assert_eq!(fingerprint("1006", "PO-1", 13, 100).duplicates(&first), Some(Duplicate::Probable));
    }

    #[test]
    fn a_credit_note_is_no_duplicate_of_its_invoice() {
        let first = fingerprint("1005", "PO-1", 12, 100);
        let credit = Fingerprint { bytes: [0; 32], payable_minor: -100, ..first.clone() };
        assert_eq!(credit.duplicates(&first), None);
    }
}
