//! What Iris sends, judged by programs that others wrote: `tests/peers`.

use std::{collections::BTreeSet, fs, path::PathBuf};

use async_nats::{ConnectOptions, HeaderMap, ServerAddr, jetstream};
use events::public::PUBLIC_TYPES;
use harness::{ordering::fresh, peers::python};
use invoicing::{
    invoice::Kind,
    sie::{self, NetOfRate, SupplierInvoice},
};
use serde_json::{Value, json};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The files of a folder whose names end so, as text; sorted.
fn files(folder: &str, ending: &str) -> Vec<String> {
    let found = fs::read_dir(root().join(folder)).unwrap().map(|file| file.unwrap().path());
    let wanted: BTreeSet<_> = found.filter(|path| path.to_string_lossy().ends_with(ending)).collect();
    wanted.iter().map(|path| fs::read_to_string(path).unwrap()).collect()
}

/// The kept samples: what goes out, byte for byte of the contract.
fn samples(style: &str) -> Vec<String> {
    files("events/tests/public_golden", &format!(".{style}.json"))
}

/// What is published of every type and of the envelope.
pub fn schemas() -> Vec<Value> {
    parsed(&files("docs/events", ".schema.json"))
}

fn parsed(texts: &[String]) -> Vec<Value> {
    texts.iter().map(|text| serde_json::from_str(text).unwrap()).collect()
}

#[tokio::test]
async fn the_cloudevents_sdk_reads_every_event_and_the_published_schemas_fit() {
    let schemas = schemas();
    let events = [samples("full"), samples("thin")].concat();
    assert_eq!(events.len(), 2 * PUBLIC_TYPES.len());
    let verdicts = python("read_events", &json!({"schemas": schemas, "events": events})).await;
    for (event, verdict) in parsed(&events).iter().zip(verdicts.as_array().unwrap()) {
        assert_eq!(verdict["faults"], json!([]), "{event}");
        assert_eq!((&verdict["type"], &verdict["subject"]), (&event["type"], &event["subject"]));
        assert_eq!(verdict["time"], "2026-11-20T09:00:00.123456+00:00");
    }
    assert_eq!(verdicts.as_array().unwrap().len(), events.len());
}

#[tokio::test]
async fn the_published_schemas_refuse_what_is_not_in_the_contract() {
    let schemas = schemas();
    let placed = fs::read_to_string(root().join("events/tests/public_golden/iris.order.placed.v1.full.json"));
    let placed: Value = serde_json::from_str(&placed.unwrap()).unwrap();
    let spoilt = |pointer: &str, value: Value| {
        let mut event = placed.clone();
        let (parent, field) = pointer.rsplit_once('/').unwrap();
        event.pointer_mut(parent).unwrap()[field] = value;
        event.to_string()
    };
    let events = [
        spoilt("/data/surprise", json!(1)),
        spoilt("/data/lines/0/surprise", json!(1)),
        spoilt("/data/lines/0/qty", json!(2.5)),
        spoilt("/data/lines/0/qty", json!("2.50")),
        spoilt("/data/total_cents", json!(75.53)),
        spoilt("/data/currency", json!("kr")),
        spoilt("/data/order_id", json!("4711")),
        spoilt("/data/requested_delivery_date", json!("tomorrow")),
        spoilt("/data/payment_method", Value::Null),
        spoilt("/sequence", json!("4701")),
        spoilt("/source", json!("urn:other")),
        spoilt("/Surprise", json!(1)),
        // A full event does not pass for a thin one, nor the other way round.
        spoilt("/dataschema", json!("urn:iris:schema:iris.order.placed.v1:thin")),
        spoilt("/data", json!({"order_id": placed["subject"]})),
        // What may come: an extension attribute that receivers ignore.
        spoilt("/surprise", json!("1")),
    ];
    let verdicts = python("read_events", &json!({"schemas": schemas, "events": events})).await;
    let (may_come, refused) = verdicts.as_array().unwrap().split_last().unwrap();
    for (event, verdict) in events.iter().zip(refused) {
        assert_ne!(verdict["faults"], json!([]), "{event}");
    }
    assert_eq!(may_come["faults"], json!([]));
}

