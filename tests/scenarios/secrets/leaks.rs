//! Nothing secret is in what a running Iris writes, answers, keeps or publishes.

use std::{fs, path::Path, process::Command};

use axum::{Router, http::StatusCode};
use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD},
};
use harness::{
    Client, IrisProcess, NatsServer, Receiver, TestDatabase, client::Answer, process::APP_SECRET, until,
};
use serde_json::json;

use super::fake_vault::{FakeVault, TOKEN};

const SECRETS_KEY: &str = "a key of secrets that stands nowhere else at all";
const RESEND_KEY: &str = "re_8f2kQ0aLeakedNowhere";
const WRONG_PASSWORD: &str = "not-the-password-of-anybody-4711";
const DATABASE_PASSWORD: &str = "database-password-of-one-test-0815";
const KEY_BYTES: [u8; 32] = *b"key-encryption-key of one test!!";

/// What was written, by where.
type Places = Vec<(String, Vec<u8>)>;
/// A secret, by what it is; all of them are ASCII.
type Secret = (String, String);

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_shows_in_logs_metrics_answers_the_database_or_the_stream() {
    let database = TestDatabase::create().await;
    let (nats, partner, vault) =
        (NatsServer::start("leaks").await, Receiver::start().await, FakeVault::start().await);
    let provider = refusing_provider().await;
    let database_url = login(&database).await;
    let (nats_url, keys) = (nats.url(), format!("2025:{}", BASE64_STANDARD_NO_PAD.encode(KEY_BYTES) + "="));
    let settings = [
        ("DATABASE_URL", database_url.as_str()),
        ("NATS_URL", nats_url.as_str()),
        ("RUST_LOG", "debug"),
        ("SECRETS_KEY", SECRETS_KEY),
        ("KEY_ENCRYPTION_KEYS", keys.as_str()),
        ("KEY_PROVIDER", "vault"),
        ("VAULT_ADDR", vault.url.as_str()),
        ("VAULT_TOKEN", TOKEN),
        ("VAULT_TRANSIT_KEY", "iris"),
        ("WEBHOOK_ALLOWED_NETWORKS", "127.0.0.0/8"),
        ("PUBLIC_URL", "https://iris.example"),
        ("MAIL_FROM", "Iris <no-reply@iris.example>"),
        ("RESEND_API_KEY", RESEND_KEY),
        ("RESEND_BASE_URL", provider.as_str()),
    ];
    let mut iris = IrisProcess::start_with(&database, &settings).await;
    let mut answers = Places::new();
    let mut secrets = live(&iris, &partner, &database, &mut answers).await;
    for (name, secret) in [
        ("APP_SECRET", APP_SECRET),
        ("SECRETS_KEY", SECRETS_KEY),
        ("KEY_ENCRYPTION_KEYS", &keys[5..]),
        ("VAULT_TOKEN", TOKEN),
        ("RESEND_API_KEY", RESEND_KEY),
        ("a wrong password", WRONG_PASSWORD),
        ("the password of the demo", "iris-dev"),
        ("the password of the database", DATABASE_PASSWORD),
    ] {
        secrets.push((name.to_owned(), secret.to_owned()));
    }
    secrets.push((
        "the bytes of KEY_ENCRYPTION_KEYS".to_owned(),
        str::from_utf8(&KEY_BYTES).unwrap().to_owned(),
    ));
    let metrics = reqwest::get(format!("{}/metrics", iris.base)).await.unwrap().bytes().await.unwrap();
    let rotated = iris.command("secrets").arg("rewrap").output().unwrap();
    assert_eq!(iris.stop().await, Some(0), "which writes what is left of the log");

    let mut places = answers;
    places.push(("/metrics".to_owned(), metrics.to_vec()));
    places.push(("iris secrets rewrap".to_owned(), [rotated.stdout, rotated.stderr].concat()));
    places.push(("the log".to_owned(), log_of(&iris)));
    places.push(("the database".to_owned(), dump(&database)));
    places.extend(files_below(nats.directory()));
    // The search finds what is there.
    let places: Vec<(&str, String)> = places
        .iter()
        .map(|(name, bytes)| (name.as_str(), String::from_utf8_lossy(bytes).into_owned()))
        .collect();
    let holds = |place: &str, text: &str| {
        places.iter().any(|(name, written)| name.starts_with(place) && written.contains(text))
    };
    assert!(holds("the log", "DEBUG") && holds("the log", "request"), "the log is of level debug");
    assert!(holds("the database", "\\x02") && holds("/metrics", "iris_key_provider_requests_total"));
    assert!(places.iter().any(|(name, _)| name.contains("jetstream")), "NATS stores something");

    let mut leaks = Vec::new();
    for (name, secret) in &secrets {
        for form in forms(secret) {
            let holding = places.iter().filter(|(_, written)| written.contains(&form));
            leaks.extend(holding.map(|(place, _)| format!("{name} in {place}")));
        }
    }
    assert_eq!(leaks, Vec::<String>::new());
}

