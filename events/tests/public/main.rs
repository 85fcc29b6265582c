//! What leaves the house, and what does not; a sample of every public type is kept forever.
//!
//! `public_golden/<type>.{full,thin}.json` holds the envelope as it goes out, made by `publish` from an inner event.
//! A new type gets new files (`GOLDEN=write cargo test -p events --test public` writes those that are missing); an
//! existing file never changes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod inner;
mod samples;

use std::{collections::BTreeSet, fs, path::PathBuf};

use events::{
    invoice::{Invoice, Stated},
    order::Order,
    product::Product,
    public::{
        Audience, NotACloudEvent, PUBLIC_TYPES, PublicEvent, THIN_FIELD_SUFFIX, envelope_schema,
        needs_origin, publish,
    },
    values::{AccountId, RestaurantId, SupplierId},
    webhook_endpoint::{EndpointOwner, PayloadStyle, WebhookEndpoint},
};
use samples::{
    ENDPOINT, INVOICE, KEPT_IN, ORDER, PRODUCT, RESTAURANT, SUPPLIER, TRACEPARENT, id, recorded, told,
};
use serde_json::{Value, json};

const STYLES: [(PayloadStyle, &str); 2] = [(PayloadStyle::Full, "full"), (PayloadStyle::Thin, "thin")];

fn golden(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/public_golden").join(name)
}

fn wire(event: &PublicEvent) -> Value {
    serde_json::from_str(&event.to_cloud_event(PayloadStyle::Full)).unwrap()
}

#[test]
fn every_type_goes_out_as_its_sample_says_forever() {
    let mut kept_names = BTreeSet::new();
    for event in samples::all() {
        for (style, style_name) in STYLES {
            let name = format!("{}.{style_name}.json", event.public_type().name);
            let sent: Value = serde_json::from_str(&event.to_cloud_event(style)).unwrap();
            if std::env::var("GOLDEN").is_ok_and(|mode| mode == "write") && !golden(&name).exists() {
                fs::create_dir_all(golden("")).unwrap();
                fs::write(golden(&name), format!("{sent:#}\n")).unwrap();
            }
            let kept = fs::read_to_string(golden(&name)).unwrap_or_else(|_| panic!("{name} is missing"));
            assert_eq!(sent, serde_json::from_str::<Value>(&kept).unwrap(), "a released event never changes");
            kept_names.insert(name);
        }
    }
    let files = fs::read_dir(golden("")).unwrap().flatten();
    assert_eq!(
        files.map(|file| file.file_name().into_string().unwrap()).collect::<BTreeSet<_>>(),
        kept_names
    );
    let sampled: BTreeSet<_> = samples::all().iter().map(|event| event.public_type().name).collect();
    assert_eq!(sampled, PUBLIC_TYPES.iter().map(|of| of.name).collect(), "every type has its sample");
}

#[test]
fn what_was_sent_in_full_is_read_as_what_it_was() {
    for event in samples::all() {
        let sent = event.to_cloud_event(PayloadStyle::Full);
        assert_eq!(PublicEvent::from_cloud_event(sent.as_bytes()).unwrap(), event, "{sent}");
    }
}

#[test]
fn what_is_not_ours_is_not_taken_for_ours() {
    let event = wire(&samples::all()[0]);
    let read = |field: &str, value: Value| {
        let mut event = event.clone();
        event[field] = value;
        PublicEvent::from_cloud_event(event.to_string().as_bytes())
    };
    assert!(matches!(read("source", json!("urn:other")), Err(NotACloudEvent::Foreign)));
    assert!(matches!(read("specversion", json!("0.3")), Err(NotACloudEvent::Foreign)));
    assert!(matches!(read("sequence", json!("first")), Err(NotACloudEvent::Sequence)));
    assert!(matches!(read("type", json!("iris.order.placed.v2")), Err(NotACloudEvent::UnknownType(_))));
    assert!(matches!(read("data", json!({"order_id": id(1)})), Err(NotACloudEvent::Shape(_))));
    let mut more = event["data"].clone();
    more["surprise"] = json!(1);
    assert!(matches!(read("data", more), Err(NotACloudEvent::Shape(_))));
    assert!(matches!(PublicEvent::from_cloud_event(b"{"), Err(NotACloudEvent::Shape(_))));
}

