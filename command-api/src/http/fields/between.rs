//! Whole numbers within bounds.

use std::borrow::Cow;

use deserr::{Deserr, IntoValue, Value, ValueKind, ValuePointerRef};
use platform::body::{Faults, Invalid};
use serde::Serialize;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type},
};

use super::wrong_kind;

/// A whole number from `MIN` to `MAX`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct Between<const MIN: i64, const MAX: i64>(i64);

impl<const MIN: i64, const MAX: i64> Between<MIN, MAX> {
    pub(crate) const fn get(self) -> i64 {
        self.0
    }

    /// The number, where `MIN` and `MAX` are a `u16`'s.
    pub(crate) fn get_u16(self) -> u16 {
        const { assert!(MIN >= 0 && MAX <= u16::MAX as i64, "the bounds are a u16's") };
        u16::try_from(self.0).expect("the bounds were checked when it was compiled")
    }
}

impl<const MIN: i64, const MAX: i64> Deserr<Faults> for Between<MIN, MAX> {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        at: ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        let number = match value {
            Value::Integer(number) => i64::try_from(number).ok(),
            Value::NegativeInteger(number) => Some(number),
            actual => return Err(wrong_kind(actual, &[ValueKind::Integer], at)),
        };
        let out_of_range = || {
            let message = match MAX {
                i64::MAX => format!("Must be at least {MIN}."),
                _ => format!("Must be from {MIN} to {MAX}."),
            };
            Faults::one(Invalid::new("out_of_range", message), at)
        };
        number.filter(|number| (MIN..=MAX).contains(number)).map(Self).ok_or_else(out_of_range)
    }
}

impl<const MIN: i64, const MAX: i64> PartialSchema for Between<MIN, MAX> {
    fn schema() -> RefOr<Schema> {
        let max = (MAX < i64::MAX).then_some(MAX);
        ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(MIN)).maximum(max).into()
    }
}

impl<const MIN: i64, const MAX: i64> ToSchema for Between<MIN, MAX> {
    fn name() -> Cow<'static, str> {
        match MAX {
            i64::MAX => format!("Whole_from_{MIN}").into(),
            _ => format!("Whole_{MIN}_{MAX}").into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_bounds_are_inside() {
        let read = |body| deserr::deserialize::<Between<1, 64>, serde_json::Value, Faults>(body);
        let code = |body| read(body).unwrap_err().as_slice()[0].code.clone();
        assert_eq!(read(json!(1)).unwrap().get(), 1);
        assert_eq!(read(json!(64)).unwrap().get_u16(), 64);
        for bad in [json!(0), json!(65), json!(-1), json!(u64::MAX)] {
            assert_eq!(code(bad), "out_of_range");
        }
        assert_eq!(code(json!("8")), "wrong_type");
        assert_eq!(code(json!(8.5)), "wrong_type");
    }
}
