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

/// At least one item, at most `MAX`.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub(crate) struct NonEmpty<T, const MAX: usize>(pub(crate) Vec<T>);

impl<T: Deserr<Faults>, const MAX: usize> Deserr<Faults> for NonEmpty<T, MAX> {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        at: ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        let List(items) = List::<T, MAX>::deserialize_from_value(value, at)?;
        if items.is_empty() {
            return Err(Faults::one(Invalid::new("too_few", "Must have at least one item."), at));
        }
        Ok(Self(items))
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
    #[test]
    fn none_is_too_few_where_one_is_needed() {
        let read = |body| deserr::deserialize::<NonEmpty<u8, 2>, serde_json::Value, Faults>(body);
        assert_eq!(read(json!([1])).unwrap().0, [1]);
        assert_eq!(read(json!([])).unwrap_err().as_slice()[0].code, "too_few");
        assert_eq!(read(json!([1, 2, 3])).unwrap_err().as_slice()[0].code, "too_many");
    }
}
