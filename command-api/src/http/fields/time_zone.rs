//! Time zones.

use chrono_tz::Tz;
use deserr::{Deserr, IntoValue, Value, ValuePointerRef};
use platform::body::{Faults, Invalid, from_string};
use serde::Serialize;
use utoipa::openapi::{ObjectBuilder, Type};

use super::{NO_NUL, schema};

/// A zone of the IANA database, by its name as it is spelled there.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(transparent)]
pub(crate) struct TimeZone(&'static str);

impl TimeZone {
    pub(crate) const fn name(self) -> &'static str {
        self.0
    }
}

impl Deserr<Faults> for TimeZone {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        at: ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        from_string(value, at, |text| {
            let unknown =
                |_| Invalid::new("unknown_time_zone", "Must be an IANA time zone such as Europe/Stockholm.");
            text.parse().map(|zone: Tz| Self(zone.name())).map_err(unknown)
        })
    }
}

schema!(
    TimeZone,
    "TimeZone",
    ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some(NO_NUL))
        .description(Some("A name of the IANA time zone database."))
        .examples(["Europe/Stockholm"])
);
