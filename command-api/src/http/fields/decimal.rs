//! Decimal numbers, as JSON numbers or strings.

use deserr::{IntoValue, Value, ValueKind, ValuePointerRef};
use platform::body::Faults;

use super::wrong_kind;

/// The number's decimal text; it is parsed as text from here on, so no double ever rounds it.
///
/// A JSON number with a fraction arrives as a double: its shortest text is what the client wrote, for
/// every number that a quantity or rate can have.
///
/// # Errors
/// `wrong_type` for anything but a number or a string.
pub(super) fn decimal_text<V: IntoValue>(value: Value<V>, at: ValuePointerRef<'_>) -> Result<String, Faults> {
    match value {
        Value::Integer(number) => Ok(number.to_string()),
        Value::NegativeInteger(number) => Ok(number.to_string()),
        // Rust writes doubles in full, never as 1e-7.
        Value::Float(number) => Ok(number.to_string()),
        Value::String(text) => Ok(text),
        actual => Err(wrong_kind(actual, &[ValueKind::Float, ValueKind::String], at)),
    }
}
