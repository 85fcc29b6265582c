//! What the document tells of the commands.

use serde_json::Value;

use crate::world::in_world;

/// Visits every object of the document.
fn visit(value: &Value, seen: &mut impl FnMut(&serde_json::Map<String, Value>)) {
    match value {
        Value::Object(members) => {
            seen(members);
            members.values().for_each(|member| visit(member, seen));
        }
        Value::Array(items) => items.iter().for_each(|item| visit(item, seen)),
        _ => {}
    }
}

fn operations(document: &Value) -> Vec<(String, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    let methods = |(path, item): (&String, _)| {
        let item: &Value = item;
        let methods = ["get", "post", "put", "patch", "delete"].into_iter();
        let found = methods.filter_map(|method| Some((format!("{method} {path}"), item.get(method)?)));
        found.collect::<Vec<_>>()
    };
    paths.iter().flat_map(methods).collect()
}

#[tokio::test]
async fn every_command_is_documented_with_its_statuses() {
    in_world(async |world| {
        let document = world.openapi();
        let commands: Vec<_> = operations(&document)
            .into_iter()
            // Logins come before any token, links in mails without one; an import is a file with statuses of
            // its own.
            .filter(|(name, _)| {
                let apart = ["/auth/", "/import", "/unsubscribe"];
                !name.starts_with("get") && !apart.iter().any(|part| name.contains(part))
            })
            .collect();
        assert!(commands.len() >= 34, "{}", commands.len());
        for (name, operation) in commands {
            let responses = operation["responses"].as_object().unwrap();
            for status in ["401", "403", "422", "503"] {
                assert!(responses.contains_key(status), "{name} does not document {status}");
            }
            assert!(responses.contains_key("200"), "{name} does not document its answer");
            assert!(operation["security"].is_array(), "{name} says nothing of its token");
            assert!(operation["summary"].is_string(), "{name} has no summary");
            let takes_key = operation["parameters"]
                .as_array()
                .is_some_and(|known| known.iter().any(|parameter| parameter["name"] == "Idempotency-Key"));
            assert!(takes_key, "{name} does not document Idempotency-Key");
            let has_path_id = name.contains("{id}");
            assert!(!has_path_id || responses.contains_key("404"), "{name} does not document 404");
        }
    })
    .await;
}

#[tokio::test]
async fn every_reference_of_the_document_leads_somewhere() {
    in_world(async |world| {
        let document = world.openapi();
        let mut references = Vec::new();
        visit(&document, &mut |members| {
            if let Some(Value::String(reference)) = members.get("$ref") {
                references.push(reference.clone());
            }
        });
        assert!(!references.is_empty());
        for reference in references {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
        }
    })
    .await;
}

#[tokio::test]
async fn what_reading_a_body_may_answer_is_documented_for_every_body() {
    in_world(async |world| {
        let document = world.openapi();
        let with_json = operations(&document)
            .into_iter()
            .filter(|(_, operation)| operation.pointer("/requestBody/content/application~1json").is_some())
            // Bytes that are proven before they are read, and refused as a whole.
            .filter(|(name, _)| !name.ends_with("/auth/clerk/webhooks"));
        for (name, operation) in with_json {
            for status in ["400", "413", "415", "422"] {
                assert!(operation["responses"].get(status).is_some(), "{name} does not document {status}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_header_that_may_be_left_out_is_never_null() {
    in_world(async |world| {
        let document = world.openapi();
        for (name, operation) in operations(&document) {
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            for header in parameters.filter(|parameter| parameter["in"] == "header") {
                assert!(header["schema"]["type"].is_string(), "{name}: {header}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn bodies_have_examples() {
    in_world(async |world| {
        let document = world.openapi();
        for (name, operation) in operations(&document) {
            let Some(schema) = operation.pointer("/requestBody/content/application~1json/schema") else {
                continue;
            };
            let reference = schema["$ref"].as_str().or_else(|| schema["oneOf"][0]["$ref"].as_str());
            let pointer = reference.unwrap_or_else(|| panic!("{name}: {schema}")).trim_start_matches('#');
            if pointer.ends_with("/Nothing") {
                continue;
            }
            assert!(document.pointer(pointer).unwrap()["example"].is_object(), "{name} has no example");
        }
    })
    .await;
}
