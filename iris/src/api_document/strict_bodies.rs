//! What the document says of bodies that come in, in one place for all of them.
//!
//! No body takes a member that it does not know (`platform::body`), and none may be `null`: one that is optional is
//! left out. The macros that describe types cannot know either.

use std::collections::BTreeSet;

use utoipa::openapi::{
    OpenApi as Document, Ref, RefOr, Schema,
    path::{Operation, PathItem},
    request_body::RequestBody,
    schema::{AdditionalProperties, ArrayItems, Object, SchemaType, Type},
};

/// Closes every object that a body can hold, and takes `null` away where a body may be left out.
pub(super) fn close(document: &mut Document) {
    let mut reached = Reached::default();
    for body in document.paths.paths.values_mut().flat_map(operations).filter_map(body_of) {
        for content in body.content.values_mut() {
            let RefOr::T(content) = content else { continue };
            let Some(schema) = &mut content.schema else { continue };
            without_null(schema);
            reached.close(schema);
        }
    }
    let Some(components) = &mut document.components else { return };
    let mut closed = BTreeSet::new();
    while let Some(name) = reached.0.difference(&closed).next().cloned() {
        if let Some(schema) = components.schemas.get_mut(&name) {
            reached.close(schema);
        }
        closed.insert(name);
    }
}

fn operations(path: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem { get, put, post, delete, patch, .. } = path;
    [get, put, post, delete, patch].into_iter().flatten()
}

fn body_of(operation: &mut Operation) -> Option<&mut RequestBody> {
    match &mut operation.request_body {
        Some(RefOr::T(body)) => Some(body),
        _ => None,
    }
}

/// `Option<T>` is written as T or null; a body that is absent is no `null`.
fn without_null(schema: &mut RefOr<Schema>) {
    let RefOr::T(Schema::OneOf(one_of)) = schema else { return };
    one_of.items.retain(|item| !matches!(item, RefOr::T(Schema::Object(object)) if is_null(object)));
    if let [only] = one_of.items.as_slice() {
        *schema = only.clone();
    }
}

fn is_null(object: &Object) -> bool {
    object.schema_type == SchemaType::Type(Type::Null)
}

/// Names of the components that bodies lead to.
#[derive(Default)]
struct Reached(BTreeSet<String>);

impl Reached {
    fn close(&mut self, schema: &mut RefOr<Schema>) {
        match schema {
            RefOr::Ref(Ref { ref_location, .. }) => {
                self.0.extend(ref_location.rsplit('/').next().map(ToOwned::to_owned));
            }
            RefOr::T(Schema::Object(object)) => self.close_object(object),
            RefOr::T(Schema::Array(array)) => {
                if let ArrayItems::RefOrSchema(item) = &mut array.items {
                    self.close(item);
                }
            }
            RefOr::T(Schema::OneOf(one_of)) => one_of.items.iter_mut().for_each(|item| self.close(item)),
            RefOr::T(Schema::AnyOf(any_of)) => any_of.items.iter_mut().for_each(|item| self.close(item)),
            // Each part would refuse the members of the others; none of ours is made of parts.
            RefOr::T(_) => {}
        }
    }

    fn close_object(&mut self, object: &mut Object) {
        object.properties.values_mut().for_each(|property| self.close(property));
        // An object that names no members holds whatever its sender likes.
        if !object.properties.is_empty() && object.additional_properties.is_none() {
            object.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(false)));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn bodies_are_closed_and_never_null_and_answers_stay_as_they_are() {
        let object =
            json!({ "type": "object", "properties": { "a": { "$ref": "#/components/schemas/Inner" } } });
        let inner = json!({ "type": "object", "properties": { "b": { "type": "string" } } });
        let body = json!({ "oneOf": [{ "$ref": "#/components/schemas/Outer" }, { "type": "null" }] });
        let answer = json!({ "$ref": "#/components/schemas/Answer" });
        let mut document: Document = serde_json::from_value(json!({
            "openapi": "3.1.0",
            "info": { "title": "t", "version": "1" },
            "paths": { "/x": { "post": {
                "requestBody": { "content": { "application/json": { "schema": body } } },
                "responses": { "200": { "description": "", "content": { "application/json": { "schema": answer } } } },
            } } },
            "components": { "schemas": {
                "Outer": object, "Inner": inner, "Answer": inner, "Free": { "type": "object" }
            } },
        }))
        .unwrap();
        close(&mut document);
        let closed = serde_json::to_value(document).unwrap();
        let body = &closed["paths"]["/x"]["post"]["requestBody"]["content"]["application/json"]["schema"];
        assert_eq!(*body, json!({ "$ref": "#/components/schemas/Outer" }));
        let schemas = &closed["components"]["schemas"];
        assert_eq!(schemas["Outer"]["additionalProperties"], json!(false));
        assert_eq!(schemas["Inner"]["additionalProperties"], json!(false));
        assert!(schemas["Answer"].get("additionalProperties").is_none());
        assert!(schemas["Free"].get("additionalProperties").is_none());
    }
}
