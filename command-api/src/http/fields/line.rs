//! Text on one line.

use std::borrow::Cow;

use deserr::{Deserr, IntoValue, Value, ValuePointerRef};
use platform::body::{Faults, Invalid, Text, from_string};
use serde::Serialize;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type},
};

/// Trimmed text of `MIN` to `MAX` characters without any control character: names, addresses, numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct Line<const MIN: usize, const MAX: usize>(String);

impl<const MIN: usize, const MAX: usize> Line<MIN, MAX> {
    /// # Errors
    /// `too_short`, `too_long`, `control_character`.
    pub(crate) fn parse(text: &str) -> Result<Self, Invalid> {
        let line = Text::<MIN, MAX>::parse(text)?.into_string();
        if line.contains(['\n', '\t']) {
            return Err(Invalid::new("control_character", "Must be one line without tabs."));
        }
        Ok(Self(line))
    }

    pub(crate) fn into_string(self) -> String {
        self.0
    }
}

impl<const MIN: usize, const MAX: usize> Deserr<Faults> for Line<MIN, MAX> {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        at: ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        from_string(value, at, Self::parse)
    }
}

impl<const MIN: usize, const MAX: usize> PartialSchema for Line<MIN, MAX> {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .min_length(Some(MIN))
            .max_length(Some(MAX))
            .pattern(Some(r"^[^\x00-\x1F\x7F-\x9F]*$"))
            .into()
    }
}

impl<const MIN: usize, const MAX: usize> ToSchema for Line<MIN, MAX> {
    fn name() -> Cow<'static, str> {
        format!("Line_{MIN}_{MAX}").into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_no_line_break_within() {
        assert_eq!(Line::<1, 9>::parse(" Åsa Krog\n").unwrap().into_string(), "Åsa Krog");
        for (bad, code) in [
            ("a\nb", "control_character"),
            ("a\tb", "control_character"),
            ("a\u{1b}b", "control_character"),
            (" ", "too_short"),
            ("0123456789", "too_long"),
        ] {
            assert_eq!(Line::<1, 9>::parse(bad).unwrap_err().code, code, "{bad:?}");
        }
    }
}
