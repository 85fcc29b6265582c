//! Webhook endpoints and their deliveries, as their owners see them.

use std::time::Duration;

use chrono::TimeDelta;
use events::{
    values::MemberRole::{Owner, Staff},
    webhook_endpoint::{
        Condition, ConditionTest, EndpointDetails, EndpointOwner, WebhookEndpoint, WebhookEndpointEvent,
    },
};
use serde_json::{Value, json};
use sqlx::{postgres::PgPoolOptions, types::Json};
use uuid::Uuid;

use crate::{
    fixtures::{folded, restaurant_details, supplier_details},
    world::{Caller, World, id, now},
};

const OF_RESTAURANT: u128 = 60;
const OF_SUPPLIER: u128 = 61;
const OF_PARTNER: u128 = 62;
const OF_PLATFORM: u128 = 63;
const DELETED: u128 = 64;
const ALL: [u128; 4] = [OF_RESTAURANT, OF_SUPPLIER, OF_PARTNER, OF_PLATFORM];
const RESTAURANT: u128 = 20;
const SUPPLIER: u128 = 10;

const ADMIN: u128 = 100;
const CALLERS: [(u128, &str); 8] = [
    (ADMIN, "ADMIN"),
    (101, "AUDITOR"),
    (102, "RESTAURANT"),
    (103, "RESTAURANT"),
    (104, "SUPPLIER"),
    (105, "SUPPLIER"),
    (106, "PARTNER"),
    (107, "PARTNER"),
];

fn caller(number: u128) -> Caller {
    let (_, role) = CALLERS.into_iter().find(|(known, _)| *known == number).unwrap();
    Caller::new(number, role)
}

/// A restaurant and a supplier, each with an OWNER and STAFF; two partners, one with an endpoint, the other
/// granted by the restaurant; an endpoint of each kind, and a deleted one of the restaurant's.
async fn town() -> World {
    let world = World::new().await;
    let members = [(caller(102), Owner), (caller(103), Staff)];
    world.restaurant(id(RESTAURANT), restaurant_details("R"), &members).await;
    let members = [(caller(104), Owner), (caller(105), Staff)];
    world.supplier(id(SUPPLIER), supplier_details("S"), &members).await;
    world.grant("restaurant", id(RESTAURANT), caller(107)).await;
    for (number, owner) in [
        (OF_RESTAURANT, EndpointOwner::Restaurant(id(RESTAURANT).into())),
        (OF_SUPPLIER, EndpointOwner::Supplier(id(SUPPLIER).into())),
        (OF_PARTNER, EndpointOwner::Partner(id(106).into())),
        (OF_PLATFORM, EndpointOwner::Platform),
        (DELETED, EndpointOwner::Restaurant(id(RESTAURANT).into())),
    ] {
        endpoint(&world, number, owner).await;
    }
    world
}

pub async fn endpoint(world: &World, number: u128, owner: EndpointOwner) {
    let test = ConditionTest::AtLeast(100_000);
    let details = EndpointDetails {
        url: format!("https://partner.example/{number}"),
        event_types: vec!["iris.order.placed.v1".to_owned()],
        conditions: vec![Condition { field: "total_cents".to_owned(), test }],
        in_flight_max: 8,
        ..EndpointDetails::default()
    };
    let secret = |number: u128| id(number);
    let registered = WebhookEndpointEvent::WebhookEndpointRegistered {
        owner,
        details,
        secret_id: secret(1),
        handshake: false,
    };
    let rotated = |number: u128, hours: i64| WebhookEndpointEvent::WebhookSecretRotated {
        secret_id: secret(number),
        former_valid_until: now() + TimeDelta::hours(hours),
    };
    let mut events = vec![registered, rotated(2, -1), rotated(3, 24)];
    if number == DELETED {
        events.push(WebhookEndpointEvent::WebhookEndpointDeleted {});
    }
    let state = folded::<WebhookEndpoint>(now(), &events);
    let sql = "INSERT INTO read.webhook_endpoints (endpoint_id, owner_id, status, created_at, state)
               VALUES ($1, $2, $3, $4, $5)";
    let query = sqlx::query(sql).bind(id(number)).bind(owner.id()).bind(state.state.status.name());
    query.bind(state.created_at).bind(Json(state)).execute(&world.pool).await.unwrap();
}

