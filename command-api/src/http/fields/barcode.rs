//! Numbers with a check digit: of goods and of places.

use deserr::{Deserr, IntoValue, Value, ValuePointerRef};
use events::values::Gtin;
use platform::body::{Faults, Invalid, from_string};
use serde::Serialize;
use utoipa::openapi::{ObjectBuilder, Type};

use super::schema;

/// A GTIN-8, -12, -13 or -14.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub(crate) struct Barcode(pub(crate) Gtin);

/// A global location number: 13 digits, the last one checking.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub(crate) struct Gln(String);

impl Barcode {
    /// # Errors
    /// `invalid_gtin`.
    pub(crate) fn parse(text: &str) -> Result<Self, Invalid> {
        let invalid =
            |_| Invalid::new("invalid_gtin", "Must be 8, 12, 13 or 14 digits with a right check digit.");
        text.trim().parse().map(Self).map_err(invalid)
    }
}

impl Gln {
    fn parse(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        // GLN-13 and GTIN-13 share their check digit (GS1 General Specifications, section 7.9).
        if text.len() == 13 && text.parse::<Gtin>().is_ok() {
            return Ok(Self(text.to_owned()));
        }
        Err(Invalid::new("invalid_gln", "Must be 13 digits with a right check digit."))
    }

    pub(crate) fn into_string(self) -> String {
        self.0
    }
}

impl Deserr<Faults> for Barcode {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        at: ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        from_string(value, at, Self::parse)
    }
}

impl Deserr<Faults> for Gln {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        at: ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        from_string(value, at, Self::parse)
    }
}

schema!(Gln, "Gln", ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[0-9]{13}$")));
