//! Whether a page that was read may go on without a person.

use crate::{
    checksum,
    invoice::{Field, Invoice, Line, Source},
    rules::closure::closure,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What keeps a page from going on by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "doubt", content = "what", rename_all = "snake_case")]
#[schema(as = ReadingDoubt)]
pub enum Doubt {
    /// Something that every invoice has was not found.
    Missing(String),
    /// The document does not add up.
    DoesNotAddUp(String),
    /// Nothing says for sure who sells.
    UnknownSeller,
    /// Two passes over the scan read it differently, or one was not sure.
    Unsure(String),
}

/// A value below this, in thousandths, is not sure enough. What two passes of OCR read differently, and
/// what has a wrong check digit, is at 500 at most.
const CONFIDENCE_MIN: u16 = 550;

/// Everything that speaks against the reading; empty when it may go on.
///
/// A document in which every line is quantity times price, the lines add up to the net, and net and VAT
/// to what is to be paid, was read right: a wrong digit breaks one of the sums. What no sum protects
/// (numbers, dates, lines at no price) must be agreed on by both passes of OCR.
pub fn doubts(invoice: &Invoice) -> Vec<Doubt> {
    let mut doubts = missing(invoice);
    for fault in closure(invoice) {
        let line = fault.line.map_or_else(String::new, |line| format!(" in line {line}"));
        doubts.push(Doubt::DoesNotAddUp(format!("{}{line}", fault.rule)));
    }
    if !is_seller_known(invoice) {
        doubts.push(Doubt::UnknownSeller);
    }
    doubts.extend(unsure(invoice));
    doubts
}

fn missing(invoice: &Invoice) -> Vec<Doubt> {
    let totals = &invoice.totals;
    let checks = [
        ("number", invoice.number.is_some()),
        ("date", invoice.issue_date.is_some()),
        ("currency", invoice.currency.is_some()),
        ("lines", !invoice.lines.is_empty()),
        ("names of all lines", invoice.lines.iter().all(|line| line.name.is_some())),
        ("net", totals.net_minor.is_some()),
        ("VAT", totals.vat_minor.is_some()),
        ("amount to pay", totals.payable_minor.is_some()),
        ("VAT rates", !invoice.vat.is_empty() || totals.vat_minor.as_ref().is_some_and(|vat| vat.value == 0)),
        ("VAT rates of all lines", invoice.lines.iter().all(|line| line.vat_rate.is_some())),
    ];
    checks
        .into_iter()
        .filter(|(_, is_there)| !is_there)
        .map(|(what, _)| Doubt::Missing(what.to_owned()))
        .collect()
}

/// By a VAT or organisation number whose check digit is right.
fn is_seller_known(invoice: &Invoice) -> bool {
    let seller = &invoice.seller;
    let by_vat = seller.vat_id.as_ref().is_some_and(|vat_id| {
        vat_id
            .strip_prefix("SE")
            .is_some_and(|digits| digits.len() == 12 && checksum::is_organisation_number(&digits[..10]))
    });
    let by_register = seller.legal_id.as_ref().is_some_and(|number| checksum::is_organisation_number(number));
    // Two numbers that are both there must be the same: they are read independently.
    let agree = match (&seller.vat_id, &seller.legal_id) {
        (Some(vat_id), Some(legal_id)) => vat_id.contains(&legal_id.value),
        _ => true,
    };
    (by_vat || by_register) && agree
}

fn unsure(invoice: &Invoice) -> Vec<Doubt> {
    let mut doubts = Vec::new();
    let mut check = |what: &str, sure: Option<bool>| {
        if sure == Some(false) {
            doubts.push(Doubt::Unsure(what.to_owned()));
        }
    };
    check("number", invoice.number.as_ref().map(is_sure));
    check("date", invoice.issue_date.as_ref().map(is_sure));
    check("delivery date", invoice.delivery_date.as_ref().map(is_sure));
    check("due date", invoice.due_date.as_ref().map(is_sure));
    check("order", invoice.references.order.as_ref().map(is_sure));
    check("seller", invoice.seller.vat_id.as_ref().or(invoice.seller.legal_id.as_ref()).map(is_sure));
    for payment in &invoice.payments {
        let account = payment.account.as_ref();
        check("account", account.map(|account| is_sure(account) && checksum::is_luhn(account)));
    }
    let with_gtin = invoice.lines.iter().filter(|line| line.standard_item_id.is_some()).count();
    check("GTINs", Some(with_gtin == 0 || with_gtin == invoice.lines.len() || !is_scan(invoice)));
    for line in &invoice.lines {
        check(&format!("line {}", line.id), Some(is_line_sure(line)));
    }
    doubts
}

/// Quantity, price and net are read each by itself and check one another; a product of zero checks nothing.
fn is_line_sure(line: &Line) -> bool {
    let are_numbers_sure = || is_sure(&line.quantity) && is_sure(&line.net_price) && is_sure(&line.net_minor);
    let are_keys_sure = [&line.seller_item_id, &line.standard_item_id]
        .into_iter()
        .all(|key| key.as_ref().is_none_or(is_sure));
    // "10-2201 Tomat" is a number with a piece of the name in it, or of the next column.
    let is_number_alone = line.seller_item_id.as_ref().is_none_or(|id| {
        !id.contains(' ') || id.split(' ').all(|part| part.bytes().any(|sign| sign.is_ascii_digit()))
    });
    are_keys_sure && is_number_alone && (line.net_minor.value != 0 || are_numbers_sure())
}

/// What one line has and another has not may have been overlooked in a scan.
fn is_scan(invoice: &Invoice) -> bool {
    invoice.lines.iter().any(|line| line.quantity.source == Source::Ocr)
}

fn is_sure<T>(field: &Field<T>) -> bool {
    field.confidence >= CONFIDENCE_MIN
}
