//! Where pages wait to be read.

use std::fmt;

/// A queue of its own for each way of reading, so that the slow one holds up nobody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lane {
    /// The text layer of a PDF: milliseconds.
    Text,
    /// Pictures: seconds a page.
    Ocr,
}

impl Lane {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Text, Self::Ocr];

    /// As the database and the metrics have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Ocr => "ocr",
        }
    }

    /// How many are read at a time on a machine with so many cores.
    ///
    /// A text takes a core for a moment; a scan keeps one busy for long, so one is left to everything else.
    pub fn width(self, cores: usize) -> usize {
        match self {
            Self::Text => cores.max(1),
            Self::Ocr => cores.saturating_sub(1).max(1),
        }
    }
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for Lane {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|lane| lane.name() == name).ok_or_else(|| format!("no lane {name}"))
    }
}
