//! Numbers, dates and words as Swedish documents have them.

use chrono::{DateTime, NaiveDate, Utc};
use events::{
    order::{OrderStatus, PaymentMethod},
    values::{Currency, Quantity, TaxRate, swedish_day},
};

use super::form::Side;
use crate::documents::{DocumentParty, PayTo, PayToKind};

/// Between groups of three digits; not breaking, so that no amount ends a line.
const THIN: char = '\u{a0}';

/// `1 234,50`
pub(crate) fn amount(minor: i64) -> String {
    let sign = if minor < 0 { "−" } else { "" };
    format!("{sign}{},{:02}", grouped(minor.unsigned_abs() / 100), minor.unsigned_abs() % 100)
}

/// `1 234,50 kr`, or with the currency's code.
pub(super) fn money(minor: i64, currency: Currency) -> String {
    match currency {
        Currency::SEK => format!("{}{THIN}kr", amount(minor)),
        other => format!("{}{THIN}{other}", amount(minor)),
    }
}

/// `2,5`
pub(crate) fn quantity(quantity: Quantity) -> String {
    quantity.to_string().replace('.', ",")
}

/// `2,5`, or a dash for what is not known yet.
pub(super) fn quantity_or_dash(known: Option<Quantity>) -> String {
    known.map_or_else(|| "–".to_owned(), quantity)
}

/// `12 %`
pub(super) fn rate(rate: TaxRate) -> String {
    format!("{}{THIN}%", rate.to_string().replace('.', ","))
}

/// `2026-11-20`, the Swedish day.
pub(super) fn day(moment: DateTime<Utc>) -> String {
    swedish_day(moment).to_string()
}

/// Trade's short word for a unit.
pub(super) fn unit(code: &str) -> &str {
    match code {
        "KGM" => "kg",
        "GRM" => "g",
        "LTR" => "l",
        "MLT" => "ml",
        "H87" | "C62" | "EA" | "NAR" => "st",
        "XCT" | "CT" => "kart",
        "XBX" | "BX" => "låda",
        "XBG" | "BG" => "påse",
        "XPK" | "PK" => "förp",
        "XBO" | "BO" => "flaska",
        "XCR" | "CR" => "back",
        "XCA" | "CA" => "burk",
        "XPX" | "PF" => "pall",
        other => other,
    }
}

pub(super) fn payment(method: PaymentMethod, issued: NaiveDate, due: NaiveDate) -> String {
    match method {
        PaymentMethod::Invoice => format!("{} dagar netto", (due - issued).num_days()),
        PaymentMethod::Card => "Kort".to_owned(),
        PaymentMethod::Cash => "Kontant".to_owned(),
    }
}

/// What it is called and the number as it is written: `999-1233`, `900000-1`, in fours.
///
/// People also write a plusgiro number in pairs. Programs that read pages take its first pair for all of it.
pub(super) fn account(pay_to: &PayTo) -> (&'static str, String) {
    let number = pay_to.account.as_str();
    match pay_to.kind {
        PayToKind::Bankgiro => ("Bankgiro", hyphened(number, 4)),
        PayToKind::Plusgiro => ("Plusgiro", hyphened(number, 1)),
        PayToKind::Iban => ("IBAN", in_fours(number)),
    }
}

/// With a hyphen before the last `tail` digits.
fn hyphened(number: &str, tail: usize) -> String {
    let (head, tail) = number.split_at(number.len().saturating_sub(tail));
    format!("{head}-{tail}")
}

fn in_fours(number: &str) -> String {
    let fours = number.as_bytes().chunks(4).map(|four| String::from_utf8_lossy(four).into_owned());
    fours.collect::<Vec<_>>().join(&THIN.to_string())
}

pub(super) fn status(status: OrderStatus) -> &'static str {
    match status {
        OrderStatus::Placed => "Lagd",
        OrderStatus::Confirmed => "Bekräftad",
        OrderStatus::Delivered => "Levererad",
        OrderStatus::Cancelled => "Avbruten",
    }
}

/// A party with its address and numbers, as far as they are known.
pub(super) fn side(label: &'static str, party: &DocumentParty) -> Side {
    let place =
        [&party.postal_code, &party.city].into_iter().flatten().cloned().collect::<Vec<_>>().join(" ");
    let abroad = party.country.clone().filter(|country| country != "SE");
    let numbers = [("Org.nr", &party.org_number), ("Momsreg.nr", &party.vat_number), ("GLN", &party.gln)];
    let numbers =
        numbers.into_iter().filter_map(|(label, number)| Some(format!("{label} {}", number.as_ref()?)));
    let address = party.street.iter().cloned().chain((!place.is_empty()).then_some(place)).chain(abroad);
    Side { label, name: party.name.clone(), lines: address.chain(numbers).collect() }
}

/// The seller in one line, for the foot of every page.
pub(super) fn foot(party: &DocumentParty) -> String {
    let side = side("", party);
    std::iter::once(side.name).chain(side.lines).collect::<Vec<_>>().join("  ·  ")
}

fn grouped(whole: u64) -> String {
    let digits = whole.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(THIN);
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_written_as_people_know_them() {
        let cases = [
            (PayToKind::Bankgiro, "9991233", "999-1233"),
            (PayToKind::Bankgiro, "50501055", "5050-1055"),
            (PayToKind::Plusgiro, "9000001", "900000-1"),
            (PayToKind::Plusgiro, "18", "1-8"),
            (PayToKind::Iban, "SE3550000000054910000003", "SE35 5000 0000 0549 1000 0003"),
        ];
        for (kind, number, written) in cases {
            let pay_to = PayTo { kind, account: number.to_owned() };
            assert_eq!(account(&pay_to).1.replace(THIN, " "), written);
        }
    }

    #[test]
    fn amounts_have_a_decimal_comma_and_grouped_thousands() {
        for (minor, text) in
            [(0, "0,00"), (5, "0,05"), (123_450, "1 234,50"), (-100_000_000, "−1 000 000,00")]
        {
            assert_eq!(amount(minor).replace('\u{a0}', " "), text);
        }
    }
}
