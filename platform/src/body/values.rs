//! Values that travel as text: ids and times everywhere, numbers and flags in query strings.

use chrono::{DateTime, NaiveDate, Utc};
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
                // `parse` alone would take "+5"; one number has one spelling.
                let number = text.parse().ok().filter(|_| !text.starts_with('+'));
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
        // Cut to microseconds, as the clock does: what is stored equals what was said.
        Self::from_timestamp_micros(time.timestamp_micros()).ok_or_else(wrong)
    }
}

impl FromText for NaiveDate {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        let date = Self::parse_from_str(text, "%Y-%m-%d").ok().filter(|_| text.len() == 10);
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
