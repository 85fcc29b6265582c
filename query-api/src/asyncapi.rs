//! `GET /api/v1/asyncapi.json`: how public events are sent, over NATS and as webhooks, for machines to read.

use axum::Json;
use events::{
    public::{PUBLIC_TYPES, PublicType, envelope_schema},
    webhook_endpoint::PayloadStyle,
};
use serde_json::{Map, Value, json};

/// What the envelope is sent as.
const CONTENT_TYPE: &str = "application/cloudevents+json";
/// The channel without an address: each webhook endpoint has its own.
const WEBHOOK: &str = "webhook";

/// How events are sent: an `AsyncAPI` 3.0 document.
#[utoipa::path(
    get, path = "/api/v1/asyncapi.json", tag = "events", security(()),
    responses((status = 200, description = "An AsyncAPI 3.0 document.", body = Object))
)]
pub(crate) async fn get_asyncapi() -> Json<Value> {
    Json(asyncapi())
}

/// The `AsyncAPI` document; the same whenever it is asked for.
///
/// # Source
/// `AsyncAPI` 3.0.0. Its schemas are a superset of JSON Schema draft 7, which the schemas of the contract keep to
/// in all but their declaration.
pub fn asyncapi() -> Value {
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Iris: public events",
            "version": "1.0.0",
            "description": "What happens between restaurants and their suppliers, as CloudEvents 1.0. A type never \
                changes once it is released: what must change gets a new version beside the old one. Every event \
                can come more than once, with the same `id`; of one `subject` they come in the order of `sequence`.",
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": CONTENT_TYPE,
        "servers": servers(),
        "channels": channels(),
        "operations": operations(),
        "components": {
            "messages": messages(),
            "schemas": schemas(),
            "securitySchemes": {"nats": {"type": "userPassword", "description": "As the operator gives them out."}},
        },
    })
}

fn servers() -> Value {
    json!({
        "nats": {
            "host": "{host}:{port}",
            "protocol": "nats",
            "description": "JetStream, stream `IRIS_EVENTS`, for services inside the house.",
            "variables": {
                "host": {"description": "Of the operator's NATS.", "default": "localhost"},
                "port": {"description": "Its port.", "default": "4222"},
            },
            "security": [{"$ref": "#/components/securitySchemes/nats"}],
        },
        "receiver": {
            "host": "{receiver}",
            "protocol": "https",
            "description": "A webhook endpoint, as registered by `POST /api/v1/webhook-endpoints`.",
            "variables": {
                "receiver": {"description": "Host of the endpoint's URL.", "default": "partner.example"},
            },
        },
    })
}

fn channels() -> Value {
    let mut channels: Map<String, Value> = PUBLIC_TYPES.iter().map(channel).collect();
    channels.insert(
        WEBHOOK.to_owned(),
        json!({
            "address": null,
            "title": "Webhooks",
            "description": "Each event is posted to the URL of every endpoint that wants its type and may hear of \
                it. An answer of 2xx within 15 s is taken for receipt; anything else is tried again, for three days.",
            "servers": [{"$ref": "#/servers/receiver"}],
            "messages": {WEBHOOK: {"$ref": "#/components/messages/webhook"}},
        }),
    );
    Value::Object(channels)
}

fn channel(of: &PublicType) -> (String, Value) {
    let channel = json!({
        "address": format!("iris.events.{}.{}.{{aggregateId}}", of.aggregate, of.happening),
        "description": of.description,
        "servers": [{"$ref": "#/servers/nats"}],
        "parameters": {"aggregateId": {"description": "The envelope's `subject`."}},
        "messages": {of.name: {"$ref": format!("#/components/messages/{}", of.name)}},
    });
    (of.name.to_owned(), channel)
}

fn operations() -> Value {
    let mut operations: Map<String, Value> =
        PUBLIC_TYPES.iter().map(|of| (format!("send.{}", of.name), send(of.name, of.description))).collect();
    let mut webhook = send(WEBHOOK, "Deliver an event to a webhook endpoint.");
    webhook["bindings"] = json!({"http": {"method": "POST", "bindingVersion": "0.3.0"}});
    operations.insert(format!("send.{WEBHOOK}"), webhook);
    Value::Object(operations)
}

fn send(channel: &str, summary: &str) -> Value {
    json!({
        "action": "send",
        "channel": {"$ref": format!("#/channels/{channel}")},
        "summary": summary,
        "messages": [{"$ref": format!("#/channels/{channel}/messages/{channel}")}],
    })
}

