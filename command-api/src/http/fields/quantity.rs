//! Quantities: a number or a string with at most 3 decimals.

use deserr::{Deserr, IntoValue, Value, ValuePointerRef};
use events::values::{InvalidQuantity, QUANTITY_MAX, Quantity};
use platform::body::{Faults, Invalid};
use serde::Serialize;
use utoipa::openapi::{KnownFormat, ObjectBuilder, OneOfBuilder, SchemaFormat, Type};

use super::{decimal::decimal_text, schema};

/// At least `MIN` thousandths, at most a million units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct Qty<const MIN: i64>(Quantity);

/// Something: more than nothing.
pub(crate) type PositiveQty = Qty<1>;
/// What is on a shelf or was received: possibly nothing.
pub(crate) type StockQty = Qty<0>;
/// So much more, or less.
pub(crate) type QtyChange = Qty<{ -QUANTITY_MAX.0 }>;

impl<const MIN: i64> Qty<MIN> {
    /// # Errors
    /// `invalid_number`, `too_many_decimals`, `out_of_range`, `must_be_positive`, `must_not_be_negative`.
    pub(crate) fn parse(text: &str) -> Result<Self, Invalid> {
        let quantity = text.parse::<Quantity>().map_err(|invalid| match invalid {
            InvalidQuantity::NotANumber => Invalid::new("invalid_number", "Must be a number such as 2.5."),
            InvalidQuantity::TooManyDecimals => {
                Invalid::new("too_many_decimals", "Must have at most 3 decimals.")
            }
            InvalidQuantity::OutOfRange => Invalid::new("out_of_range", "Must be at most 1000000."),
        })?;
        if quantity.0 >= MIN {
            return Ok(Self(quantity));
        }
        Err(match MIN {
            1 => Invalid::new("must_be_positive", "Must be more than 0."),
            _ => Invalid::new("must_not_be_negative", "Must not be below 0."),
        })
    }

    pub(crate) fn quantity(self) -> Quantity {
        self.0
    }
}

impl<const MIN: i64> Deserr<Faults> for Qty<MIN> {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        at: ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        let text = decimal_text(value, at)?;
        Self::parse(&text).map_err(|invalid| Faults::one(invalid, at))
    }
}

/// What may be said of the bounds: of text, a schema knows the form alone.
fn decimal_schema(description: &str, least: f64, form: &str) -> OneOfBuilder {
    let text = ObjectBuilder::new().schema_type(Type::String).pattern(Some(form));
    let number = ObjectBuilder::new()
        .schema_type(Type::Number)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Double)))
        .minimum(Some(least))
        .maximum(Some(1_000_000.0));
    OneOfBuilder::new().item(number).item(text).description(Some(description))
}

/// Up to a million, with at most 3 decimals, zeros behind them aside.
const UNSIGNED: &str = r"^[0-9]{1,7}(\.[0-9]{1,3}0*)?$";
const SIGNED: &str = r"^-?[0-9]{1,7}(\.[0-9]{1,3}0*)?$";

schema!(
    PositiveQty,
    "PositiveQty",
    decimal_schema("More than 0, at most 1000000, at most 3 decimals.", 0.001, UNSIGNED)
);
schema!(StockQty, "StockQty", decimal_schema("From 0 to 1000000, at most 3 decimals.", 0.0, UNSIGNED));
schema!(
    QtyChange,
    "QtyChange",
    decimal_schema("From -1000000 to 1000000, at most 3 decimals.", -1_000_000.0, SIGNED)
);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read<const MIN: i64>(body: serde_json::Value) -> Result<i64, String> {
        let read: Result<Qty<MIN>, Faults> = deserr::deserialize(body);
        read.map(|qty| qty.quantity().0).map_err(|faults| faults.as_slice()[0].code.clone().into_owned())
    }

    #[test]
    fn numbers_and_strings_mean_the_same() {
        for (body, thousandths) in [
            (json!(3), 3000),
            (json!(2.5), 2500),
            (json!("2.5"), 2500),
            (json!(0.001), 1),
            (json!("1.200"), 1200),
        ] {
            assert_eq!(read::<1>(body.clone()), Ok(thousandths), "{body}");
        }
        assert_eq!(read::<0>(json!(-0.0)), Ok(0));
    }

    #[test]
    fn every_fault_has_its_word() {
        for (body, code) in [
            (json!(0), "must_be_positive"),
            (json!("-1"), "must_be_positive"),
            (json!(1.0001), "too_many_decimals"),
            (json!("0.0005"), "too_many_decimals"),
            (json!(1e-7), "too_many_decimals"),
            (json!(1e300), "out_of_range"),
            (json!(1_000_001), "out_of_range"),
            (json!("1e3"), "invalid_number"),
            (json!("1,5"), "invalid_number"),
            (json!(true), "wrong_type"),
            (json!(null), "wrong_type"),
        ] {
            assert_eq!(read::<1>(body.clone()), Err(code.to_owned()), "{body}");
        }
        assert_eq!(read::<0>(json!(-1)), Err("must_not_be_negative".to_owned()));
    }
}
