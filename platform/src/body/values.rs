//! Values that travel as text: ids and times everywhere, numbers and flags in query strings.

use chrono::{DateTime, Datelike as _, NaiveDate, Utc};
use deserr::{
    DeserializeError, Deserr, ErrorKind, IntoValue, Value, ValueKind, ValuePointerRef, take_cf_content,
};
use uuid::Uuid;

use super::faults::{Faults, Invalid};

/// Reads a string value through `parse`; the heart of a hand-written `Deserr<Faults>`.
///
/// # Errors
/// `wrong_type` unless a string; else what `parse` says, at the value's place.
pub fn from_string<V: IntoValue, T>(
    value: Value<V>,
    at: ValuePointerRef<'_>,
    parse: impl FnOnce(&str) -> Result<T, Invalid>,
) -> Result<T, Faults> {
    match value {
        Value::String(text) => parse(&text).map_err(|invalid| Faults::one(invalid, at)),
        actual => Err(take_cf_content(Faults::error(
            None,
            ErrorKind::IncorrectValueKind { actual, accepted: &[ValueKind::String] },
            at,
        ))),
    }
}

/// A type that can be read from a text.
pub trait FromText: Sized {
    /// Reads `text` whole.
    fn from_text(text: &str) -> Result<Self, Invalid>;
}

/// A value written as a string, as all values of a query string are: `Parsed<u64>`, `Parsed<bool>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Parsed<T>(pub T);

impl<T: FromText> Deserr<Faults> for Parsed<T> {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        at: ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        from_string(value, at, T::from_text).map(Self)
    }
}

macro_rules! whole_number {
    ($($number:ty),*) => {$(
        impl FromText for $number {
            fn from_text(text: &str) -> Result<Self, Invalid> {
                // `parse` alone would take "+5", "-0" and "007"; one number has one spelling.
                let number = text.parse().ok().filter(|number: &Self| number.to_string() == text);
                let range = || format!("Must be a whole number from {} to {}.", Self::MIN, Self::MAX);
                number.ok_or_else(|| Invalid::new("invalid_number", range()))
            }
        }
    )*};
}
whole_number!(u32, u64, i32, i64);

impl FromText for String {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        Ok(text.to_owned())
    }
}

impl FromText for bool {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        match text {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(Invalid::new("invalid_flag", "Must be true or false.")),
        }
    }
}

impl FromText for Uuid {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        // Only the usual spelling with dashes: braces, URNs and bare hex would give one id several names.
        let id = Self::try_parse(text).ok().filter(|_| text.len() == 36);
        id.ok_or_else(|| Invalid::new("invalid_id", "Must be a UUID."))
    }
}

impl FromText for DateTime<Utc> {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        let wrong = || Invalid::new("invalid_time", "Must be a time such as 2026-11-20T09:00:00Z.");
        let time = DateTime::parse_from_rfc3339(text).map_err(|_| wrong())?.with_timezone(&Utc);
        // Cut to microseconds, as the clock does: what is stored equals what was said. An offset can carry a time
        // out of the years that RFC 3339 has: it could not be told again.
        let time = Self::from_timestamp_micros(time.timestamp_micros());
        time.filter(|time| (0..=9999).contains(&time.year())).ok_or_else(wrong)
    }
}

impl FromText for NaiveDate {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        // `%Y-%m-%d` alone would take signs and spaces in place of digits.
        let date = Self::parse_from_str(text, "%Y-%m-%d").ok().filter(|date| date.to_string() == text);
        date.ok_or_else(|| Invalid::new("invalid_date", "Must be a date such as 2026-11-20."))
    }
}

macro_rules! text_in_json_too {
    ($($value:ty),*) => {$(
        impl Deserr<Faults> for $value {
            fn deserialize_from_value<V: IntoValue>(value: Value<V>, at: ValuePointerRef<'_>) -> Result<Self, Faults> {
                from_string(value, at, Self::from_text)
            }
        }
    )*};
}
text_in_json_too!(Uuid, DateTime<Utc>, NaiveDate);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Whatever is read is shown as it was written: no value has two spellings.
    fn has_one_spelling<T: FromText + ToString>(text: &str) -> Result<(), TestCaseError> {
        if let Ok(value) = T::from_text(text) {
            prop_assert_eq!(value.to_string(), text);
        }
        Ok(())
    }

    #[test]
    fn other_spellings_of_numbers_dates_and_times_are_refused() {
        for text in ["007", "+7", "-0", "00", " 7", "7 ", "7_000", "٧"] {
            assert!(i64::from_text(text).is_err(), "{text}");
        }
        for text in ["-026-11-20", "+026-11-20", "2026-11- 1", "2026- 1-20", "2026-1-020", "2026-02-30"] {
            assert!(NaiveDate::from_text(text).is_err(), "{text}");
        }
        for text in ["0000-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-11-20", "12"] {
            assert!(DateTime::<Utc>::from_text(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in any::<String>()) {
            has_one_spelling::<u32>(&text)?;
            has_one_spelling::<i64>(&text)?;
            has_one_spelling::<bool>(&text)?;
            has_one_spelling::<NaiveDate>(&text)?;
            let _either = (Uuid::from_text(&text), DateTime::<Utc>::from_text(&text));
        }

        #[test]
        fn numbers_have_one_spelling(text in "[-+ 0]{0,2}[0-9]{0,20}") {
            has_one_spelling::<u32>(&text)?;
            has_one_spelling::<u64>(&text)?;
            has_one_spelling::<i32>(&text)?;
            has_one_spelling::<i64>(&text)?;
        }

        #[test]
        fn what_is_shown_is_read(number in any::<i64>(), id in any::<u128>(), days in 0..3_652_058_i32) {
            let day = NaiveDate::default() + chrono::TimeDelta::days((days - 719_162).into());
            prop_assert_eq!(i64::from_text(&number.to_string()).ok(), Some(number));
            prop_assert_eq!(Uuid::from_text(&Uuid::from_u128(id).to_string()).ok(), Some(Uuid::from_u128(id)));
            prop_assert_eq!(NaiveDate::from_text(&day.to_string()).ok(), Some(day));
        }

        #[test]
        fn dates_have_one_spelling(text in "[-+ 02]?[0-9]{3}-[ 01]?[1-9]-[ 0-2]?[1-9]") {
            has_one_spelling::<NaiveDate>(&text)?;
        }

        #[test]
        fn a_time_that_is_read_can_be_told_and_read_again(
            text in "(0000|20[0-9]{2}|9999)-(01|12)-(01|31)[Tt ](00|23):[0-5][0-9]:(59|60)(\\.[0-9]{1,12})?(Z|z|[-+](00|23):[0-5][0-9])"
        ) {
            if let Ok(time) = DateTime::<Utc>::from_text(&text) {
                let told = time.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true);
                prop_assert_eq!(told.find('T'), Some(10), "{} is no RFC 3339", told);
                prop_assert_eq!(DateTime::<Utc>::from_text(&told).ok(), Some(time));
            }
        }
    }
}
