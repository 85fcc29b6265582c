//! The public catalogue.

use std::collections::BTreeSet;

use events::public::PUBLIC_TYPES;

use crate::world::{Caller, World};

#[tokio::test]
async fn any_account_may_read_the_catalogue_and_nobody_else() {
    let world = World::new().await;
    for role in ["ADMIN", "SUPPLIER", "RESTAURANT", "AUDITOR", "PARTNER"] {
        let answer = world.get(Caller::new(1, role), "/api/v1/event-types").await;
        let items = answer.json()["items"].as_array().unwrap().clone();
        let names: BTreeSet<&str> = items.iter().map(|item| item["type"].as_str().unwrap()).collect();
        assert_eq!(names, PUBLIC_TYPES.iter().map(|of| of.name).collect(), "{role}");
        for item in &items {
            let fields: BTreeSet<&String> = item.as_object().unwrap().keys().collect();
            assert_eq!(fields.into_iter().collect::<Vec<_>>(), ["description", "schema", "type"]);
            let id = format!("urn:iris:schema:{}", item["type"].as_str().unwrap());
            assert_eq!((&item["schema"]["$id"], &item["schema"]["type"]), (&id.into(), &"object".into()));
        }
    }
    world.get(Caller::new(1, "COOK"), "/api/v1/event-types").await.refused(403, "unknown_role");
    world.get_with(None, "/api/v1/event-types", &[]).await.refused(401, "unauthorized");
}

#[tokio::test]
async fn how_events_are_sent_is_told_to_everybody() {
    let world = World::new().await;
    let document = world.get_with(None, "/api/v1/asyncapi.json", &[]).await.json();
    assert_eq!(document, query_api::asyncapi());
    assert_eq!(
        document["channels"]["iris.delivery.marked.v1"]["address"],
        "iris.events.order.delivery_marked.{aggregateId}"
    );
    assert_eq!(document["channels"].as_object().unwrap().len(), PUBLIC_TYPES.len() + 1, "and webhooks");
}