#[tokio::test]
async fn the_asyncapi_document_is_one_and_describes_what_is_sent() {
    let document: Value =
        serde_json::from_str(&fs::read_to_string(root().join("docs/asyncapi.json")).unwrap()).unwrap();
    let (events, thin) = (parsed(&samples("full")), parsed(&samples("thin")));
    let asked = json!({"document": document, "events": events, "thin": thin});
    let verdict = python("check_asyncapi", &asked).await;
    assert_eq!(verdict, json!({"document": [], "references": [], "events": []}));
    // The judge can tell a fault of each sort.
    let mut spoilt = document.clone();
    spoilt["operations"]["send.iris.order.placed.v1"]["action"] = json!("shout");
    spoilt["components"]["messages"]["iris.order.placed.v1"]["headers"]["$ref"] =
        json!("#/components/nowhere");
    let mut event = thin[0].clone();
    event["data"] = json!({});
    let asked = json!({"document": spoilt, "events": [], "thin": [event]});
    let verdict = python("check_asyncapi", &asked).await;
    for fault in ["document", "references", "events"] {
        assert_ne!(verdict[fault], json!([]), "{fault}");
    }
}

/// Published by Standard Webhooks and by Svix: secret, id, timestamp, body, signature.
const VECTORS: [(&str, &str, i64, &str, &str); 2] = [
    (
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1_614_265_330,
        r#"{"test": 2432232314}"#,
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    ),
    (
        "whsec_plJ3nmyCDGBKInavdOK15jsl",
        "msg_loFOjxBNrRLzqYUf",
        1_731_705_121,
        r#"{"event_type":"ping","data":{"success":true}}"#,
        "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=",
    ),
];

#[tokio::test]
async fn the_partners_libraries_accept_published_vectors_and_refuse_what_was_tampered_with() {
    for (secret, id, timestamp, body, signature) in VECTORS {
        let at = |id: &str, body: &str, signature: &str, now: Option<i64>| {
            let headers = json!({
                "webhook-id": id, "webhook-timestamp": timestamp.to_string(), "webhook-signature": signature,
            });
            json!({"secrets": [secret], "headers": headers, "body": body, "now": now})
        };
        let other = VECTORS[0].4;
        let rotated = format!("v1,AAAA {signature}");
        let cases = [
            ("verified", at(id, body, signature, Some(timestamp))),
            ("verified", at(id, body, signature, Some(timestamp + 290))),
            ("verified", at(id, body, signature, Some(timestamp - 290))),
            ("verified", at(id, body, &rotated, Some(timestamp))),
            ("No matching signature", at(id, &body.replace(':', ": "), signature, Some(timestamp))),
            ("No matching signature", at("msg_another", body, signature, Some(timestamp))),
            ("No matching signature", at(id, &format!("{body} "), other, Some(timestamp))),
            ("timestamp too old", at(id, body, signature, Some(timestamp + 400))),
            ("timestamp too new", at(id, body, signature, Some(timestamp - 400))),
            // By their own clock the vectors are years old.
            ("timestamp too old", at(id, body, signature, None)),
        ];
        let webhooks: Vec<&Value> = cases.iter().map(|(_, webhook)| webhook).collect();
        let verdicts = python("verify_webhook", &json!({"webhooks": webhooks})).await;
        for ((expected, webhook), verdict) in cases.iter().zip(verdicts.as_array().unwrap()) {
            for library in ["standardwebhooks", "svix"] {
                let said = verdict[library][0].as_str().unwrap();
                assert!(said.contains(expected), "{library} says {said:?} of {webhook}");
            }
        }
        assert_eq!(verdicts.as_array().unwrap().len(), cases.len());
    }
}

