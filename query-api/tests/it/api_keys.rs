//! API keys as their accounts see them, and reads with one.

use std::time::Duration;

use axum::{
    body::Body,
    http::{Method, Request},
};
use chrono::{DateTime, TimeDelta, Utc};
use events::{
    account::{Account, AccountEvent},
    api_key::{ApiKey, ApiKeyEvent},
    values::{Personal, Role},
};
use platform::auth::NewApiKey;
use secrecy::ExposeSecret as _;
use serde_json::json;
use sqlx::{postgres::PgPoolOptions, types::Json};
use tower::ServiceExt as _;
use uuid::Uuid;

use crate::{
    fixtures::folded,
    log::Recording,
    world::{Caller, World, id, now, time},
};

const KEYS: &str = "/api/v1/api-keys";
const ADMIN: u128 = 100;
const AUDITOR: u128 = 101;
const PARTNER: u128 = 106;
const OTHER: u128 = 107;
/// Of the partner: one that lives, one that was revoked, one that has expired; and one of the other's.
const LIVING: u128 = 60;
const REVOKED: u128 = 61;
const EXPIRED: u128 = 62;
const OTHERS: u128 = 63;

fn caller(number: u128) -> Caller {
    let role = match number {
        ADMIN => "ADMIN",
        AUDITOR => "AUDITOR",
        _ => "PARTNER",
    };
    Caller::new(number, role)
}

async fn town() -> World {
    let world = World::new().await;
    for (age_h, key, account, expires_at, revoked) in [
        (4, LIVING, PARTNER, now() + TimeDelta::days(1), false),
        (3, REVOKED, PARTNER, now() + TimeDelta::days(1), true),
        (2, EXPIRED, PARTNER, now(), false),
        (1, OTHERS, OTHER, now() + TimeDelta::days(1), false),
    ] {
        key_row(&world, (key, account), now() - TimeDelta::hours(age_h), expires_at, revoked).await;
    }
    world
}

async fn key_row(
    world: &World,
    (key, account): (u128, u128),
    at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    revoked: bool,
) {
    let mut events = vec![ApiKeyEvent::ApiKeyIssued {
        account_id: id(account).into(),
        name: "the till".to_owned(),
        scopes: vec!["orders:read".to_owned()],
        expires_at,
        place: 1,
    }];
    if revoked {
        events.push(ApiKeyEvent::ApiKeyRevoked {});
    }
    let state = folded::<ApiKey>(at, &events);
    let sql = "INSERT INTO read.api_keys (key_id, account_id, revoked, expires_at, created_at, state)
               VALUES ($1, $2, $3, $4, $5, $6)";
    let query = sqlx::query(sql).bind(id(key)).bind(id(account)).bind(revoked).bind(expires_at);
    query.bind(at).bind(Json(state)).execute(&world.pool).await.unwrap();
}

/// What the key is recognised by, as an append writes it; returns the key.
async fn secret_of(world: &World, key: u128, account: u128, scopes: &str) -> String {
    let new = NewApiKey::generate(id(key));
    let sql = "INSERT INTO auth.api_keys (key_id, account_id, hash, scopes, expires_at, created_at)
               VALUES ($1, $2, $3, $4, $5, $6)";
    let query = sqlx::query(sql).bind(id(key)).bind(id(account)).bind(new.hash).bind(scopes);
    query.bind(now() + TimeDelta::days(1)).bind(now()).execute(&world.pool).await.unwrap();
    new.text.expose_secret().to_owned()
}

/// The account, in the log, where keys look for its role.
async fn account_of(world: &World, account: u128, role: Role) {
    let email = Personal::new(id(account), "till@partner.example");
    let registered = AccountEvent::AccountRegistered { email, role, invited: true };
    Recording::system().event::<Account>(id(account), 1, &registered).record(world).await;
}

