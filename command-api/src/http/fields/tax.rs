//! VAT rates.

use deserr::{Deserr, IntoValue, Value, ValuePointerRef};
use events::values::TaxRate;
use platform::body::{Faults, Invalid};
use serde::Serialize;
use utoipa::openapi::{ObjectBuilder, OneOfBuilder, Type};

use super::{decimal::decimal_text, schema};

/// Per cent from 0 to 100 with at most 2 decimals, as a number or a string.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(transparent)]
pub(crate) struct TaxPercent(pub(crate) TaxRate);

impl TaxPercent {
    /// # Errors
    /// `invalid_tax_rate`.
    pub(crate) fn parse(text: &str) -> Result<Self, Invalid> {
        let invalid =
            |_| Invalid::new("invalid_tax_rate", "Must be from 0 to 100 per cent with at most 2 decimals.");
        text.parse().map(Self).map_err(invalid)
    }
}

impl Deserr<Faults> for TaxPercent {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        at: ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        let text = decimal_text(value, at)?;
        Self::parse(&text).map_err(|invalid| Faults::one(invalid, at))
    }
}

schema!(
    TaxPercent,
    "TaxPercent",
    OneOfBuilder::new()
        .item(ObjectBuilder::new().schema_type(Type::Number).minimum(Some(0)).maximum(Some(100)))
        .item(ObjectBuilder::new().schema_type(Type::String).pattern(Some(r"^\d{1,3}(\.\d{1,2}0*)?$")))
        .description(Some("Per cent, at most 2 decimals."))
);