#[test]
fn thin_keeps_what_it_is_about_and_has_a_schema_of_its_own() {
    for event in samples::all() {
        let thin: Value = serde_json::from_str(&event.to_cloud_event(PayloadStyle::Thin)).unwrap();
        let fields = thin["data"].as_object().unwrap();
        assert!(!fields.is_empty() && fields.keys().all(|name| name.ends_with(THIN_FIELD_SUFFIX)), "{thin}");
        for (style, sent) in [(PayloadStyle::Full, &wire(&event)), (PayloadStyle::Thin, &thin)] {
            let schema = event.public_type().data_schema(style);
            assert_eq!(sent["dataschema"], schema["$id"]);
            let promised: BTreeSet<_> = schema["properties"].as_object().unwrap().keys().collect();
            assert_eq!(sent["data"].as_object().unwrap().keys().collect::<BTreeSet<_>>(), promised);
        }
    }
}

#[test]
fn nothing_private_goes_out() {
    for event in samples::all() {
        let sent = event.to_cloud_event(PayloadStyle::Full);
        for private in KEPT_IN {
            assert!(!sent.contains(private), "{private} in {sent}");
        }
    }
}

#[test]
fn the_trace_goes_out_and_everything_else_about_the_request_stays() {
    let event = &samples::all()[0];
    assert_eq!(wire(event)["traceparent"], TRACEPARENT);
    let mut untraced = recorded::<Order>(ORDER, 1, &samples::placed());
    for metadata in ["{}", "not JSON"] {
        untraced.metadata = metadata.to_owned();
        let event = publish(&untraced, None).unwrap().unwrap();
        assert_eq!(wire(&event).get("traceparent"), None, "absent, not null");
    }
}

#[test]
fn each_event_is_for_its_parties_and_offers_are_for_everyone() {
    let (supplier_id, restaurant_id) = (Some(SupplierId(id(SUPPLIER))), Some(RestaurantId(id(RESTAURANT))));
    for event in samples::all() {
        let name = event.public_type().name;
        let nobody = Audience::default();
        let expected = match (event.public_type().aggregate, event.public_type().happening) {
            ("restaurant", _) | ("invoice", "held") => Audience { restaurant_id, ..nobody },
            ("order" | "invoice", _) => Audience { supplier_id, restaurant_id, ..nobody },
            ("product", _) => Audience { supplier_id, everyone: true, ..nobody },
            ("stock" | "supplier" | "forecast", _) => Audience { supplier_id, ..nobody },
            ("webhook_endpoint", "ping") => nobody,
            ("webhook_endpoint", _) => Audience { account_id: Some(AccountId(id(0x52))), ..nobody },
            other => panic!("{other:?}"),
        };
        assert_eq!(event.audience, expected, "{name}");
    }
}

#[test]
fn an_endpoints_trouble_is_for_its_owner() {
    let (supplier_id, restaurant_id) = (SupplierId(id(SUPPLIER)), RestaurantId(id(RESTAURANT)));
    for (owner, expected) in [
        (
            EndpointOwner::Supplier(supplier_id),
            Audience { supplier_id: Some(supplier_id), ..Audience::default() },
        ),
        (
            EndpointOwner::Restaurant(restaurant_id),
            Audience { restaurant_id: Some(restaurant_id), ..Audience::default() },
        ),
        (EndpointOwner::Platform, Audience::default()),
    ] {
        let event = told::<WebhookEndpoint>(ENDPOINT, &samples::registered(owner), &samples::failing());
        assert_eq!(event.unwrap().audience, expected);
    }
}

#[test]
fn an_invoice_of_nobody_known_is_for_its_sender() {
    let sender = Audience { account_id: Some(AccountId(id(0x99))), ..Audience::default() };
    let received = samples::received(Stated::default());
    let event = publish(&recorded::<Invoice>(INVOICE, 1, &received), None).unwrap().unwrap();
    assert_eq!(event.audience, sender);
    let held = told::<Invoice>(INVOICE, &received, &samples::held(None)).unwrap();
    assert_eq!(held.audience, sender);
    // What the sender said holds until an order is found.
    let held = told::<Invoice>(INVOICE, &samples::received(samples::stated()), &samples::held(None)).unwrap();
    assert_eq!(held.audience.restaurant_id, Some(RestaurantId(id(RESTAURANT))));
    assert!(publish(&recorded::<Invoice>(INVOICE, 2, &samples::held(None)), None).is_err());
}

