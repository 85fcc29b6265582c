//! SE-R-001 to SE-R-013: what Peppol asks of Swedish sellers.
//!
//! # Source
//! Peppol BIS Billing 3.0, national rules of Sweden.

use rust_decimal::Decimal;

use super::{Finding, Level};
use crate::{
    checksum,
    invoice::{Invoice, Payment},
};

const RATES: [i64; 3] = [6, 12, 25];

/// Empty for a seller outside Sweden.
pub(super) fn check(invoice: &Invoice) -> Vec<Finding> {
    if !is_swedish_seller(invoice) {
        return Vec::new();
    }
    let mut findings = Vec::new();
    registrations(invoice, &mut findings);
    rates(invoice, &mut findings);
    for payment in &invoice.payments {
        accounts(payment, &mut findings);
    }
    domestic_transfer(invoice, &mut findings);
    findings
}

fn is_swedish_seller(invoice: &Invoice) -> bool {
    let seller = &invoice.seller;
    seller.country.as_ref().is_some_and(|country| country.value == "SE")
        || seller.vat_id.as_ref().is_some_and(|vat_id| vat_id.starts_with("SE"))
}

fn push(findings: &mut Vec<Finding>, rule: &str, level: Level, place: &str, message: String) {
    findings.push(Finding { rule: rule.to_owned(), level, place: place.to_owned(), message });
}

fn registrations(invoice: &Invoice, findings: &mut Vec<Finding>) {
    let seller = &invoice.seller;
    if let Some(vat_id) = seller.vat_id.as_ref().filter(|vat_id| vat_id.starts_with("SE")) {
        if vat_id.chars().count() != 14 {
            push(findings, "SE-R-001", Level::Fatal, "BT-31", format!("{} has not 14 signs", vat_id.value));
        }
        if !vat_id.chars().skip(2).all(|sign| sign.is_ascii_digit()) {
            let message = format!("{} has other signs than digits after SE", vat_id.value);
            push(findings, "SE-R-002", Level::Fatal, "BT-31", message);
        }
    }
    if let Some(legal_id) = &seller.legal_id {
        let number = &legal_id.value;
        let is_numeric = number.bytes().all(|byte| byte.is_ascii_digit());
        if !is_numeric {
            push(findings, "SE-R-003", Level::Warning, "BT-30", format!("{number} is not all digits"));
        }
        if number.chars().count() != 10 {
            push(findings, "SE-R-004", Level::Warning, "BT-30", format!("{number} has not 10 digits"));
        }
        if is_numeric && !checksum::is_luhn(number) {
            push(findings, "SE-R-013", Level::Warning, "BT-30", format!("{number}: wrong check digit"));
        }
    }
    if let Some(registration) = &seller.tax_registration
        && registration.to_lowercase() != "godkänd för f-skatt"
    {
        let message = format!("\"{}\" should be \"Godkänd för F-skatt\"", registration.value);
        push(findings, "SE-R-005", Level::Fatal, "BT-32", message);
    }
}

fn rates(invoice: &Invoice, findings: &mut Vec<Finding>) {
    let of_lines = invoice.lines.iter().filter_map(|line| {
        let category = line.vat_category.as_ref()?.value.as_str();
        Some((category.to_owned(), line.vat_rate.as_ref()?.value))
    });
    let of_rows =
        invoice.vat.iter().filter_map(|row| Some((row.category.clone()?, row.rate.as_ref()?.value)));
    let mut unknown: Vec<Decimal> = of_lines
        .chain(of_rows)
        .filter(|(category, rate)| category == "S" && !RATES.iter().any(|own| Decimal::from(*own) == *rate))
        .map(|(_, rate)| rate)
        .collect();
    unknown.sort_unstable();
    unknown.dedup();
    for rate in unknown {
        let message = format!("{rate} % is no Swedish rate: 6, 12 and 25 are");
        push(findings, "SE-R-006", Level::Fatal, "BT-119, BT-152", message);
    }
}

