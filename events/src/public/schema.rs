//! The contract as JSON Schema, 2020-12: of the envelope, and of every type's `data`.

use schemars::{JsonSchema, Schema, generate::SchemaSettings};
use serde_json::{Value, json};

use super::{
    PublicType, SOURCE, THIN_FIELD_SUFFIX,
    cloud_event::{CloudEvent, schema_id},
};
use crate::webhook_endpoint::PayloadStyle;

impl PublicType {
    /// JSON Schema of its `data`, with `$id`; complete in itself.
    ///
    /// It is what `dataschema` of an event in that style names: a thin event has a schema of its own, for it
    /// lacks what the full one promises.
    pub fn data_schema(&self, style: PayloadStyle) -> Value {
        let mut schema = (self.schema)().to_value();
        schema["$id"] = json!(schema_id(self.name, style));
        if style == PayloadStyle::Thin {
            if let Some(properties) = schema["properties"].as_object_mut() {
                properties.retain(|name, _| name.ends_with(THIN_FIELD_SUFFIX));
            }
            if let Some(required) = schema["required"].as_array_mut() {
                required.retain(|name| name.as_str().is_some_and(|name| name.ends_with(THIN_FIELD_SUFFIX)));
            }
        }
        schema
    }
}

/// JSON Schema of the envelope around every type's `data`.
///
/// Other than `data`, the envelope is not closed: `CloudEvents` lets extension attributes come, and tells receivers
/// to ignore those that they do not know.
pub fn envelope_schema() -> Value {
    let mut schema = schema_of::<CloudEvent>().to_value();
    schema["$id"] = json!("urn:iris:schema:envelope");
    let properties = &mut schema["properties"];
    properties["specversion"]["const"] = json!("1.0");
    properties["source"]["const"] = json!(SOURCE);
    properties["type"]["pattern"] = json!(r"^iris\.[a-z_]+\.[a-z_]+\.v[1-9][0-9]*$");
    properties["datacontenttype"]["const"] = json!("application/json");
    properties["dataschema"]["format"] = json!("uri");
    properties["sequence"]["pattern"] = json!("^[0-9]{19}$");
    properties["traceparent"]["pattern"] = json!("^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$");
    properties["data"]["type"] = json!("object");
    // Left out where there is none, never null.
    for attribute in ["traceparent", "supplierid", "restaurantid", "accountid"] {
        properties[attribute]["type"] = json!("string");
    }
    schema["propertyNames"] = json!({"pattern": "^[a-z0-9]{1,20}$"});
    schema
}

/// As it is written, not as it is read: what is always there is required, also where it may be null.
pub(super) fn schema_of<T: JsonSchema>() -> Schema {
    let settings = SchemaSettings::draft2020_12().for_serialize().with(|settings| {
        settings.inline_subschemas = true;
    });
    settings.into_generator().into_root_schema_for::<T>()
}