/// A delivery of the n-th minute, newer than those before it.
async fn delivery(world: &World, number: u128, state: &str, event_type: &str, attempts: i32) {
    let sql =
        "INSERT INTO webhooks.deliveries (delivery_id, endpoint_id, event_id, event_type, payload_style,
                   aggregate_id, position, origin, state, attempts, due, created_at, finished_at)
               VALUES ($1, $2, $3, $4, 'full', $5, $6, 'live', $7, $8, $9, $10, $11)";
    let created_at = now() + TimeDelta::minutes(i64::try_from(number).unwrap());
    sqlx::query(sql)
        .bind(id(number))
        .bind(id(OF_RESTAURANT))
        .bind(id(number + 1_000))
        .bind(event_type)
        .bind(id(50))
        .bind(i64::try_from(number).unwrap())
        .bind(state)
        .bind(attempts)
        .bind(created_at + TimeDelta::hours(1))
        .bind(created_at)
        .bind((state != "pending").then_some(created_at))
        .execute(&world.pool)
        .await
        .unwrap();
    let sql = "INSERT INTO webhooks.attempts (delivery_id, number, attempted_at, outcome, status, headers_ms,
                   total_ms, response_headers, response_body)
               VALUES ($1, $2, $3, $4, $5, 12, 15, '{\"content-type\":\"text/plain\"}', $6)";
    for attempt in 1..=attempts {
        let is_last_of_good = state == "delivered" && attempt == attempts;
        let (outcome, status) = if is_last_of_good { ("delivered", 200_i16) } else { ("http_status", 503) };
        let query = sqlx::query(sql).bind(id(number)).bind(attempt).bind(created_at).bind(outcome);
        query.bind(status).bind(&b"no\xff room"[..]).execute(&world.pool).await.unwrap();
    }
}

#[tokio::test]
async fn endpoints_and_their_deliveries_show_themselves_to_their_owners_alone() {
    let world = town().await;
    delivery(&world, 70, "delivered", "iris.order.placed.v1", 1).await;
    for (number, _) in CALLERS {
        let sees: &[u128] = match number {
            ADMIN | 101 => &ALL,
            102 => &[OF_RESTAURANT],
            104 => &[OF_SUPPLIER],
            106 => &[OF_PARTNER],
            _ => &[],
        };
        let listed = world.get(caller(number), "/api/v1/webhook-endpoints?count=true").await;
        let newest_first: Vec<Uuid> = sees.iter().rev().map(|number| id(*number)).collect();
        assert_eq!(listed.ids(), newest_first, "{number}");
        assert_eq!(listed.json()["total"], sees.len(), "{number}");
        for endpoint in ALL.into_iter().chain([DELETED, 999]) {
            let path = format!("/api/v1/webhook-endpoints/{}", id(endpoint));
            for path in [path.clone(), format!("{path}/deliveries"), format!("{path}/deliveries/{}", id(70))]
            {
                let answer = world.get(caller(number), &path).await;
                if !sees.contains(&endpoint) {
                    answer.refused(404, "webhook_endpoint_not_found");
                } else if path.ends_with(&id(70).to_string()) && endpoint != OF_RESTAURANT {
                    answer.refused(404, "webhook_delivery_not_found");
                } else {
                    assert_eq!(answer.status, 200, "{number} {path}");
                }
            }
        }
    }
}

#[tokio::test]
async fn an_endpoint_tells_what_it_wants_and_never_its_secret() {
    let world = town().await;
    let path = format!("/api/v1/webhook-endpoints/{}", id(OF_RESTAURANT));
    let answer = world.get(caller(102), &path).await;
    assert_eq!(answer.header("etag"), "\"3\"");
    let body = answer.json();
    assert_eq!(body["owner"], "restaurant");
    assert_eq!(body["restaurant_id"], json!(id(RESTAURANT)));
    assert_eq!((&body["supplier_id"], &body["account_id"]), (&Value::Null, &Value::Null));
    assert_eq!(body["filter"], json!([{"field": "total_cents", "at_least": 100_000}]));
    // The second secret still signs beside the third; the first has lapsed.
    let secrets = body["signing_secrets"].as_array().unwrap();
    let ids: Vec<&Value> = secrets.iter().map(|secret| &secret["secret_id"]).collect();
    assert_eq!(ids, [&json!(id(3)), &json!(id(2))]);
    assert!(body.get("secret").is_none() && body.get("health").is_none(), "{body}");
}

