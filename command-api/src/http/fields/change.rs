//! The fields of a PATCH: absent leaves, null clears, a value sets.

use deserr::{Deserr, IntoValue, Value, ValuePointerRef};
use platform::body::Faults;
use serde::Serialize;

/// A field that can be cleared. `Option<Option<T>>` cannot be read so: its outer `None` takes the null.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) enum Change<T> {
    /// The field is absent.
    #[default]
    Leave,
    /// The field is null.
    Clear,
    /// The field has a value.
    Set(T),
}

impl<T> Change<T> {
    /// As the domain has it: the outer `Option` is "leave it", the inner "not stated".
    #[expect(clippy::option_option, reason = "the domain's patches have it so, in one place each")]
    pub(crate) fn patch<U>(self, to: impl FnOnce(T) -> U) -> Option<Option<U>> {
        match self {
            Self::Leave => None,
            Self::Clear => Some(None),
            Self::Set(value) => Some(Some(to(value))),
        }
    }
}

impl<T: Deserr<Faults>> Deserr<Faults> for Change<T> {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        at: ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        match value {
            Value::Null => Ok(Self::Clear),
            value => T::deserialize_from_value(value, at).map(Self::Set),
        }
    }
}

/// A field that must always have a value: null is a fault, not "leave it".
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Given<T>(pub(crate) Option<T>);

impl<T> Default for Given<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: Deserr<Faults>> Deserr<Faults> for Given<T> {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        at: ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        T::deserialize_from_value(value, at).map(|value| Self(Some(value)))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Debug, Deserr, Serialize)]
    #[deserr(error = Faults, deny_unknown_fields)]
    struct Patch {
        #[deserr(default)]
        city: Change<String>,
        #[deserr(default)]
        name: Given<String>,
    }

    fn read(body: serde_json::Value) -> Result<Patch, Faults> {
        deserr::deserialize(body)
    }

    #[test]
    fn absent_null_and_a_value_are_three_things() {
        let city = |body| read(body).unwrap().city.patch(|city| city);
        assert_eq!(city(json!({})), None);
        assert_eq!(city(json!({"city": null})), Some(None));
        assert_eq!(city(json!({"city": "Lund"})), Some(Some("Lund".to_owned())));
    }

    #[test]
    fn what_must_have_a_value_cannot_be_cleared() {
        assert_eq!(read(json!({"name": null})).unwrap_err().as_slice()[0].code, "wrong_type");
        assert_eq!(read(json!({})).unwrap().name.0, None);
    }

    #[test]
    fn leaving_and_clearing_are_different_requests() {
        let hashed = |body| events::canonical::canonical_json(&read(body).unwrap());
        assert_ne!(hashed(json!({})), hashed(json!({"city": null})));
        assert_ne!(hashed(json!({"city": "Clear"})), hashed(json!({"city": null})));
    }
}
