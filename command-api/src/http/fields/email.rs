//! E-mail addresses.

use deserr::{Deserr, IntoValue, Value, ValuePointerRef};
use platform::body::{Email, Faults};
use serde::{Serialize, Serializer};

/// A well-formed address; `Debug` shows nothing of it.
#[derive(Debug, Clone)]
pub(crate) struct EmailAddress(Email);

impl EmailAddress {
    /// As it was given.
    pub(crate) fn into_string(self) -> String {
        self.0.into_string()
    }

    /// In lower case: what is compared and looked up.
    pub(crate) fn key(&self) -> &str {
        self.0.key()
    }
}

impl Deserr<Faults> for EmailAddress {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        at: ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        Email::deserialize_from_value(value, at).map(Self)
    }
}

impl Serialize for EmailAddress {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.0.as_str())
    }
}