#[tokio::test]
async fn health_is_that_of_the_lane() {
    let world = town().await;
    delivery(&world, 70, "pending", "iris.order.placed.v1", 0).await;
    delivery(&world, 71, "delivered", "iris.order.placed.v1", 1).await;
    let path = format!("/api/v1/webhook-endpoints/{}", id(OF_RESTAURANT));
    for (paused_until, failing_since, state) in [
        (None, None, "healthy"),
        (None, Some(now() - TimeDelta::hours(1)), "failing"),
        (Some(now() - TimeDelta::seconds(1)), Some(now()), "failing"),
        (Some(now() + TimeDelta::seconds(1)), Some(now()), "paused"),
    ] {
        let sql = "INSERT INTO webhooks.lanes
                       (endpoint_id, registered_position, state, breaker_until, failing_since, failures)
                   VALUES ($1, 1, '{}', $2, $3, 7) ON CONFLICT (endpoint_id)
                   DO UPDATE SET breaker_until = $2, failing_since = $3";
        let query = sqlx::query(sql).bind(id(OF_RESTAURANT)).bind(paused_until).bind(failing_since);
        query.execute(&world.pool).await.unwrap();
        let health = world.get(caller(102), &path).await.json()["health"].clone();
        assert_eq!(
            (&health["state"], &health["failures"], &health["pending"]),
            (&json!(state), &json!(7), &json!(1))
        );
        let listed = world.get(caller(102), "/api/v1/webhook-endpoints").await.json();
        assert_eq!(listed["items"][0]["health"], health);
    }
}

#[tokio::test]
async fn endpoints_are_filtered_by_owner_and_status() {
    let world = town().await;
    for (filter, expected) in [
        (format!("restaurant_id={}", id(RESTAURANT)), vec![OF_RESTAURANT]),
        (format!("supplier_id={}", id(SUPPLIER)), vec![OF_SUPPLIER]),
        (format!("supplier_id={}", id(999)), vec![]),
        ("status=active&limit=2".to_owned(), vec![OF_PLATFORM, OF_PARTNER]),
        ("status=disabled".to_owned(), vec![]),
    ] {
        let path = format!("/api/v1/webhook-endpoints?{filter}");
        let expected: Vec<Uuid> = expected.into_iter().map(id).collect();
        assert_eq!(world.get(caller(ADMIN), &path).await.ids(), expected, "{filter}");
    }
    for bad in ["status=deleted", "status=on", "url=x"] {
        let answer = world.get(caller(ADMIN), &format!("/api/v1/webhook-endpoints?{bad}")).await;
        assert_eq!(answer.status, 422, "{bad}");
    }
}

#[tokio::test]
async fn deliveries_are_listed_newest_first_by_pages_and_filters() {
    let world = town().await;
    delivery(&world, 70, "delivered", "iris.order.placed.v1", 2).await;
    delivery(&world, 71, "failed", "iris.order.placed.v1", 1).await;
    delivery(&world, 72, "pending", "iris.order.confirmed.v1", 0).await;
    let path = format!("/api/v1/webhook-endpoints/{}/deliveries", id(OF_RESTAURANT));
    let ids = async |query: &str| world.get(caller(102), &format!("{path}?{query}")).await.ids();
    assert_eq!(ids("").await, [id(72), id(71), id(70)]);
    assert_eq!(ids("state=failed").await, [id(71)]);
    assert_eq!(ids("event_type=iris.order.placed.v1").await, [id(71), id(70)]);
    assert_eq!(ids("event_type=iris.order.placed.v1&state=pending").await, Vec::<Uuid>::new());
    let first = world.get(caller(102), &format!("{path}?limit=2&count=true")).await;
    let page = first.json();
    assert_eq!((first.ids(), &page["total"]), (vec![id(72), id(71)], &json!(3)));
    let cursor = page["next_cursor"].as_str().unwrap();
    assert_eq!(ids(&format!("cursor={cursor}")).await, [id(70)]);
    for bad in ["state=late", "event_type=OrderPlaced"] {
        assert_eq!(world.get(caller(102), &format!("{path}?{bad}")).await.status, 422, "{bad}");
    }

    let item = |place: usize| page["items"][place].clone();
    assert_eq!((&item(0)["attempts"], &item(0)["last_attempt"]), (&json!(0), &Value::Null));
    assert!(item(0)["next_attempt_at"].is_string() && item(0)["finished_at"].is_null());
    let last = &item(1)["last_attempt"];
    assert_eq!(
        (&last["outcome"], &last["status"], &last["total_ms"]),
        (&json!("http_status"), &json!(503), &json!(15))
    );
    assert!(item(1)["next_attempt_at"].is_null() && item(1)["finished_at"].is_string());
}

