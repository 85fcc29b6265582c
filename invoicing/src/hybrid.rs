//! A PDF that carries its invoice: does its page say the same?
//!
//! People approve what they see, and programs pay what the XML says. Where the two differ somebody was
//! mistaken, or somebody cheats; either way a person looks.

use crate::{invoice::Invoice, matching::fold, rules::closure};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PageDifference)]
pub enum Difference {
    /// The invoice's number.
    Number,
    /// When it was issued.
    IssueDate,
    /// What is to be paid.
    Payable,
    /// Where to.
    Account,
}

/// What the page says otherwise than the XML. What the page does not say, or what was not found on it,
/// is no difference.
pub fn differences(xml: &Invoice, page: &Invoice) -> Vec<Difference> {
    let number = differ(xml.number.as_ref(), page.number.as_ref(), |number| fold(number));
    let date = differ(xml.issue_date.as_ref(), page.issue_date.as_ref(), |date| date.value);
    let totals = (xml.totals.payable_minor.as_ref(), page.totals.payable_minor.as_ref());
    // A sum of a page that does not add up was misread, and says nothing about the XML.
    let payable = closure(page).is_empty() && differ(totals.0, totals.1, |amount| amount.value);
    let accounts: Vec<String> = xml
        .payments
        .iter()
        .filter_map(|payment| payment.account.as_ref())
        .map(|account| fold(account))
        .collect();
    let mut printed = page.payments.iter().filter_map(|payment| payment.account.as_ref());
    let account = !accounts.is_empty() && printed.any(|account| !accounts.contains(&fold(account)));
    let found = [
        (Difference::Number, number),
        (Difference::IssueDate, date),
        (Difference::Payable, payable),
        (Difference::Account, account),
    ];
    found.into_iter().filter(|(_, differs)| *differs).map(|(what, _)| what).collect()
}

fn differ<T, K: PartialEq>(xml: Option<&T>, page: Option<&T>, key: impl Fn(&T) -> K) -> bool {
    xml.zip(page).is_some_and(|(xml, page)| key(xml) != key(page))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invoice::{AllowanceCharge, Effect, Field, Payment};

    fn invoice(number: &str, payable_minor: i64, account: &str) -> Invoice {
        let mut invoice = Invoice { number: Some(Field::xml(number.to_owned())), ..Invoice::default() };
        invoice.totals.net_minor = Some(Field::xml(payable_minor));
        invoice.totals.payable_minor = Some(Field::xml(payable_minor));
        invoice.allowances_charges.push(AllowanceCharge {
            effect: Effect::Charge,
            amount_minor: Field::xml(payable_minor),
            base_minor: None,
            percent: None,
            reason: None,
            reason_code: None,
            vat_category: None,
            vat_rate: None,
        });
        let account = Some(Field::xml(account.to_owned()));
        invoice.payments.push(Payment { account, ..Payment::default() });
        invoice
    }

    #[test]
    fn another_number_sum_or_account_is_seen() {
        let xml = invoice("RE-508", 57_104, "999-1233");
        assert_eq!(differences(&xml, &invoice("RE508", 57_104, "9991233")), []);
        assert_eq!(differences(&xml, &invoice("RE-507", 57_104, "9991233")), [Difference::Number]);
        let cheat = differences(&xml, &invoice("RE-508", 57_105, "9991241"));
        assert_eq!(cheat, [Difference::Payable, Difference::Account]);
    }

    #[test]
    fn a_page_that_does_not_add_up_says_nothing_of_the_sum() {
        let mut page = invoice("1", 2, "1");
        page.allowances_charges.clear();
        assert_eq!(differences(&invoice("1", 1, "1"), &page), []);
    }

    #[test]
    fn what_the_page_does_not_say_is_no_difference() {
        assert_eq!(differences(&invoice("1", 1, "1"), &Invoice::default()), []);
    }
}