async fn status_of(world: &World, method: Method, path: &str, key: &str) -> (u16, String) {
    let request =
        Request::builder().method(method).uri(path).header("authorization", format!("Bearer {key}"));
    let response = world.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let status = response.status().as_u16();
    let bytes = http_body_util::BodyExt::collect(response.into_body()).await.unwrap().to_bytes();
    let body: serde_json::Value = serde_json::from_slice(&bytes).unwrap_or_default();
    (status, body["code"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn an_account_sees_its_own_keys_and_who_sees_everything_all() {
    let world = town().await;
    let all = [OTHERS, EXPIRED, REVOKED, LIVING].map(id);
    for (who, query, expected) in [
        (PARTNER, String::new(), &all[1..]),
        (OTHER, String::new(), &all[..1]),
        (ADMIN, String::new(), &all[..]),
        (AUDITOR, String::new(), &all[..]),
        (ADMIN, format!("?account_id={}", id(OTHER)), &all[..1]),
        (PARTNER, format!("?account_id={}", id(OTHER)), &[]),
        (PARTNER, format!("?account_id={}", id(PARTNER)), &all[1..]),
        (PARTNER, "?status=active".to_owned(), &all[3..]),
        (PARTNER, "?status=revoked".to_owned(), &all[2..3]),
        (PARTNER, "?status=expired".to_owned(), &all[1..2]),
        (PARTNER, "?limit=1&offset=1".to_owned(), &all[2..3]),
    ] {
        assert_eq!(world.get(caller(who), &format!("{KEYS}{query}")).await.ids(), expected, "{who} {query}");
    }
    world.get(caller(PARTNER), &format!("{KEYS}?status=lost")).await.refused(422, "invalid");
    let counted = world.get(caller(PARTNER), &format!("{KEYS}?count=true&limit=1")).await.json();
    assert_eq!((&counted["total"], counted["items"].as_array().unwrap().len()), (&json!(3), 1));
    let next = format!("{KEYS}?limit=1&cursor={}", counted["next_cursor"].as_str().unwrap());
    assert_eq!(world.get(caller(PARTNER), &next).await.ids(), [id(REVOKED)]);

    let one = |key: u128| format!("{KEYS}/{}", id(key));
    for who in [PARTNER, ADMIN, AUDITOR] {
        let answer = world.get(caller(who), &one(LIVING)).await;
        assert_eq!((answer.status.as_u16(), answer.header("etag")), (200, "\"1\""));
    }
    world.get(caller(OTHER), &one(LIVING)).await.refused(404, "api_key_not_found");
    world.get(caller(OTHER), &one(999)).await.refused(404, "api_key_not_found");
    let revoked = world.get(caller(PARTNER), &one(REVOKED)).await.json();
    assert_eq!(
        (&revoked["status"], &revoked["revoked_at"]),
        (&json!("revoked"), &json!("2026-11-20T06:00:00Z"))
    );
    let living = world.get(caller(PARTNER), &one(LIVING)).await.json();
    assert_eq!((&living["status"], &living["former_valid_until"]), (&json!("active"), &json!(null)));
    assert!(living.get("key").is_none() && living.get("last_used_at").is_none(), "{living}");
}

#[tokio::test]
async fn a_key_reads_what_its_scopes_name_and_who_it_is() {
    let world = town().await;
    account_of(&world, PARTNER, Role::Partner).await;
    world.account(caller(PARTNER)).await;
    let key = secret_of(&world, LIVING, PARTNER, "orders:read invoices:write").await;
    for (method, path, expected) in [
        (Method::GET, "/api/v1/orders", (200, "")),
        (Method::HEAD, "/api/v1/orders", (200, "")),
        (Method::GET, "/api/v1/invoices", (403, "insufficient_scope")),
        (Method::HEAD, "/api/v1/invoices", (403, "")),
        (Method::GET, "/api/v1/products", (403, "insufficient_scope")),
        (Method::POST, "/api/v1/audit/views", (403, "insufficient_scope")),
        (Method::GET, KEYS, (403, "not_with_a_key")),
        (Method::GET, "/api/v1/notification-devices", (403, "not_with_a_key")),
    ] {
        let (status, code) = status_of(&world, method.clone(), path, &key).await;
        assert_eq!((status, code.as_str()), expected, "{method} {path}");
    }
    let headers = [("authorization", format!("Bearer {key}"))];
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    let me = world.get_with(None, "/api/v1/me", &headers).await.json();
    assert_eq!(
        me,
        json!({
            "account_id": id(PARTNER), "email": "till@partner.example", "role": "PARTNER",
            "memberships": [], "grants": [],
            "api_key": {"id": id(LIVING), "scopes": ["orders:read", "invoices:write"]}
        })
    );
    // The account itself has not come to be, as far as its log says.
    let orphan = secret_of(&world, OTHERS, OTHER, "orders:read").await;
    assert_eq!(status_of(&world, Method::GET, "/api/v1/orders", &orphan).await.0, 401);
}

#[tokio::test]
async fn the_reading_role_finds_one_key_at_a_time_and_no_hashes() {
    let world = town().await;
    account_of(&world, PARTNER, Role::Partner).await;
    let key = secret_of(&world, LIVING, PARTNER, "orders:read").await;
    // As in production: a role that owns nothing, so that a missing grant shows here.
    let options = world.pool.connect_options().as_ref().clone().options([("role", "iris_query")]);
    let pool = PgPoolOptions::new().max_connections(3).connect_with(options).await.unwrap();
    let restricted = World::over(pool.clone(), Duration::from_secs(20));
    assert_eq!(status_of(&restricted, Method::GET, "/api/v1/orders", &key).await.0, 200);
    let one = format!("{KEYS}/{}", id(LIVING));
    let mut used_at = json!(null);
    for _ in 0..500 {
        used_at = restricted.get(caller(PARTNER), &one).await.json()["last_used_at"].clone();
        if used_at != json!(null) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(used_at, json!(time("2026-11-20T09:00:00Z")), "noted a moment later");
    let listed = restricted.get(caller(PARTNER), &format!("{KEYS}?count=true&status=active")).await.json();
    assert_eq!(listed["items"][0]["last_used_at"], used_at);
    for sql in [
        "SELECT hash FROM auth.api_keys",
        "UPDATE auth.api_keys SET expires_at = now()",
        "DELETE FROM auth.api_keys",
        "SELECT family_id FROM auth.families",
        "SELECT auth.account_standing('00000000-0000-0000-0000-000000000000')",
    ] {
        let refused = sqlx::query(sql).execute(&pool).await.unwrap_err();
        assert_eq!(refused.as_database_error().unwrap().code().as_deref(), Some("42501"), "{sql}");
    }
    let none: Option<(Uuid,)> = sqlx::query_as("SELECT account_id FROM auth.find_api_key($1)")
        .bind(id(999))
        .fetch_optional(&pool)
        .await
        .unwrap();
    assert_eq!(none, None);
}