#[tokio::test]
async fn a_delivery_shows_every_attempt() {
    let world = town().await;
    delivery(&world, 70, "delivered", "iris.order.placed.v1", 2).await;
    let path = format!("/api/v1/webhook-endpoints/{}/deliveries/{}", id(OF_RESTAURANT), id(70));
    let shown = world.get(caller(102), &path).await.json();
    assert_eq!(
        (&shown["id"], &shown["state"], &shown["position"]),
        (&json!(id(70)), &json!("delivered"), &json!(70))
    );
    let attempts = shown["attempt_log"].as_array().unwrap();
    let statuses: Vec<&Value> = attempts.iter().map(|attempt| &attempt["status"]).collect();
    assert_eq!(statuses, [&json!(503), &json!(200)]);
    assert_eq!(attempts[0]["response_body"], "no\u{fffd} room");
    assert_eq!(attempts[0]["response_headers"], json!({"content-type": "text/plain"}));
    assert_eq!((&attempts[0]["headers_ms"], &attempts[0]["total_ms"]), (&json!(12), &json!(15)));
}

#[tokio::test]
async fn the_rights_of_reads_suffice() {
    let world = town().await;
    delivery(&world, 70, "delivered", "iris.order.placed.v1", 1).await;
    let lane = "INSERT INTO webhooks.lanes (endpoint_id, registered_position, state) VALUES ($1, 1, '{}')";
    sqlx::query(lane).bind(id(OF_RESTAURANT)).execute(&world.pool).await.unwrap();
    // As in production: a role that owns nothing, so that a missing grant shows here.
    let options = world.pool.connect_options().as_ref().clone().options([("role", "iris_query")]);
    let pool = PgPoolOptions::new().max_connections(2).connect_with(options).await.unwrap();
    let restricted = World::over(pool.clone(), Duration::from_secs(20));
    let endpoints = "/api/v1/webhook-endpoints";
    let one = format!("{endpoints}/{}", id(OF_RESTAURANT));
    for (number, path) in [
        (102, format!("{endpoints}?count=true")),
        (102, format!("{endpoints}?restaurant_id={}&status=active", id(RESTAURANT))),
        (102, one.clone()),
        (102, format!("{one}/deliveries?count=true&state=delivered")),
        (102, format!("{one}/deliveries/{}", id(70))),
        (102, format!("/api/v1/restaurants/{}/partners?count=true", id(RESTAURANT))),
        (104, format!("/api/v1/suppliers/{}/partners?count=true", id(SUPPLIER))),
        (107, endpoints.to_owned()),
        (107, format!("/api/v1/restaurants/{}", id(RESTAURANT))),
        (106, "/api/v1/event-types".to_owned()),
    ] {
        let answer = restricted.get(caller(number), &path).await;
        assert_eq!(answer.status, 200, "{number} {path}: {}", answer.json());
    }
    assert_eq!(restricted.get(caller(102), &one).await.json()["health"]["state"], "healthy");
    let listed = restricted.get(caller(102), &format!("{one}/deliveries")).await;
    assert_eq!(listed.ids(), [id(70)]);
    // Nor do they reach further: what signs is not theirs to read.
    let secrets = sqlx::query("SELECT sealed FROM webhooks.secrets").execute(&pool).await;
    assert_eq!(secrets.unwrap_err().as_database_error().unwrap().code().as_deref(), Some("42501"));
}
