//! Clerk vouches for callers: its users become accounts, and what it says of them holds in every process.

use std::sync::{Arc, Mutex};

use axum::{Json, Router, extract::State, http::StatusCode, routing::get};
use harness::{Client, IrisProcess, TestDatabase, peers::python, until};
use serde_json::{Value, json};

const ISSUER: &str = "https://clerk.shop.example";
const PARTY: &str = "https://app.shop.example";
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const USER: &str = "user_29w83sxmDNGwOuEthce5gg56FcC";
/// Of the demo data: an operator registered it, and nobody logs in to it yet.
const ADMIN: &str = "admin@iris.test";

/// What Clerk publishes; nothing yet, to begin with.
type Published = Arc<Mutex<Option<Value>>>;

async fn publishing() -> (String, Published) {
    let published = Published::default();
    let keys = async |State(published): State<Published>| {
        let keys = published.lock().unwrap().clone();
        keys.map(Json).ok_or(StatusCode::SERVICE_UNAVAILABLE)
    };
    let router = Router::new().route("/jwks", get(keys)).with_state(Arc::clone(&published));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/jwks", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, published)
}

fn user_created(user: &str, email: &str) -> String {
    json!({"type": "user.created", "object": "event", "timestamp": 1_654_012_591_835_i64, "data": {
        "id": user, "object": "user", "updated_at": 1_654_012_591_835_i64, "banned": false, "locked": false,
        "primary_email_address_id": "idn_1", "public_metadata": {},
        "email_addresses": [{"id": "idn_1", "email_address": email, "verification": {"status": "verified"}}]
    }})
    .to_string()
}

/// What Clerk's own library and Svix's make of an instance, as of now.
async fn clerk(webhooks: &[String]) -> Value {
    let asked =
        json!({"issuer": ISSUER, "party": PARTY, "user": USER, "secret": SECRET, "webhooks": webhooks});
    python("clerk", &asked).await
}

async fn deliver(iris: &IrisProcess, webhook: &Value) -> StatusCode {
    let url = format!("{}/api/v1/auth/clerk/webhooks", iris.base);
    let mut request = reqwest::Client::new().post(url).body(webhook["body"].as_str().unwrap().to_owned());
    for (name, value) in webhook["headers"].as_object().unwrap() {
        request = request.header(name, value.as_str().unwrap());
    }
    request.send().await.unwrap().status()
}

fn holding(iris: &IrisProcess, clerk: &Value, token: &str) -> Client {
    iris.client().with_token(clerk["tokens"][token]["token"].as_str().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn clerks_users_are_let_in_as_long_as_clerk_and_we_say_so() {
    let (jwks_url, published) = publishing().await;
    let clerk = clerk(&[
        user_created(USER, ADMIN),
        user_created("user_29w83sxmDNGwOuEthce5gg56FcZ", "cook@krog.example"),
        json!({"type": "user.deleted", "object": "event", "data": {"deleted": true, "id": USER, "object": "user"}})
            .to_string(),
    ])
    .await;
    let database = TestDatabase::create().await;
    let settings = [
        ("AUTH_PROVIDER", "clerk"),
        ("CLERK_ISSUER", ISSUER),
        ("CLERK_JWKS_URL", jwks_url.as_str()),
        ("CLERK_AUTHORIZED_PARTIES", PARTY),
        ("CLERK_WEBHOOK_SECRET", SECRET),
    ];
    let iris = IrisProcess::start_with(&database, &settings).await;
    let other = iris.beside().await;

    // Clerk was down when we started: that is said, and ends by itself.
    let early = holding(&iris, &clerk, "good").get("/me").await.expect(503);
    assert_eq!(early.body["code"], "identity_provider_unavailable");
    assert!(early.headers.contains_key("retry-after"));
    *published.lock().unwrap() = Some(clerk["jwks"].clone());
    for process in [&iris, &other] {
        let me = holding(process, &clerk, "good");
        until("Clerk's keys are there", async || me.get("/me").await.status != 503).await;
        let unlinked = me.get("/me").await.expect(403);
        assert_eq!(unlinked.body["code"], "account_not_linked");
    }

    // A webhook that Svix signed links whom an operator registered.
    assert_eq!(deliver(&iris, &clerk["webhooks"][0]).await, StatusCode::NO_CONTENT);
    assert_eq!(deliver(&other, &clerk["webhooks"][0]).await, StatusCode::NO_CONTENT);
    for process in [&iris, &other] {
        let me = holding(process, &clerk, "good").get("/me").await.expect(200);
        assert_eq!((&me.body["email"], &me.body["role"]), (&json!(ADMIN), &json!("ADMIN")));
    }

    // What Clerk's own library refuses we refuse, and three things more.
    let stricter = ["pending", "without a session", "of another issuer"];
    for (name, judged) in clerk["tokens"].as_object().unwrap() {
        let is_taken = judged["verdict"] == "taken" && !stricter.contains(&name.as_str());
        let status = holding(&iris, &clerk, name).get("/me").await.status;
        let expected = match (is_taken, name.as_str()) {
            (true, "good") => 200,
            (true, _) => 403,
            (false, _) => 401,
        };
        assert_eq!(status, expected, "{name}: {judged}");
    }

    // Who is disabled is out of both processes at once.
    assert_eq!(deliver(&iris, &clerk["webhooks"][1]).await, StatusCode::NO_CONTENT);
    let (admin, cook) = (holding(&iris, &clerk, "good"), holding(&other, &clerk, "of another user"));
    let me = cook.get("/me").await.expect(200);
    assert_eq!((&me.body["email"], &me.body["role"]), (&json!("cook@krog.example"), &json!("RESTAURANT")));
    let account = me.text("account_id");
    admin.post(&format!("/accounts/{account}/disable"), &json!({"reason": "Har slutat"})).await.expect(200);
    assert_eq!(cook.get("/me").await.expect(403).body["code"], "account_disabled");
    admin.post(&format!("/accounts/{account}/enable"), &json!({})).await.expect(200);
    cook.get("/me").await.expect(200);

    // The history has it in words, and auditors find who was kept out by whom.
    let path = format!("/audit/streams/account/{account}");
    let history = admin.get(&path).await.expect(200).body.to_string();
    for words in
        ["Linked the account to a user of clerk", "Disabled the account, because", "Enabled the account"]
    {
        assert!(history.contains(words), "{words} in {history}");
    }
    until("auditors see it", async || {
        let accesses = admin.get("/audit/access?kind=login_changed").await.expect(200);
        accesses.body["items"].as_array().unwrap().len() == 4
    })
    .await;

    // Logins are Clerk's now; and whoever it deletes is out.
    for path in ["/auth/dev/login", "/auth/refresh", "/auth/logout"] {
        iris.client().post(path, &json!({})).await.expect(404);
    }
    assert_eq!(deliver(&other, &clerk["webhooks"][2]).await, StatusCode::NO_CONTENT);
    assert_eq!(admin.get("/me").await.expect(403).body["code"], "account_disabled");
}