fn messages() -> Value {
    let mut messages: Map<String, Value> = PUBLIC_TYPES.iter().map(message).collect();
    let any: Vec<Value> = PUBLIC_TYPES.iter().map(webhook_payload).collect();
    messages.insert(
        WEBHOOK.to_owned(),
        json!({
            "name": WEBHOOK,
            "title": "Webhook",
            "summary": "Any event, signed as Standard Webhooks has it.",
            "description": "An endpoint that asked for thin payloads gets of `data` only the ids.",
            "contentType": CONTENT_TYPE,
            "headers": {"$ref": "#/components/schemas/webhook-headers"},
            "payload": {"oneOf": any},
        }),
    );
    Value::Object(messages)
}

fn message(of: &PublicType) -> (String, Value) {
    let message = json!({
        "name": of.name,
        "title": of.data_schema(PayloadStyle::Full)["title"],
        "summary": of.description,
        "contentType": CONTENT_TYPE,
        "headers": {"$ref": "#/components/schemas/nats-headers"},
        "payload": payload(of, &reference(of, PayloadStyle::Full)),
    });
    (of.name.to_owned(), message)
}

fn webhook_payload(of: &PublicType) -> Value {
    let styles = [PayloadStyle::Full, PayloadStyle::Thin].map(|style| reference(of, style));
    payload(of, &json!({"anyOf": styles}))
}

/// The envelope, with the `data` of that type.
fn payload(of: &PublicType, data: &Value) -> Value {
    json!({
        "allOf": [
            {"$ref": "#/components/schemas/envelope"},
            {
                "type": "object",
                "properties": {
                    "type": {"const": of.name},
                    "data": data,
                },
            },
        ],
    })
}

fn schemas() -> Value {
    let styles = [PayloadStyle::Full, PayloadStyle::Thin];
    let named = |of: &PublicType, style| (schema_name(of, style), undeclared(of.data_schema(style)));
    let mut schemas: Map<String, Value> =
        PUBLIC_TYPES.iter().flat_map(|of| styles.map(|style| named(of, style))).collect();
    schemas.insert("envelope".to_owned(), undeclared(envelope_schema()));
    schemas.insert("nats-headers".to_owned(), nats_headers());
    schemas.insert("webhook-headers".to_owned(), webhook_headers());
    Value::Object(schemas)
}

fn schema_name(of: &PublicType, style: PayloadStyle) -> String {
    match style {
        PayloadStyle::Full => of.name.to_owned(),
        PayloadStyle::Thin => format!("{}.thin", of.name),
    }
}

fn reference(of: &PublicType, style: PayloadStyle) -> Value {
    json!({"$ref": format!("#/components/schemas/{}", schema_name(of, style))})
}

/// As a part of another document: an `$id` would change what references beside it mean.
fn undeclared(mut schema: Value) -> Value {
    if let Some(keywords) = schema.as_object_mut() {
        keywords.retain(|keyword, _| keyword != "$id" && keyword != "$schema");
    }
    schema
}

fn nats_headers() -> Value {
    json!({
        "type": "object",
        "required": ["Nats-Msg-Id", "Iris-Position", "Iris-Previous-Position", "Content-Type"],
        "properties": {
            "Nats-Msg-Id": {"type": "string", "format": "uuid", "description": "The envelope's `id`."},
            "Iris-Position": {"type": "string", "description": "Position in the log, decimal."},
            "Iris-Previous-Position": {
                "type": "string",
                "description": "Position of the event published before this one, 0 for the first: \
                    a reader that has not seen that one has missed something.",
            },
            "Content-Type": {"type": "string", "const": CONTENT_TYPE},
        },
    })
}

fn webhook_headers() -> Value {
    json!({
        "type": "object",
        "required": ["webhook-id", "webhook-timestamp", "webhook-signature", "content-type"],
        "properties": {
            "webhook-id": {
                "type": "string",
                "description": "The same at every attempt: what a receiver tells repetitions by.",
            },
            "webhook-timestamp": {"type": "string", "description": "Of the attempt, Unix seconds."},
            "webhook-signature": {
                "type": "string",
                "description": "`v1,` and the base64 of HMAC-SHA256 over id, timestamp and body, joined by dots; \
                    several, parted by spaces, while a secret is being rotated.",
            },
            "content-type": {"type": "string", "const": CONTENT_TYPE},
        },
    })
}
