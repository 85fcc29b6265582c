//! The body of commands that need none.

use deserr::{Deserr, IntoValue, Value, ValueKind, ValuePointerRef};
use platform::body::Faults;
use serde::Serialize;
use utoipa::openapi::{ObjectBuilder, Type, schema::AdditionalProperties};

use super::{schema, wrong_kind};

/// An empty object, or no body at all; whatever stands in it is refused as a typo or a misunderstanding.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Nothing {}

impl Deserr<Faults> for Nothing {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        at: ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        use deserr::{DeserializeError, ErrorKind, Map, take_cf_content};
        let Value::Map(members) = value else { return Err(wrong_kind(value, &[ValueKind::Map], at)) };
        let mut faults = None;
        for (key, _) in members.into_iter() {
            let unknown = ErrorKind::UnknownKey { key: &key, accepted: &["nothing"] };
            faults = Some(take_cf_content(Faults::error::<V>(faults, unknown, at)));
        }
        faults.map_or(Ok(Self {}), Err)
    }
}

schema!(
    Nothing,
    "Nothing",
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .additional_properties(Some(AdditionalProperties::FreeForm(false)))
        .description(Some("An empty object."))
);
