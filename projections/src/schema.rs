//! The schema that a read model lives in: the live one, or one to rebuild into.

use std::{fmt, str::FromStr};

const LENGTH_MAX: usize = 31;
const LIVE: &str = "read";
/// What the name of every schema that may be thrown away begins with.
const SCRATCH_PREFIX: &str = "read_";

/// A schema's name: `[a-z_][a-z0-9_]{0,30}`.
///
/// `Display` gives it as a quoted SQL identifier. A name cannot be bound like a value, so statements
/// are formatted with it; that is safe because nothing but these characters can ever be in here: no
/// quote to leave the identifier with, and the quotes keep a keyword from being read as one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaName(String);

/// The name is no schema name of ours.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a schema name is 1 to 31 of a-z, 0-9 and _, and does not begin with a digit")]
pub struct InvalidSchemaName;

impl SchemaName {
    /// The schema that is served.
    pub fn live() -> Self {
        Self(LIVE.to_owned())
    }

    /// True if it may be thrown away: it begins with `read_`.
    pub fn is_scratch(&self) -> bool {
        self.0.starts_with(SCRATCH_PREFIX)
    }

    /// The name without quotes.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SchemaName {
    type Err = InvalidSchemaName;

    fn from_str(name: &str) -> Result<Self, InvalidSchemaName> {
        let mut bytes = name.bytes();
        let starts_well = bytes.next().is_some_and(|byte| byte.is_ascii_lowercase() || byte == b'_');
        let goes_on_well =
            bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        if !starts_well || !goes_on_well || name.len() > LENGTH_MAX {
            return Err(InvalidSchemaName);
        }
        Ok(Self(name.to_owned()))
    }
}

impl fmt::Display for SchemaName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_lower_case_names_pass() {
        for name in ["read", "read_2", "_x", "select", "a234567890123456789012345678901"] {
            assert_eq!(name.parse::<SchemaName>().unwrap().to_string(), format!("\"{name}\""));
        }
        let too_long = "a2345678901234567890123456789012";
        for name in ["", "2read", "Read", "re ad", "read\"; DROP", "read-2", "läs", "a.b", too_long] {
            assert_eq!(name.parse::<SchemaName>(), Err(InvalidSchemaName), "{name}");
        }
    }

    #[test]
    fn the_live_schema_is_no_scratch() {
        assert!(!SchemaName::live().is_scratch());
        assert!(!"public".parse::<SchemaName>().unwrap().is_scratch());
        assert!("read_next".parse::<SchemaName>().unwrap().is_scratch());
    }
}
