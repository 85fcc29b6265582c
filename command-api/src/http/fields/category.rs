//! What kind of goods a product is.

use deserr::{Deserr, IntoValue, Value, ValuePointerRef};
use platform::body::{Faults, Invalid, from_string};
use serde::Serialize;
use utoipa::openapi::{ObjectBuilder, Type};

use super::{Line, schema};

/// A supplier's own word for a kind of goods: one line, trimmed, in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct Category(Line<1, 60>);

impl Category {
    /// # Errors
    /// `too_short`, `too_long`, `control_character`.
    pub(crate) fn parse(text: &str) -> Result<Self, Invalid> {
        // Lower case first: it is what is kept, and some letters become two.
        Line::parse(&text.to_lowercase()).map(Self)
    }

    pub(crate) fn into_string(self) -> String {
        self.0.into_string()
    }
}

impl Deserr<Faults> for Category {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        at: ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        from_string(value, at, Self::parse)
    }
}

schema!(
    Category,
    "Category",
    ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(60))
        .pattern(Some(r"^[^\x00-\x1F\x7F-\x9F]*$"))
        .description(Some("A word of the supplier's own; kept in lower case."))
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_kind_has_one_spelling() {
        for text in ["grönsaker", " Grönsaker ", "GRÖNSAKER"] {
            assert_eq!(Category::parse(text).unwrap().into_string(), "grönsaker", "{text}");
        }
        let code = |text: &str| Category::parse(text).unwrap_err().code;
        assert_eq!([" ", "a\tb", &"İ".repeat(31)].map(code), ["too_short", "control_character", "too_long"]);
    }
}