#[tokio::test]
async fn a_foreign_reader_finds_every_voucher_of_a_sie_file_and_they_balance() {
    let invoice = |kind, number: &str, supplier_name: &str, rounding_minor| SupplierInvoice {
        kind,
        number: number.to_owned(),
        supplier_name: supplier_name.to_owned(),
        booked_on: "2026-11-20".parse().unwrap(),
        nets: vec![
            NetOfRate { vat_rate: 6.into(), net_minor: 43_042 },
            NetOfRate { vat_rate: 25.into(), net_minor: 44_391 },
        ],
        vat_minor: 13_681,
        rounding_minor,
        payable_minor: 101_114 + rounding_minor,
    };
    let export = sie::Export {
        company_name: "Krogen \"Ängen\" på Öland".to_owned(),
        org_number: Some("5510000119".to_owned()),
        currency: "SEK".to_owned(),
        generated_on: "2026-12-01".parse().unwrap(),
        series: String::new(),
        accounts: sie::Accounts::default(),
        invoices: vec![
            invoice(Kind::Invoice, "1042", "Grönsakskompaniet Åby \\", -14),
            invoice(Kind::CreditNote, "K-7", "Fisk\r\n#TRANS 1930 {} -9.00 & Kött", 0),
        ],
    };
    let bytes = sie::write(&export).unwrap();
    let read = python("read_sie", &json!({"bytes": bytes})).await;
    assert_eq!(read["posts"]["#FNAMN"], json!([export.company_name]));
    assert_eq!(read["posts"]["#ORGNR"], json!(["551000-0119"]));
    assert_eq!(read["accounts"]["2641"], "Debiterad ingående moms");
    let rows = |voucher: usize| read["vouchers"][voucher]["rows"].clone();
    let debit = json!([["4010", "874.33"], ["2641", "136.81"], ["3740", "-0.14"], ["2440", "-1011.00"]]);
    assert_eq!(rows(0), debit);
    assert_eq!(rows(1), json!([["4010", "-874.33"], ["2641", "-136.81"], ["2440", "1011.14"]]));
    let vouchers = read["vouchers"].as_array().unwrap();
    assert!(vouchers.len() == 2 && vouchers.iter().all(|voucher| voucher["sum"] == "0.00"), "{read}");
    assert_eq!(vouchers[0]["fields"], json!(["", "", "20261120", "Faktura 1042 Grönsakskompaniet Åby /"]));
    let text = "Kreditfaktura K-7 Fisk  #TRANS 1930 {} -9.00 & Kött";
    assert_eq!(vouchers[1]["fields"][3], text);
}

async fn connected(url: &str) -> async_nats::Client {
    let server: ServerAddr = url.parse().unwrap();
    let options = match (server.username(), server.password()) {
        (Some(user), Some(password)) => {
            ConnectOptions::with_user_and_password(user.to_owned(), password.to_owned())
        }
        _ => ConnectOptions::new(),
    };
    options.connect(server).await.unwrap()
}

#[tokio::test]
async fn a_foreign_client_reads_a_stream_from_its_start() {
    let url = std::env::var("IRIS_TEST_NATS_URL").expect("run the tests by `make test`");
    let jetstream = jetstream::new(connected(&url).await);
    // The server is everybody's: a stream of this test's own.
    let name = format!("PEERS_{}", fresh().simple());
    let config = jetstream::stream::Config {
        name: name.clone(),
        subjects: vec![format!("{name}.>")],
        ..Default::default()
    };
    jetstream.create_stream(config).await.unwrap();
    let bodies = samples("full");
    for (number, body) in bodies.iter().enumerate() {
        let mut headers = HeaderMap::new();
        headers.insert("Iris-Position", number.to_string());
        let subject = format!("{name}.order.{number}");
        jetstream.publish_with_headers(subject, headers, body.clone().into()).await.unwrap().await.unwrap();
    }
    let asked = json!({"url": url, "stream": name, "count": bodies.len()});
    let read = python("read_stream", &asked).await;
    jetstream.delete_stream(&name).await.unwrap();
    for (number, (body, message)) in bodies.iter().zip(read.as_array().unwrap()).enumerate() {
        assert_eq!(message["subject"], format!("{name}.order.{number}"));
        assert_eq!(message["headers"]["Iris-Position"], number.to_string());
        assert_eq!(message["body"], *body);
        assert_eq!(message["stream_sequence"], number + 1);
    }
    assert_eq!(read.as_array().unwrap().len(), bodies.len());
}
