//! Lists of bounded length.

use deserr::{Deserr, IntoValue, Sequence, Value, ValuePointerRef};
use platform::body::{Faults, Invalid};
use serde::Serialize;

/// At most `MAX` items.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub(crate) struct List<T, const MAX: usize>(pub(crate) Vec<T>);

impl<T, const MAX: usize> Default for List<T, MAX> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Deserr<Faults>, const MAX: usize> Deserr<Faults> for List<T, MAX> {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        at: ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        // Counted before any item is looked at: a hostile list costs nothing more.
        if let Value::Sequence(items) = &value
            && items.len() > MAX
        {
            return Err(Faults::one(Invalid::new("too_many", format!("Must have at most {MAX} items.")), at));
        }
        Vec::deserialize_from_value(value, at).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn one_more_than_the_most_is_too_many() {
        let read = |body| deserr::deserialize::<List<u8, 2>, serde_json::Value, Faults>(body);
        assert_eq!(read(json!([1, 2])).unwrap().0, [1, 2]);
        assert_eq!(read(json!([1, 2, "x"])).unwrap_err().as_slice()[0].code, "too_many");
        assert_eq!(read(json!([1, "x"])).unwrap_err().as_slice()[0].field, "[1]");
    }
}
