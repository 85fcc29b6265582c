//! The part of the OpenAPI document that this crate answers for.

use serde_json::Value;

use crate::world::World;

/// The same whatever is in the log: these know of no position.
const CONSTANT: [&str; 2] = ["/api/v1/asyncapi.json", "/api/v1/event-types"];
/// A view stands where it stands: there is nothing to wait for.
const VIEWS: &str = "/api/v1/audit/views";
/// Of suppliers that whoever is not theirs does not find.
const PRICING: [&str; 2] = ["/api/v1/price-proposals", "/api/v1/price-rules"];
/// Runs of jobs are no part of the log.
const JOBS: &str = "/api/v1/jobs";

#[tokio::test]
async fn every_route_is_documented_with_its_refusals_and_takes_a_position() {
    let world = World::new().await;
    let (_, document) = query_api::router(world.state()).split_for_parts();
    let document = serde_json::to_value(document).unwrap();
    let paths = document["paths"].as_object().unwrap();
    assert_eq!(paths.len(), 64);
    for (path, item) in paths.iter().filter(|(path, _)| !CONSTANT.contains(&path.as_str())) {
        let get = &item["get"];
        let responses = get["responses"].as_object().unwrap();
        for status in ["200", "400", "401", "403", "503"] {
            assert!(responses.contains_key(status), "{path} {status}");
        }
        // An account's preferences are one resource, though no id names it.
        let is_list_without_owner = !path.contains('{') && !path.ends_with("/notification-preferences");
        assert_eq!(
            responses.contains_key("404"),
            !is_list_without_owner || takes(get, "restaurant_id") || PRICING.contains(&path.as_str()),
            "{path}"
        );
        let has_position = !path.starts_with(VIEWS) && path != JOBS;
        assert_eq!(takes(get, "Iris-Min-Position"), has_position, "{path}");
        assert_eq!(get["tags"].as_array().map(Vec::len), Some(1), "{path}");
        assert!(get["summary"].as_str().is_some_and(|summary| summary.len() > 10), "{path}");
    }
    for organisations in ["restaurants", "suppliers"] {
        let partners = &paths[&format!("/api/v1/{organisations}/{{id}}/partners")]["get"]["responses"];
        let told = partners["403"]["description"].as_str().unwrap();
        assert!(told.contains("`owner_only`"), "what all reads say must not hide what this one says: {told}");
    }
    let example =
        &paths["/api/v1/orders/{id}"]["get"]["responses"]["200"]["content"]["application/json"]["example"];
    assert_eq!(example["lines"][0]["qty"], "2.5");
}

#[tokio::test]
async fn every_schema_that_is_named_is_there() {
    let world = World::new().await;
    let (_, document) = query_api::router(world.state()).split_for_parts();
    let document = serde_json::to_value(document).unwrap();
    let text = document.to_string();
    let named = text.split("\"#/components/schemas/").skip(1).map(|rest| rest.split('"').next().unwrap());
    let known = document["components"]["schemas"].as_object().unwrap();
    let missing: Vec<&str> = named.filter(|name| !known.contains_key(*name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    // An alias of a type that may be absent would stand for every such type at once.
    assert!(!known.contains_key("Option"));
}

fn takes(operation: &Value, parameter: &str) -> bool {
    operation["parameters"].as_array().unwrap().iter().any(|known| known["name"] == parameter)
}
