//! Which tables a list reads: the live ones, or those of an auditor's view.

use std::fmt;

/// A schema of read tables.
///
/// `Display` gives its name for SQL. A name cannot be bound like a value, so statements are formatted with it;
/// that is safe because there is nothing in here but a number of ours: no text from outside can become a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReadSchema {
    /// `read`.
    Live,
    /// `read_asof_<number>`.
    AsOf(i64),
}

impl fmt::Display for ReadSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Live => f.write_str("read"),
            Self::AsOf(number) => write!(f, "read_asof_{number}"),
        }
    }
}
