//! Times of day by the wall clock.

use deserr::{Deserr, IntoValue, Value, ValuePointerRef};
use events::values::MinuteOfDay;
use platform::body::{Faults, Invalid, from_string};
use serde::Serialize;
use utoipa::openapi::{ObjectBuilder, Type};

use super::schema;

/// `HH:MM`, from `00:00` to `23:59`.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(transparent)]
pub(crate) struct TimeOfDay(pub(crate) MinuteOfDay);

impl Deserr<Faults> for TimeOfDay {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        at: ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        from_string(value, at, |text| {
            let wrong = |_| Invalid::new("invalid_time_of_day", "Must be a time of day such as 22:00.");
            text.parse().map(Self).map_err(wrong)
        })
    }
}

schema!(
    TimeOfDay,
    "TimeOfDay",
    ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some("^([01][0-9]|2[0-3]):[0-5][0-9]$"))
        .description(Some("By the wall clock."))
);
