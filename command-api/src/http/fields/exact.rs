//! Decimals as documents have them: finer than what Iris itself counts in.

use deserr::{Deserr, IntoValue, Value, ValuePointerRef};
use platform::body::{Faults, Invalid};
use rust_decimal::Decimal;
use serde::Serialize;
use utoipa::openapi::{ObjectBuilder, OneOfBuilder, Type};

use super::{decimal::decimal_text, schema};

/// Decimals of a quantity or price on an invoice.
const DECIMALS_MAX: u32 = 5;
/// Beyond any line of any invoice; products of two of them still fit.
const VALUE_MAX: i64 = 1_000_000_000;

/// A decimal with at most 5 places, from −1000000000 to 1000000000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct Exact(pub(crate) Decimal);

impl Exact {
    /// # Errors
    /// `invalid_number`, `too_many_decimals`, `out_of_range`.
    pub(crate) fn parse(text: &str) -> Result<Self, Invalid> {
        let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-'));
        let number = text.parse::<Decimal>().ok().filter(|_| is_plain);
        let number = number.ok_or_else(|| Invalid::new("invalid_number", "Must be a number such as 2.5."))?;
        let number = number.normalize();
        if number.scale() > DECIMALS_MAX {
            let message = format!("Must have at most {DECIMALS_MAX} decimals.");
            return Err(Invalid::new("too_many_decimals", message));
        }
        if number.abs() > Decimal::from(VALUE_MAX) {
            let message = format!("Must be from -{VALUE_MAX} to {VALUE_MAX}.");
            return Err(Invalid::new("out_of_range", message));
        }
        Ok(Self(number))
    }
}

impl Deserr<Faults> for Exact {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        at: ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        let text = decimal_text(value, at)?;
        Self::parse(&text).map_err(|invalid| Faults::one(invalid, at))
    }
}

schema!(
    Exact,
    "Exact",
    OneOfBuilder::new()
        .item(ObjectBuilder::new().schema_type(Type::Number))
        .item(ObjectBuilder::new().schema_type(Type::String).pattern(Some(r"^-?\d{1,10}(\.\d{1,5}0*)?$")))
        .description(Some("At most 5 decimals, as a number or a string."))
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_is_what_was_written_or_a_fault() {
        for (text, value) in [("2.5", "2.5"), ("-3", "-3"), ("1585.00", "1585"), ("0.00001", "0.00001")] {
            assert_eq!(Exact::parse(text).unwrap().0.to_string(), value);
        }
        for (text, code) in [
            ("", "invalid_number"),
            ("1,5", "invalid_number"),
            ("1e3", "invalid_number"),
            ("1_000", "invalid_number"),
            ("0.000001", "too_many_decimals"),
            ("1000000000.1", "out_of_range"),
            ("99999999999999999999999999999999", "invalid_number"),
        ] {
            assert_eq!(Exact::parse(text).unwrap_err().code, code, "{text}");
        }
    }
}
