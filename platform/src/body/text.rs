//! Text typed by people, of bounded length.

use deserr::{Deserr, IntoValue, Value, ValuePointerRef};
use serde::Serialize;
use std::borrow::Cow;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type},
};

use super::{
    faults::{Faults, Invalid},
    values::from_string,
};

/// Trimmed text of `MIN` to `MAX` characters, without control characters but line feed and tab.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Text<const MIN: usize, const MAX: usize>(String);

impl<const MIN: usize, const MAX: usize> Text<MIN, MAX> {
    /// Checks and trims `text`.
    ///
    /// # Errors
    /// `too_short`, `too_long` (characters after trimming), `control_character`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        // Postgres refuses NUL; the others can forge log lines and fool terminals.
        if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
            return Err(Invalid::new("control_character", "Must not contain control characters."));
        }
        let chars = text.chars().count();
        if chars < MIN {
            return Err(Invalid::new("too_short", format!("Must have at least {MIN} characters.")));
        }
        if chars > MAX {
            return Err(Invalid::new("too_long", format!("Must have at most {MAX} characters.")));
        }
        Ok(Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text, owned.
    pub fn into_string(self) -> String {
        self.0
    }
}

impl<const MIN: usize, const MAX: usize> From<Text<MIN, MAX>> for String {
    fn from(text: Text<MIN, MAX>) -> Self {
        text.0
    }
}

impl<const MIN: usize, const MAX: usize> Deserr<Faults> for Text<MIN, MAX> {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        at: ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        from_string(value, at, Self::parse)
    }
}

impl<const MIN: usize, const MAX: usize> PartialSchema for Text<MIN, MAX> {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .min_length(Some(MIN))
            .max_length(Some(MAX))
            .pattern(Some(r"^[^\x00-\x08\x0B-\x1F\x7F-\x9F]*$"))
            .into()
    }
}

impl<const MIN: usize, const MAX: usize> ToSchema for Text<MIN, MAX> {
    fn name() -> Cow<'static, str> {
        // One schema per pair of bounds: a shared name would give all of them the bounds of one.
        format!("Text_{MIN}_{MAX}").into()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn code(text: &str) -> &'static str {
        Text::<2, 4>::parse(text).unwrap_err().code
    }

    #[test]
    fn length_counts_characters_after_trimming() {
        assert_eq!(Text::<2, 4>::parse("  ååöö\n").unwrap().as_str(), "ååöö");
        assert_eq!(code("  å "), "too_short");
        assert_eq!(code("ååååå"), "too_long");
    }

    #[test]
    fn control_characters_are_refused_but_line_feed_and_tab() {
        assert_eq!(Text::<2, 4>::parse("a\n\tb").unwrap().as_str(), "a\n\tb");
        for bad in ["a\0b", "a\x1bb", "a\rb", "a\u{85}b"] {
            assert_eq!(code(bad), "control_character", "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_taken_is_within_its_bounds_and_is_taken_again(text in any::<String>(), blank in "[ \\t\\n]{0,2}[^\\x00]{0,6}[ \\t\\n]{0,2}") {
            for text in [text, blank] {
                if let Ok(taken) = Text::<2, 4>::parse(&text) {
                    prop_assert!((2..=4).contains(&taken.as_str().chars().count()));
                    prop_assert!(!taken.as_str().contains('\0'));
                    prop_assert_eq!(Text::<2, 4>::parse(taken.as_str()).unwrap(), taken);
                }
            }
        }
    }
}
