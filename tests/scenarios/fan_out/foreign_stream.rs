//! The stream as somebody else's client reads it.

use events::public::public_type;
use harness::{Receiver, peers::python};
use serde_json::{Value, json};

use super::world::World;
use crate::foreign_peers::schemas;

impl World {
    /// Waits, through nats-py, until the stream holds everything that the log publishes: each event once, in
    /// the order of the log.
    pub async fn the_stream_holds_everything_once(&self) -> Vec<Value> {
        let published = self.published(0).await;
        let wanted: Vec<String> = published.iter().map(|event| event.position.to_string()).collect();
        let request = json!({"url": self.nats.url(), "count": wanted.len()});
        let messages = python("read_stream", &request).await;
        let messages = messages.as_array().unwrap().clone();
        let positions: Vec<&str> =
            messages.iter().map(|message| message["headers"]["Iris-Position"].as_str().unwrap()).collect();
        assert_eq!(positions, wanted);
        messages
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_client_reads_cloud_events_that_satisfy_our_schemas() {
    let world = World::open("foreign", Receiver::start().await).await;
    world.clients().trade("order").await;
    let messages = world.the_stream_holds_everything_once().await;
    let mut types: Vec<&str> = Vec::new();
    for message in &messages {
        let event: Value = serde_json::from_str(message["body"].as_str().unwrap()).unwrap();
        let public_type = public_type(event["type"].as_str().unwrap()).unwrap();
        types.push(public_type.name);
        let (aggregate, happening) = (public_type.aggregate, public_type.happening);
        let subject = format!("iris.events.{aggregate}.{happening}.{}", event["subject"].as_str().unwrap());
        assert_eq!(message["subject"], subject);
        assert_eq!(message["headers"]["Nats-Msg-Id"], event["id"]);
        let position: i64 = event["sequence"].as_str().unwrap().parse().unwrap();
        assert_eq!(message["headers"]["Iris-Position"], position.to_string());
    }
    for wanted in ["iris.order.placed.v1", "iris.delivery.marked.v1", "iris.restaurant.approved.v1"] {
        assert!(types.contains(&wanted), "{wanted}");
    }
    let bodies: Vec<&Value> = messages.iter().map(|message| &message["body"]).collect();
    let verdicts = python("read_events", &json!({"schemas": schemas(), "events": bodies})).await;
    assert_eq!(verdicts.as_array().unwrap().len(), messages.len());
    for verdict in verdicts.as_array().unwrap() {
        assert_eq!(verdict["faults"], json!([]), "{verdict}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn foreign_libraries_verify_every_webhook_and_refuse_a_tampered_one() {
    let world = World::open("foreign-webhooks", Receiver::start().await).await;
    world.clients().trade("order").await;
    world.partner_has_heard_everything().await;
    let webhook = |webhook: &harness::Webhook, body: &str| {
        let names = ["webhook-id", "webhook-timestamp", "webhook-signature"];
        let headers: serde_json::Map<_, _> =
            names.iter().map(|name| ((*name).to_owned(), webhook.header(name).into())).collect();
        json!({"secrets": [world.secret], "headers": headers, "body": body})
    };
    let received = world.partner.received();
    let texts: Vec<_> = received.iter().map(|hook| String::from_utf8(hook.body.to_vec()).unwrap()).collect();
    let genuine = received.iter().zip(&texts).map(|(hook, body)| webhook(hook, body));
    let tampered = received.iter().zip(&texts).map(|(hook, body)| webhook(hook, &body.replace("SEK", "EUR")));
    let asked: Vec<Value> = genuine.chain(tampered).collect();
    let verdicts = python("verify_webhook", &json!({"webhooks": asked})).await;
    let (genuine, tampered) = verdicts.as_array().unwrap().split_at(received.len());
    for verdict in genuine {
        assert_eq!(verdict["standardwebhooks"], json!(["verified"]));
        assert_eq!(verdict["svix"], json!(["verified"]));
    }
    let mut refused = 0;
    for (verdict, body) in tampered.iter().zip(&texts).filter(|(_, body)| body.contains("SEK")) {
        assert_ne!(verdict["standardwebhooks"], json!(["verified"]), "{body}");
        assert_ne!(verdict["svix"], json!(["verified"]), "{body}");
        refused += 1;
    }
    assert!(refused > 0, "there was something to tamper with");
}
