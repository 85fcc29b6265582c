//! Both kinds of keys are exchanged while webhooks go out, and none fails.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use harness::{IrisProcess, NatsServer, Receiver, TestDatabase, until};
use serde_json::{Value, json};

fn key(id: &str, byte: u8) -> String {
    format!("{id}:{}", BASE64_STANDARD.encode([byte; 32]))
}

/// What the subcommand printed.
async fn secrets(iris: &IrisProcess, arguments: &[&str], keys: &str) -> String {
    let mut command = iris.command("secrets");
    command.args(arguments).env("KEY_ENCRYPTION_KEYS", keys);
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "iris secrets {arguments:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

async fn listed(iris: &IrisProcess, keys: &str) -> Value {
    serde_json::from_str(&secrets(iris, &["list", "--json"], keys).await).unwrap()
}

fn rows(key: &Value) -> i64 {
    key["rows"].as_object().unwrap().values().map(|rows| rows.as_i64().unwrap()).sum()
}

fn keks(listed: &Value) -> BTreeMap<String, bool> {
    let keks = listed["key_encryption_keys"].as_array().unwrap();
    keks.iter()
        .map(|kek| (kek["name"].as_str().unwrap().to_owned(), kek["may_be_removed"].as_bool().unwrap()))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn both_kinds_of_keys_are_exchanged_while_webhooks_go_out_and_none_fails() {
    let database = TestDatabase::create().await;
    let nats = NatsServer::start("rotation").await;
    let partner = Receiver::start().await;
    let old = key("2025", 1);
    let nats_url = nats.url();
    let settings = [
        ("NATS_URL", nats_url.as_str()),
        ("WEBHOOK_ALLOWED_NETWORKS", "127.0.0.0/8"),
        ("KEY_ENCRYPTION_KEYS", old.as_str()),
    ];
    let mut iris = IrisProcess::start_with(&database, &settings).await;
    let beside = iris.beside().await;
    let (admin, elsewhere) = (
        iris.client().logged_in("admin@iris.test").await,
        beside.client().logged_in("admin@iris.test").await,
    );
    let endpoint = json!({"url": partner.url, "events": ["*"]});
    let registered = admin.post("/webhook-endpoints", &endpoint).await.expect(201);
    let (first_secret, path) =
        (registered.text("secret"), format!("/webhook-endpoints/{}", registered.text("id")));
    let before = listed(&iris, &old).await;
    let sealing = before["data_keys"].as_array().unwrap().last().unwrap().clone();
    assert!(rows(&sealing) > 1, "people and an endpoint: {before:#}");

    // Work goes on through both processes: each ping is signed, each member is sealed.
    let stop = Arc::new(AtomicBool::new(false));
    let working = {
        let (stop, admin, elsewhere, path) =
            (Arc::clone(&stop), admin.clone(), elsewhere.clone(), path.clone());
        tokio::spawn(async move {
            let mut number = 0;
            while !stop.load(Ordering::Relaxed) {
                number += 1;
                let seller =
                    json!({"name": "Fjällets Ost", "contact_email": format!("ost{number}@fjall.example")});
                elsewhere.post("/suppliers", &seller).await.expect(201);
                admin.post(&format!("{path}/ping"), &json!({})).await;
            }
            number
        })
    };
    secrets(&iris, &["rotate"], &old).await;
    let rotated = listed(&iris, &old).await;
    // The endpoint's own secret is exchanged as well, under the new data key.
    let second_secret =
        admin.post(&format!("{path}/rotate-secret"), &json!({})).await.expect(200).text("secret");
    let new_first = format!("{},{old}", key("2026", 2));
    secrets(&iris, &["rewrap"], &new_first).await;
    stop.store(true, Ordering::Relaxed);
    let worked = working.await.unwrap();
    assert!(worked > 3, "it was under load: {worked}");

    let keys = rotated["data_keys"].as_array().unwrap();
    let (retired, current) = (&keys[keys.len() - 2], keys.last().unwrap());
    assert_eq!(retired["id"], sealing["id"]);
    assert!(retired["retired_at"].is_string() && rows(retired) == 0, "{rotated:#}");
    assert!(current["retired_at"].is_null() && rows(current) > rows(&sealing), "{rotated:#}");
    let rewrapped = keks(&listed(&iris, &new_first).await);
    assert_eq!((rewrapped["local:2025"], rewrapped["local:2026"]), (true, false), "{rewrapped:?}");

    // Nothing was refused, lost or sent without its signature.
    let wanted: i64 = sqlx::query_scalar("SELECT count(*) FROM webhooks.deliveries")
        .fetch_one(&database.pool)
        .await
        .unwrap();
    assert!(wanted > 0);
    until("everything is delivered", async || {
        let open: i64 =
            sqlx::query_scalar("SELECT count(*) FROM webhooks.deliveries WHERE state <> 'delivered'")
                .fetch_one(&database.pool)
                .await
                .unwrap();
        open == 0
    })
    .await;
    let attempts: i64 =
        sqlx::query_scalar("SELECT count(*) FROM webhooks.attempts WHERE outcome <> 'delivered'")
            .fetch_one(&database.pool)
            .await
            .unwrap();
    assert_eq!(attempts, 0, "each at the first attempt");
    for webhook in partner.received() {
        let asked = json!({
            "secrets": [first_secret, second_secret],
            "headers": {
                "webhook-id": webhook.id(),
                "webhook-timestamp": webhook.header("webhook-timestamp"),
                "webhook-signature": webhook.header("webhook-signature"),
            },
        });
        assert!(is_signed(&asked, &webhook.body), "{asked}");
    }
    // Who starts with the new key alone opens everything.
    assert_eq!(iris.stop().await, Some(0));
    drop(beside);
    let alone = key("2026", 2);
    let old_alone = iris.command("serve").env("KEY_ENCRYPTION_KEYS", &old).output().unwrap();
    let said = String::from_utf8(old_alone.stderr).unwrap();
    assert!(
        !old_alone.status.success() && said.contains("2026") && said.contains("KEY_ENCRYPTION_KEYS"),
        "{said}"
    );
    let found =
        iris.command("person").args(["find", "admin@iris.test"]).env("KEY_ENCRYPTION_KEYS", &alone).output();
    assert!(found.unwrap().status.success(), "addresses are found as before");
}

/// Standard Webhooks: HMAC-SHA256 over id, time and body, by one of the secrets.
fn is_signed(asked: &Value, body: &[u8]) -> bool {
    use aws_lc_rs::hmac::{HMAC_SHA256, Key, verify};

    let header = |name: &str| asked["headers"][name].as_str().unwrap().to_owned();
    let message =
        [format!("{}.{}.", header("webhook-id"), header("webhook-timestamp")).as_bytes(), body].concat();
    let header = header("webhook-signature");
    let signatures: Vec<Vec<u8>> = header
        .split(' ')
        .map(|signature| BASE64_STANDARD.decode(signature.strip_prefix("v1,").unwrap()).unwrap())
        .collect();
    asked["secrets"].as_array().unwrap().iter().any(|secret| {
        let secret =
            BASE64_STANDARD.decode(secret.as_str().unwrap().strip_prefix("whsec_").unwrap()).unwrap();
        let key = Key::new(HMAC_SHA256, &secret);
        signatures.iter().any(|signature| verify(&key, &message, signature).is_ok())
    })
}
