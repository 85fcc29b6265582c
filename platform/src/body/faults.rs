//! All faults of one request, gathered while it is read.

use std::{borrow::Cow, ops::ControlFlow};

use deserr::{DeserializeError, ErrorKind, IntoValue, MergeWithError, ValueKind, ValuePointerRef};

use crate::error::{ApiError, Fault};

/// No answer lists more faults: a hostile body of a megabyte must not be answered with several.
pub const FAULTS_MAX: usize = 100;
/// Longest part of a caller's own key that an answer repeats, in characters.
const ECHO_MAX_CHARS: usize = 64;

/// Why one value is refused, without knowing where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    /// Stable machine word.
    pub code: &'static str,
    /// A sentence for people.
    pub message: String,
}

impl Invalid {
    /// A refusal with its word and sentence.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// The faults found so far, at most [`FAULTS_MAX`], in the order found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// A single fault of a value at `at`.
    pub fn one(invalid: Invalid, at: ValuePointerRef<'_>) -> Self {
        Self(vec![Fault::new(path(at), invalid.code, invalid.message)])
    }

    /// The faults as a list.
    pub fn into_vec(self) -> Vec<Fault> {
        self.0
    }

    /// The faults, first found first.
    pub fn as_slice(&self) -> &[Fault] {
        &self.0
    }

    /// Adds a fault unless the list is full.
    pub fn push(&mut self, fault: Fault) {
        if self.0.len() < FAULTS_MAX {
            self.0.push(fault);
        }
    }

    /// Adds the faults of `other` until the list is full.
    pub fn extend(&mut self, other: Self) {
        let room = FAULTS_MAX.saturating_sub(self.0.len());
        self.0.extend(other.0.into_iter().take(room));
    }

    fn go_on(self) -> ControlFlow<Self, Self> {
        if self.0.len() < FAULTS_MAX { ControlFlow::Continue(self) } else { ControlFlow::Break(self) }
    }
}

impl From<Faults> for ApiError {
    fn from(faults: Faults) -> Self {
        Self::validation(faults.0)
    }
}

impl MergeWithError<Self> for Faults {
    fn merge(self_: Option<Self>, other: Self, _at: ValuePointerRef<'_>) -> ControlFlow<Self, Self> {
        let mut faults = self_.unwrap_or_default();
        faults.extend(other);
        faults.go_on()
    }
}

impl MergeWithError<Invalid> for Faults {
    fn merge(self_: Option<Self>, other: Invalid, at: ValuePointerRef<'_>) -> ControlFlow<Self, Self> {
        let mut faults = self_.unwrap_or_default();
        faults.push(Fault::new(path(at), other.code, other.message));
        faults.go_on()
    }
}

impl DeserializeError for Faults {
    fn error<V: IntoValue>(
        self_: Option<Self>,
        error: ErrorKind<'_, V>,
        at: ValuePointerRef<'_>,
    ) -> ControlFlow<Self, Self> {
        let mut faults = self_.unwrap_or_default();
        faults.push(fault(error, at));
        faults.go_on()
    }
}

fn fault<V: IntoValue>(error: ErrorKind<'_, V>, at: ValuePointerRef<'_>) -> Fault {
    match error {
        ErrorKind::IncorrectValueKind { actual, accepted } => {
            let message = format!("Must be {}, not {}.", kinds(accepted), kind(actual.kind()));
            Fault::new(path(at), "wrong_type", message)
        }
        ErrorKind::MissingField { field } => Fault::new(path(at.push_key(field)), "missing", "Is missing."),
        ErrorKind::UnknownKey { key, accepted } => {
            let message = format!("Is not known here; known are: {}.", accepted.join(", "));
            Fault::new(path(at.push_key(&shortened(key))), "unknown_field", message)
        }
        ErrorKind::UnknownValue { accepted, .. } => {
            Fault::new(path(at), "unknown_value", format!("Must be one of: {}.", accepted.join(", ")))
        }
        ErrorKind::BadSequenceLen { expected, .. } => {
            Fault::new(path(at), "wrong_length", format!("Must have exactly {expected} items."))
        }
        // Raised by deserr for numbers outside of their type, among others.
        ErrorKind::Unexpected { msg } => Fault::new(path(at), "invalid_value", format!("{msg}.")),
    }
}

/// `lines[0].qty`; empty for the body itself.
pub(super) fn path(at: ValuePointerRef<'_>) -> String {
    match at {
        ValuePointerRef::Origin => String::new(),
        ValuePointerRef::Key { key, prev } if prev.is_origin() => shortened(key).into_owned(),
        ValuePointerRef::Key { key, prev } => format!("{}.{}", path(*prev), shortened(key)),
        ValuePointerRef::Index { index, prev } => format!("{}[{index}]", path(*prev)),
    }
}

fn shortened(key: &str) -> Cow<'_, str> {
    match key.char_indices().nth(ECHO_MAX_CHARS) {
        None => Cow::Borrowed(key),
        Some((end, _)) => Cow::Owned(format!("{}…", &key[..end])),
    }
}

fn kinds(accepted: &[ValueKind]) -> String {
    let mut words: Vec<&str> = accepted.iter().map(|accepted| kind(*accepted)).collect();
    words.dedup();
    words.join(" or ")
}

const fn kind(kind: ValueKind) -> &'static str {
    match kind {
        ValueKind::Null => "null",
        ValueKind::Boolean => "true or false",
        ValueKind::Integer => "a whole number",
        ValueKind::NegativeInteger => "a negative whole number",
        ValueKind::Float => "a decimal number",
        ValueKind::String => "a string",
        ValueKind::Sequence => "a list",
        ValueKind::Map => "an object",
    }
}