/// Logins, an API key and the one after it, a webhook endpoint and its secrets, a delivery, mails that the provider
/// refuses, and faults of every kind.
async fn live(
    iris: &IrisProcess,
    partner: &Receiver,
    database: &TestDatabase,
    answers: &mut Places,
) -> Vec<Secret> {
    let nobody = iris.client();
    let login = json!({"email": "admin@iris.test", "password": "iris-dev"});
    let login = nobody.post("/auth/dev/login", &login).await.expect(200);
    let (access, refresh) = (login.text("access_token"), login.text("refresh_token"));
    let admin = nobody.with_token(&access);
    let again = nobody.post("/auth/refresh", &json!({"refresh_token": refresh})).await.expect(200);
    let endpoint = json!({"url": partner.url, "events": ["*"]});
    let registered = admin.try_post("/webhook-endpoints", "endpoint", &endpoint).await.unwrap().expect(201);
    let path = format!("/webhook-endpoints/{}", registered.text("id"));
    let rotated = admin.try_post(&format!("{path}/rotate-secret"), "rotation", &json!({})).await.unwrap();
    let rotated = rotated.expect(200);
    admin.post(&format!("{path}/ping"), &json!({})).await;
    until("a delivery", async || !partner.received().is_empty()).await;
    let (issued, replaced) = api_key(iris, &admin).await;
    let order = order(iris).await;
    until("the provider of mails has refused one", async || {
        // It refuses our key, so no mail is to blame: what waits is the channel.
        let refused = "SELECT EXISTS (SELECT FROM notifications.channels WHERE pause_reason IS NOT NULL)";
        sqlx::query_scalar(refused).fetch_one(&database.pool).await.unwrap()
    })
    .await;

    let wrong = json!({"email": "admin@iris.test", "password": WRONG_PASSWORD});
    let secret = registered.text("secret");
    let broken = admin.with_token(&format!("{access}x"));
    let faults = [
        ("a wrong password", nobody.post("/auth/dev/login", &wrong).await),
        ("a broken login", nobody.post("/auth/dev/login", &json!({"passwort": WRONG_PASSWORD})).await),
        ("a used refresh token", nobody.post("/auth/refresh", &json!({"refresh_token": refresh})).await),
        ("no refresh token", nobody.post("/auth/refresh", &json!({"refresh_token": [refresh]})).await),
        ("a broken token", broken.get("/me").await),
        ("an unknown field", admin.post("/webhook-endpoints", &json!({"secret": secret})).await),
        ("no id", admin.get("/webhook-endpoints/none").await),
        ("a wrong state", admin.post(&format!("/orders/{order}/deliver"), &json!({})).await),
    ];
    for (name, answer) in faults {
        assert!(answer.status.is_client_error(), "{name}: {}", answer.status);
        answers.push((format!("the answer to {name}"), answer.bytes));
    }
    let shown = admin.get(&path).await.expect(200);
    answers.push(("the endpoint as it is read".to_owned(), shown.bytes));
    let secrets = [
        ("an access token", access.clone()),
        ("the signature of an access token", access.rsplit('.').next().unwrap().to_owned()),
        ("a refresh token", refresh),
        ("the next refresh token", again.text("refresh_token")),
        ("a webhook's secret", secret.trim_start_matches("whsec_").to_owned()),
        ("the secret of an API key", issued),
        ("the secret of the key after it", replaced),
        ("its next secret", rotated.text("secret").trim_start_matches("whsec_").to_owned()),
    ];
    secrets.into_iter().map(|(name, secret)| (name.to_owned(), secret)).collect()
}

