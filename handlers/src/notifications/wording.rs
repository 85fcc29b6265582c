//! Amounts, quantities and moments as a person reads them.

use chrono::{DateTime, Datelike, NaiveDate, Timelike, Utc};
use chrono_tz::Tz;
use events::values::{Currency, Locale, NotificationPreferences, Quantity};

/// Neither a line break nor a justified gap may part a number.
const NO_BREAK: char = '\u{a0}';
/// Where a person's zone is unknown to this program's zone database.
const ZONE_DEFAULT: Tz = Tz::Europe__Stockholm;

const MONTHS_SV: [&str; 12] = [
    "januari",
    "februari",
    "mars",
    "april",
    "maj",
    "juni",
    "juli",
    "augusti",
    "september",
    "oktober",
    "november",
    "december",
];
const MONTHS_EN: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// How somebody reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wording {
    pub(crate) locale: Locale,
    pub(crate) zone: Tz,
}

impl Wording {
    pub(crate) fn of(preferences: &NotificationPreferences) -> Self {
        Self { locale: preferences.locale, zone: zone(preferences) }
    }

    /// `1 234,50 kr`, or `SEK 1,234.50`.
    pub(crate) fn money(self, minor: i64, currency: Currency) -> String {
        self.amount(minor, &currency.to_string())
    }

    /// As [`Self::money`], of a currency that may be none of ours.
    pub(crate) fn amount(self, minor: i64, currency: &str) -> String {
        let sign = if minor < 0 { "−" } else { "" };
        let (whole, hundredths) = (minor.unsigned_abs() / 100, minor.unsigned_abs() % 100);
        match self.locale {
            Locale::Sv => {
                let whole = grouped(whole, NO_BREAK);
                let unit = if currency == "SEK" { "kr" } else { currency };
                format!("{sign}{whole},{hundredths:02}{NO_BREAK}{unit}")
            }
            Locale::En => format!("{currency}{NO_BREAK}{sign}{}.{hundredths:02}", grouped(whole, ',')),
        }
    }

    /// A decimal of a document, `28,5` or `28.5`; anything else as it is.
    pub(crate) fn decimal(self, text: &str) -> String {
        let is_decimal = text.bytes().all(|byte| byte.is_ascii_digit() || b".-".contains(&byte));
        if is_decimal && self.locale == Locale::Sv { text.replace('.', ",") } else { text.to_owned() }
    }

    /// `2,5`, or `2.5`.
    pub(crate) fn quantity(self, quantity: Quantity) -> String {
        match self.locale {
            Locale::Sv => quantity.to_string().replace('.', ","),
            Locale::En => quantity.to_string(),
        }
    }

    /// What the trade calls a unit of UN/ECE Recommendation 20; the code itself where it is a rare one.
    pub(crate) fn unit(self, code: &str) -> &str {
        match (code, self.locale) {
            ("KGM", _) => "kg",
            ("GRM", _) => "g",
            ("LTR", _) => "l",
            ("H87", Locale::Sv) => "st",
            ("H87", Locale::En) => "pcs",
            ("XCT", Locale::Sv) => "kartong",
            ("XCT", Locale::En) => "carton",
            _ => code,
        }
    }

    /// `20 november 2026`, or `20 November 2026`.
    pub(crate) fn day(self, day: NaiveDate) -> String {
        let months = match self.locale {
            Locale::Sv => MONTHS_SV,
            Locale::En => MONTHS_EN,
        };
        format!("{} {} {}", day.day(), months[day.month0() as usize], day.year())
    }

    /// `20 november 2026 kl. 10:00`, or `20 November 2026 at 10:00`, by the wall clock of the person's zone.
    pub(crate) fn moment(self, at: DateTime<Utc>) -> String {
        let local = at.with_timezone(&self.zone);
        let at = match self.locale {
            Locale::Sv => "kl.",
            Locale::En => "at",
        };
        format!("{} {at} {:02}:{:02}", self.day(local.date_naive()), local.hour(), local.minute())
    }
}

/// The zone that a person's times of day are in.
pub(crate) fn zone(preferences: &NotificationPreferences) -> Tz {
    preferences.time_zone.parse().unwrap_or(ZONE_DEFAULT)
}

fn grouped(whole: u64, separator: char) -> String {
    let digits = whole.to_string();
    let mut text = String::with_capacity(digits.len() * 2);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(separator);
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const SV: Wording = Wording { locale: Locale::Sv, zone: Tz::Europe__Stockholm };
    const EN: Wording = Wording { locale: Locale::En, zone: Tz::America__New_York };

    #[test]
    fn money_is_written_as_in_each_language() {
        for (minor, sv, en) in [
            (123_450, "1 234,50 kr", "SEK 1,234.50"),
            (5, "0,05 kr", "SEK 0.05"),
            (-100_000_000, "−1 000 000,00 kr", "SEK −1,000,000.00"),
        ] {
            assert_eq!(SV.money(minor, Currency::SEK).replace(NO_BREAK, " "), sv);
            assert_eq!(EN.money(minor, Currency::SEK).replace(NO_BREAK, " "), en);
        }
        assert_eq!(SV.money(100, Currency::EUR).replace(NO_BREAK, " "), "1,00 EUR");
        assert_eq!(EN.amount(100, "JPY").replace(NO_BREAK, " "), "JPY 1.00");
    }

    #[test]
    fn moments_are_by_the_readers_own_clock() {
        let at = "2026-11-20T23:30:00Z".parse().unwrap();
        assert_eq!(SV.moment(at), "21 november 2026 kl. 00:30");
        assert_eq!(EN.moment(at), "20 November 2026 at 18:30");
    }

    #[test]
    fn quantities_and_units_are_the_trades() {
        assert_eq!(SV.quantity(Quantity(2500)), "2,5");
        assert_eq!(EN.quantity(Quantity(2500)), "2.5");
        assert_eq!((SV.decimal("-28.5"), EN.decimal("28.5")), ("-28,5".to_owned(), "28.5".to_owned()));
        assert_eq!(SV.decimal("5050-1055 a.b"), "5050-1055 a.b");
        assert_eq!((SV.unit("H87"), EN.unit("H87"), SV.unit("ZZZ")), ("st", "pcs", "ZZZ"));
    }
}
