//! How the program starts, or says in one line why not.

use std::process::Command;

use harness::{IrisProcess, TestDatabase, iris_binary, until};

fn refusal(settings: &[(&str, &str)]) -> String {
    let mut command = Command::new(iris_binary());
    command.arg("serve").env_clear();
    for (name, value) in settings {
        command.env(name, value);
    }
    let output = command.output().unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said.trim_end().lines().count(), 1, "one line: {said}");
    said
}

const SECRET: (&str, &str) = ("APP_SECRET", "thirty-two bytes at the very least, or more");
const NOWHERE: (&str, &str) = ("DATABASE_URL", "postgres://iris:hunter2@127.0.0.1:1/iris");

#[test]
fn a_missing_or_malformed_setting_is_named() {
    assert!(refusal(&[SECRET]).contains("DATABASE_URL"));
    assert!(refusal(&[NOWHERE]).contains("APP_SECRET"));
    assert!(refusal(&[NOWHERE, ("APP_SECRET", "short")]).contains("APP_SECRET"));
    assert!(refusal(&[NOWHERE, SECRET, ("MAX_PAGE_LIMIT", "many")]).contains("MAX_PAGE_LIMIT"));
    assert!(refusal(&[NOWHERE, SECRET, ("CORS_ORIGINS", "*")]).contains("CORS_ORIGINS"));
}

#[test]
fn logins_by_password_are_refused_in_production() {
    let said = refusal(&[NOWHERE, SECRET, ("IRIS_ENV", "production"), ("AUTH_PROVIDER", "local")]);
    assert!(said.contains("AUTH_PROVIDER"), "{said}");
    // Also where nobody says which provider: the default is the local one.
    assert!(refusal(&[NOWHERE, SECRET, ("IRIS_ENV", "production")]).contains("AUTH_PROVIDER"));
}

#[test]
fn no_refusal_shows_a_password() {
    let said = refusal(&[NOWHERE, SECRET]);
    assert!(said.contains("127.0.0.1") && !said.contains("hunter2"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_secret_than_people_were_sealed_under_is_refused() {
    let database = TestDatabase::create().await;
    let mut iris = IrisProcess::start(&database).await;
    assert_eq!(iris.stop().await, Some(0));
    let other = iris
        .command("serve")
        .env("SECRETS_KEY", "another one of thirty-two bytes at least")
        .output()
        .unwrap();
    let said = String::from_utf8(other.stderr).unwrap();
    assert!(!other.status.success() && said.contains("SECRETS_KEY"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_tells_how_it_is_and_ends_in_order() {
    let database = TestDatabase::create().await;
    let mut iris = IrisProcess::start(&database).await;
    // Ready is who can answer; the read models report as they begin.
    let all = [
        "accounts",
        "api_keys",
        "billing",
        "carts",
        "catalogue",
        "inventory",
        "invoiced_prices",
        "invoices",
        "orders",
        "price_rules",
        "privileged_actions",
        "restaurants",
        "suppliers",
        "trade_relations",
        "webhook_endpoints",
    ];
    until("every read model has begun, and all is well", async || {
        let health = reqwest::get(format!("{}/health", iris.base)).await.unwrap();
        let health: serde_json::Value = health.json().await.unwrap();
        let states = health["projections"].as_array().unwrap();
        let names: Vec<&str> = states.iter().map(|state| state["name"].as_str().unwrap()).collect();
        health["status"] == "healthy" && names == all
    })
    .await;
    // Gauges of the projections come with their first look at the clock.
    until("every metric is told", async || {
        let metrics = reqwest::get(format!("{}/metrics", iris.base)).await.unwrap().text().await.unwrap();
        ["iris_api_requests_total", "iris_api_latency_seconds_bucket", "iris_projection_lag_events"]
            .iter()
            .all(|metric| metrics.contains(metric))
    })
    .await;
    for page in ["/docs/", "/api/v1/openapi.json", "/version"] {
        assert!(reqwest::get(format!("{}{page}", iris.base)).await.unwrap().status().is_success(), "{page}");
    }
    assert_eq!(iris.stop().await, Some(0), "SIGTERM ends it in order");
}
