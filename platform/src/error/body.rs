//! What a refusal looks like on the wire.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// The body of every refusal.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ErrorBody {
    /// Public name of the kind.
    #[schema(example = "NotFoundError")]
    pub error: &'static str,
    /// Stable machine word.
    #[schema(example = "order_not_found")]
    pub code: Cow<'static, str>,
    /// A sentence for people; may change.
    pub message: String,
    /// The HTTP status again.
    #[schema(example = 404)]
    pub status: u16,
    /// RFC 3339 in UTC, milliseconds.
    #[schema(format = DateTime)]
    pub timestamp: String,
    /// The answer's `X-Request-Id`.
    pub request_id: String,
    /// All faults found, empty where one sentence says it all.
    pub details: Vec<Fault>,
}

/// One thing wrong with a request, and where.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Fault {
    /// Path in the body or name of the parameter: `lines[0].qty`; empty for the body as a whole.
    pub field: String,
    /// Stable machine word, such as `too_many_decimals`.
    pub code: Cow<'static, str>,
    /// A sentence for people.
    pub message: String,
    /// Further members beside the three above, such as `asked` and `available`.
    #[serde(flatten)]
    #[schema(ignore)]
    pub extra: Map<String, Value>,
}

impl Fault {
    /// A fault without further members.
    pub fn new(
        field: impl Into<String>,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
    ) -> Self {
        Self { field: field.into(), code: code.into(), message: message.into(), extra: Map::new() }
    }

    /// Adds a member; `field`, `code` and `message` must not be used as `name`.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.extra.insert(name.to_owned(), value.into());
        self
    }
}
