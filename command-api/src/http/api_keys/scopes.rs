//! Scopes on their way in.

use deserr::{Deserr, IntoValue, Value, ValuePointerRef};
use events::values::{KEY_SEGMENTS, Scope};
use platform::body::{Faults, Invalid, from_string};
use serde::Serialize;
use utoipa::openapi::{Array, ObjectBuilder, Type};

use crate::http::fields::{List, schema};

const SCOPES_MAX: usize = 2 * KEY_SEGMENTS.len();

/// At least one, each known.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub(super) struct Scopes(Vec<String>);

/// One that exists.
struct KnownScope(Scope);

impl Scopes {
    /// Sorted, each once.
    pub(super) fn into_scopes(self) -> Vec<Scope> {
        let mut scopes: Vec<Scope> = self.0.iter().filter_map(|scope| scope.parse().ok()).collect();
        scopes.sort_unstable();
        scopes.dedup();
        scopes
    }
}

impl Deserr<Faults> for KnownScope {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        at: ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        from_string(value, at, |text| {
            let message = "Is no scope: must be the first part of a path that keys can be let into, a colon, and \
                           read or write, such as orders:read.";
            text.parse().map(Self).map_err(|_| Invalid::new("unknown_scope", message))
        })
    }
}

impl Deserr<Faults> for Scopes {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        at: ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        let List(scopes) = List::<KnownScope, SCOPES_MAX>::deserialize_from_value(value, at)?;
        if scopes.is_empty() {
            return Err(Faults::one(Invalid::new("too_few", "Must have at least one item."), at));
        }
        Ok(Self(scopes.iter().map(|scope| scope.0.to_string()).collect()))
    }
}

schema!(
    Scopes,
    "Scopes",
    Array::builder()
        .items(
            ObjectBuilder::new()
                .schema_type(Type::String)
                .enum_values(Some(Scope::all().map(|scope| scope.to_string())))
        )
        .min_items(Some(1))
        .max_items(Some(SCOPES_MAX))
        .build()
);