fn accounts(payment: &Payment, findings: &mut Vec<Finding>) {
    let code = payment.means_code.as_ref().map_or("", |code| code.value.as_str());
    if matches!(code, "50" | "56") {
        let message = "bankgiro and plusgiro are code 30 with SE:BANKGIRO or SE:PLUSGIRO".to_owned();
        push(findings, "SE-R-011", Level::Warning, "BT-81", message);
    }
    let (Some(branch), Some(account)) = (&payment.branch, &payment.account) else { return };
    let is_numeric = account.bytes().all(|byte| byte.is_ascii_digit());
    let length = account.chars().count();
    let (numeric_rule, length_rule, lengths) = match branch.value.as_str() {
        "SE:PLUSGIRO" => ("SE-R-007", "SE-R-010", 2..=8),
        "SE:BANKGIRO" => ("SE-R-008", "SE-R-009", 7..=8),
        _ => return,
    };
    if !is_numeric {
        push(findings, numeric_rule, Level::Warning, "BT-84", format!("{} is not all digits", account.value));
    }
    if !lengths.contains(&length) {
        let message = format!("{} has {length} signs", account.value);
        push(findings, length_rule, Level::Warning, "BT-84", message);
    }
}

fn domestic_transfer(invoice: &Invoice, findings: &mut Vec<Finding>) {
    let buyer_is_swedish = invoice.buyer.country.as_ref().is_some_and(|country| country.value == "SE");
    let is_foreign = |payment: &Payment| payment.means_code.as_ref().is_some_and(|code| code.value == "31");
    if buyer_is_swedish && invoice.payments.iter().any(is_foreign) {
        let message = "a transfer between Swedish parties is code 30".to_owned();
        push(findings, "SE-R-012", Level::Warning, "BT-81", message);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invoice::{Field, Party};

    fn broken(change: impl FnOnce(&mut Invoice)) -> Vec<String> {
        let mut invoice = Invoice {
            seller: Party {
                country: Some(Field::xml("SE".to_owned())),
                vat_id: Some(Field::xml("SE551000011901".to_owned())),
                legal_id: Some(Field::xml("5510000119".to_owned())),
                ..Party::default()
            },
            ..Invoice::default()
        };
        change(&mut invoice);
        check(&invoice).into_iter().map(|finding| finding.rule).collect()
    }

    fn payment(code: &str, branch: &str, account: &str) -> Payment {
        let text = |text: &str| Some(Field::xml(text.to_owned()));
        Payment { means_code: text(code), reference: None, account: text(account), branch: text(branch) }
    }

    #[test]
    fn a_sound_seller_breaks_nothing() {
        assert_eq!(broken(|_| ()), Vec::<String>::new());
    }

    #[test]
    fn each_number_has_its_rule() {
        let vat = |number: &str| {
            let number = Some(Field::xml(number.to_owned()));
            broken(|invoice| invoice.seller.vat_id = number)
        };
        assert_eq!(vat("SE5510000119"), ["SE-R-001"]);
        assert_eq!(vat("SE55100001190A"), ["SE-R-002"]);
        let legal = |number: &str| {
            let number = Some(Field::xml(number.to_owned()));
            broken(|invoice| invoice.seller.legal_id = number)
        };
        assert_eq!(legal("5510000118"), ["SE-R-013"]);
        assert_eq!(legal("551000-0119"), ["SE-R-003", "SE-R-004"]);
    }

    #[test]
    fn each_account_has_its_rule() {
        let pay = |payment: Payment| broken(|invoice| invoice.payments.push(payment));
        assert_eq!(pay(payment("30", "SE:PLUSGIRO", "1-2")), ["SE-R-007"]);
        assert_eq!(pay(payment("30", "SE:BANKGIRO", "999-1233")), ["SE-R-008"]);
        assert_eq!(pay(payment("30", "SE:BANKGIRO", "123456")), ["SE-R-009"]);
        assert_eq!(pay(payment("30", "SE:PLUSGIRO", "123456789")), ["SE-R-010"]);
        assert_eq!(pay(payment("56", "", "")), ["SE-R-011"]);
    }
}
