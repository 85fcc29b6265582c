//! Whole numbers: money in minor units.

use deserr::{Deserr, IntoValue, Value, ValueKind, ValuePointerRef};
use events::values::PRICE_MINOR_MAX;
use platform::body::{Faults, Invalid};
use serde::Serialize;
use utoipa::openapi::{KnownFormat, Object, ObjectBuilder, SchemaFormat, Type};

use super::{schema, wrong_kind};

/// Minor units of a currency, from 0 to `MAX`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct Cents<const MAX: i64>(i64);

/// The price of one unit.
pub(crate) type PriceCents = Cents<PRICE_MINOR_MAX>;
/// A total: of at most 500 lines, so far below 2^63.
pub(crate) type TotalCents = Cents<{ i64::MAX }>;

impl<const MAX: i64> Cents<MAX> {
    pub(crate) fn minor(self) -> i64 {
        self.0
    }
}

impl<const MAX: i64> Deserr<Faults> for Cents<MAX> {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        at: ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        let cents = match value {
            Value::Integer(cents) => i64::try_from(cents).ok(),
            Value::NegativeInteger(_) => None,
            // 12.50 is an amount in kronor: taken for öre it would be wrong by a factor of a hundred.
            actual => return Err(wrong_kind(actual, &[ValueKind::Integer], at)),
        };
        let out_of_range = || Invalid::new("out_of_range", format!("Must be from 0 to {MAX}."));
        cents.filter(|cents| *cents <= MAX).map(Self).ok_or_else(|| Faults::one(out_of_range(), at))
    }
}

fn cents_schema(max: Option<i64>) -> Object {
    let int64 = Some(SchemaFormat::KnownFormat(KnownFormat::Int64));
    ObjectBuilder::new().schema_type(Type::Integer).format(int64).minimum(Some(0)).maximum(max).build()
}

schema!(PriceCents, "PriceCents", cents_schema(Some(PRICE_MINOR_MAX)));
schema!(TotalCents, "TotalCents", cents_schema(None));

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn money_is_whole_and_bounded() {
        let read = |body| deserr::deserialize::<PriceCents, serde_json::Value, Faults>(body);
        let code = |body| read(body).unwrap_err().as_slice()[0].code.clone();
        assert_eq!(read(json!(0)).unwrap().minor(), 0);
        assert_eq!(read(json!(PRICE_MINOR_MAX)).unwrap().minor(), PRICE_MINOR_MAX);
        assert_eq!(code(json!(PRICE_MINOR_MAX + 1)), "out_of_range");
        assert_eq!(code(json!(-1)), "out_of_range");
        assert_eq!(code(json!(u64::MAX)), "out_of_range");
        assert_eq!(code(json!(12.5)), "wrong_type");
        assert_eq!(code(json!("1250")), "wrong_type");
    }
}
