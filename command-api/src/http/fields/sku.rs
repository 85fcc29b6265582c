//! A supplier's number for a product.

use deserr::{Deserr, IntoValue, Value, ValuePointerRef};
use platform::body::{Faults, Invalid, from_string};
use serde::Serialize;
use utoipa::openapi::{ObjectBuilder, Type};

use super::{Line, schema};

/// 1 to 64 visible characters; single spaces may stand between them, for some article numbers have them.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub(crate) struct Sku(String);

impl Sku {
    /// # Errors
    /// `too_short`, `too_long`, `control_character`, `invisible_character`.
    pub(crate) fn parse(text: &str) -> Result<Self, Invalid> {
        let sku = Line::<1, 64>::parse(text)?.into_string();
        // Two numbers that look the same must be the same: the second would be a product nobody can order.
        if sku.contains("  ") || sku.chars().any(is_invisible) {
            return Err(Invalid::new("invisible_character", "Must have visible characters only."));
        }
        Ok(Self(sku))
    }

    pub(crate) fn into_string(self) -> String {
        self.0
    }
}

/// White space but the plain one, and the format characters that show nothing or turn text around.
fn is_invisible(c: char) -> bool {
    (c.is_whitespace() && c != ' ')
        || matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}')
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fe00}'..='\u{fe0f}')
}

impl Deserr<Faults> for Sku {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        at: ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        from_string(value, at, Self::parse)
    }
}

schema!(
    Sku,
    "Sku",
    ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(64))
        .pattern(Some(r"^[^\x00-\x1F\x7F-\x9F]*$"))
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_the_same_is_the_same() {
        for good in ["T-1", "Ä 17/3", " 0042 "] {
            assert!(Sku::parse(good).is_ok(), "{good}");
        }
        for bad in ["T\u{200b}-1", "T\u{a0}1", "T  1", "\u{202e}1-T", "T\u{2028}1"] {
            assert_eq!(Sku::parse(bad).unwrap_err().code, "invisible_character", "{bad:?}");
        }
        assert_eq!(Sku::parse(&"x".repeat(65)).unwrap_err().code, "too_long");
    }
}