#[test]
fn a_decision_about_an_invoice_says_all_by_itself() {
    let matched = recorded::<Invoice>(INVOICE, 5, &samples::matched());
    assert!(!needs_origin(&matched));
    let data = &wire(&publish(&matched, None).unwrap().unwrap())["data"];
    assert_eq!(
        (&data["status"], &data["accepted"]["by"]),
        (&json!("matched_with_variance"), &json!("restaurant"))
    );
    let line = |number: usize| data["lines"][number]["order_line_id"].clone();
    assert_eq!(line(0), json!(id(0x13)));
    assert_eq!(line(1), json!(null), "a line of a credit note has the same number, and is another line");
    let sum = |rows: &str, field: &str| -> i64 {
        data[rows].as_array().unwrap().iter().map(|row| row[field].as_i64().unwrap()).sum()
    };
    let amount = |field: &str| data[field].as_i64().unwrap();
    assert_eq!(sum("lines", "line_net_cents") + sum("charges", "amount_cents"), amount("net_cents"));
    assert_eq!(sum("taxes", "tax_cents"), amount("tax_cents"));
    assert_eq!(
        amount("total_cents") - amount("prepaid_cents") + amount("rounding_cents"),
        amount("payable_cents")
    );
}

#[test]
fn a_later_event_without_its_origin_is_a_fault_and_not_left_out_in_silence() {
    let confirmed = recorded::<Order>(ORDER, 2, &samples::confirmed());
    assert!(needs_origin(&confirmed));
    assert!(publish(&confirmed, None).is_err());
    // Neither another stream's beginning nor a later event of the same stream will do.
    assert!(publish(&confirmed, Some(&recorded::<Order>(0x77, 1, &samples::placed()))).is_err());
    assert!(publish(&confirmed, Some(&recorded::<Order>(ORDER, 2, &samples::placed()))).is_err());
    // Nor one that says nothing of a beginning.
    assert!(publish(&confirmed, Some(&recorded::<Order>(ORDER, 1, &samples::confirmed()))).is_err());
    let gone = recorded::<Product>(PRODUCT, 2, &events::product::ProductEvent::ProductDeactivated {});
    assert!(publish(&gone, None).is_err());
    let failing = recorded::<WebhookEndpoint>(ENDPOINT, 2, &samples::failing());
    assert!(publish(&failing, None).is_err());
    assert!(!needs_origin(&recorded::<Order>(ORDER, 1, &samples::placed())));
}

#[test]
fn schemas_are_closed_and_described_and_say_what_the_catalogue_says() {
    let mut ids = BTreeSet::new();
    for of in PUBLIC_TYPES {
        for (style, _) in STYLES {
            let schema = of.data_schema(style);
            assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
            assert_eq!(schema["description"], of.description, "{}", of.name);
            assert!(ids.insert(schema["$id"].as_str().unwrap().to_owned()), "{}", of.name);
            complete(&schema, of.name);
        }
    }
    let envelope = envelope_schema();
    assert!(ids.insert(envelope["$id"].as_str().unwrap().to_owned()));
    // Every attribute that an event carries is one that the envelope's schema knows.
    for event in samples::all() {
        for name in wire(&event).as_object().unwrap().keys() {
            assert!(envelope["properties"][name]["description"].is_string(), "{name}");
        }
    }
}

/// Every object is closed, and every field described and of a type; what is always written is required.
fn complete(schema: &Value, path: &str) {
    if let Some(items) = schema.get("items") {
        complete(items, path);
    }
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return };
    assert_eq!(schema["additionalProperties"], false, "{path}");
    assert!(schema["title"].is_string() || path.contains('/'), "{path}");
    assert_eq!(schema["required"].as_array().unwrap().len(), properties.len(), "{path}");
    for (name, property) in properties {
        let path = format!("{path}/{name}");
        assert!(property["description"].is_string(), "{path}");
        assert!(property.get("type").is_some() || property.get("oneOf").is_some(), "{path}");
        complete(property, &path);
    }
}
