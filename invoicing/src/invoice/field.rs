//! A value with where it came from.

use serde::{Deserialize, Serialize};
use std::ops::Deref;
use utoipa::ToSchema;

/// What a value was read from, surest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ReadFrom)]
pub enum Source {
    /// A structured document, as XML.
    Xml,
    /// A structured document, as JSON.
    Json,
    /// A person, who looked at it.
    Person,
    /// The text layer of a PDF.
    Text,
    /// A picture.
    Ocr,
}

impl Source {
    /// The most that a value from here is trusted, in thousandths.
    pub fn confidence_max(self) -> u16 {
        match self {
            Self::Xml | Self::Json | Self::Person => 1000,
            Self::Text => 980,
            Self::Ocr => 950,
        }
    }
}

/// A rectangle on a page, in hundredths of a point from its upper left corner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = PageArea)]
pub struct Area {
    /// Left edge.
    pub left: i32,
    /// Upper edge.
    pub top: i32,
    /// Right edge.
    pub right: i32,
    /// Lower edge.
    pub bottom: i32,
}

impl Area {
    /// From the upper to the lower edge.
    pub fn height(self) -> i32 {
        self.bottom - self.top
    }

    /// Halfway between the upper and the lower edge.
    pub fn middle(self) -> i32 {
        i32::midpoint(self.top, self.bottom)
    }

    /// The smallest rectangle that holds both.
    #[must_use]
    pub fn around(self, other: Self) -> Self {
        Self {
            left: self.left.min(other.left),
            top: self.top.min(other.top),
            right: self.right.max(other.right),
            bottom: self.bottom.max(other.bottom),
        }
    }
}

/// Where on which page a value stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Evidence {
    /// The page, from 1.
    pub page: u32,
    /// Where on it.
    pub area: Area,
}

/// A value, what it was read from, how sure that is, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Field<T> {
    /// What was read.
    pub value: T,
    /// From what.
    pub source: Source,
    /// How sure, in thousandths.
    pub confidence: u16,
    /// Where it stands; `None` for XML, which has no pages.
    pub evidence: Option<Evidence>,
}

/// A text that may be absent.
pub type Text = Option<Field<String>>;

impl<T> Field<T> {
    /// A value that a structured document states.
    pub fn xml(value: T) -> Self {
        Self { value, source: Source::Xml, confidence: Source::Xml.confidence_max(), evidence: None }
    }

    /// The same place and certainty with another value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Field<U> {
        let Self { value, source, confidence, evidence } = self;
        Field { value: change(value), source, confidence, evidence }
    }
}

impl<T> Deref for Field<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}