/// One that was called with, and the one that took its place and was called with as well.
async fn api_key(iris: &IrisProcess, owner: &Client) -> (String, String) {
    let wanted = json!({"name": "the till", "scopes": ["orders:read"]});
    let issued = owner.post("/api-keys", &wanted).await.expect(201);
    let called_with = async |key: &str| {
        iris.client().with_token(key).get("/orders?limit=1").await.expect(200);
    };
    called_with(&issued.text("key")).await;
    let rotation = format!("/api-keys/{}/rotate", issued.text("id"));
    let replaced = owner.post(&rotation, &json!({})).await.expect(200);
    called_with(&replaced.text("key")).await;
    iris.client().with_token(&issued.text("key")).get("/orders?limit=1").await.expect(401);
    // Behind `ik_` and the id, which is no secret.
    let secret = |answer: &Answer| answer.text("key").split_off("ik_".len() + 23);
    (secret(&issued), secret(&replaced))
}

/// One that its supplier is mailed about.
async fn order(iris: &IrisProcess) -> String {
    let restaurant: Client = iris.client().logged_in("restaurant@iris.test").await;
    let supplier = iris.client().logged_in("supplier@iris.test").await;
    let id = async |client: &Client| {
        client.get("/me").await.body["memberships"][0]["id"].as_str().unwrap().to_owned()
    };
    let offers = restaurant.get(&format!("/products?supplier_id={}&limit=1", id(&supplier).await)).await;
    let cart = restaurant.insist("/carts", "cart", &json!({"restaurant_id": id(&restaurant).await})).await;
    let item = json!({"product_id": offers.body["items"][0]["id"], "qty": "1"});
    restaurant.insist(&format!("/carts/{}/items", cart.text("id")), "item", &item).await;
    let placing = json!({"cart_id": cart.text("id"), "payment_method": "invoice"});
    restaurant.insist("/orders", "order", &placing).await.text("id")
}

/// Answers everything with what it was asked, as a refusal: whoever quotes answers would quote the key.
async fn refusing_provider() -> String {
    let refuse = async |headers: axum::http::HeaderMap| {
        (
            StatusCode::UNAUTHORIZED,
            headers.get("authorization").map(|key| format!("{key:?}")).unwrap_or_default(),
        )
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(refuse)).await.unwrap() });
    url
}

/// A login whose password is not its name.
async fn login(database: &TestDatabase) -> String {
    let create = format!(
        "DO $$ BEGIN CREATE ROLE iris_leak_test LOGIN PASSWORD '{DATABASE_PASSWORD}'; \
         EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
    );
    sqlx::raw_sql(&create).execute(&database.pool).await.unwrap();
    let (host, port) = (database.options.get_host(), database.options.get_port());
    format!("postgres://iris_leak_test:{DATABASE_PASSWORD}@{host}:{port}/{}", database.name)
}

/// As it is, as hexadecimal digits, and as base64 wherever it begins.
fn forms(secret: &str) -> Vec<String> {
    let mut forms = vec![secret.to_owned(), hex::encode(secret)];
    for offset in 0..3 {
        let shifted = [&[0_u8; 2][..offset], secret.as_bytes()].concat();
        for encoded in [BASE64_STANDARD_NO_PAD.encode(&shifted), BASE64_URL_SAFE_NO_PAD.encode(&shifted)] {
            // The characters at both ends also depend on what stands beside it.
            forms.push(encoded[4..encoded.len() - 4].to_owned());
        }
    }
    forms
}

fn log_of(iris: &IrisProcess) -> Vec<u8> {
    let port = iris.base.rsplit(':').next().unwrap();
    fs::read(std::env::temp_dir().join(format!("iris-test-{port}.log"))).unwrap()
}

/// The whole database as text.
fn dump(database: &TestDatabase) -> Vec<u8> {
    let programs = std::env::var_os("IRIS_TEST_PG_BIN").expect("run the tests by `make test`");
    let output = Command::new(Path::new(&programs).join("pg_dump")).arg(database.url()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn files_below(folder: &Path) -> Places {
    let mut files = Places::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.push((path.display().to_string(), fs::read(&path).unwrap_or_default()));
        }
    }
    files
}
