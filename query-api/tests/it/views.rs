//! Asking for lists as of a position, and reading what somebody has built.

use axum::{
    body::Body,
    http::{Method, Request, header},
};
use chrono::TimeDelta;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;
use uuid::Uuid;

use crate::{
    visibility::{ORDER, RESTAURANT, Town},
    world::{Answer, Caller, World, id},
};

const VIEWS: &str = "/api/v1/audit/views";

async fn send(world: &World, method: Method, caller: Caller, path: &str, body: Value) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::AUTHORIZATION, format!("Bearer {}", world.token(caller)))
        .header(header::CONTENT_TYPE, "application/json")
        .body(if body.is_null() { Body::empty() } else { Body::from(body.to_string()) });
    let response = world.router.clone().oneshot(request.unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes().to_vec();
    Answer { status: parts.status, headers: parts.headers, bytes }
}

async fn ask(town: &Town, body: Value) -> Answer {
    send(&town.world, Method::POST, town.caller("auditor"), VIEWS, body).await
}

/// What a builder does, by hand: copies of the live rows, without their orders where `is_empty`.
async fn build(world: &World, view: &Value, is_empty: bool) {
    let id: Uuid = view["id"].as_str().unwrap().parse().unwrap();
    let number: i64 = sqlx::query_scalar("SELECT number FROM audit.views WHERE view_id = $1")
        .bind(id)
        .fetch_one(&world.pool)
        .await
        .unwrap();
    let copied = ["checkpoints", "orders", "restaurants", "suppliers", "products", "invoices"].map(|table| {
        format!(
            "CREATE TABLE read_asof_{number}.{table} (LIKE read.{table} INCLUDING ALL);
             INSERT INTO read_asof_{number}.{table} SELECT * FROM read.{table};"
        )
    });
    let emptied = if is_empty { format!("DELETE FROM read_asof_{number}.orders;") } else { String::new() };
    let sql = format!(
        "CREATE SCHEMA read_asof_{number}; {} {emptied}
         GRANT USAGE ON SCHEMA read_asof_{number} TO iris_query;
         GRANT SELECT ON ALL TABLES IN SCHEMA read_asof_{number} TO iris_query;
         UPDATE audit.views SET status = 'ready' WHERE number = {number};",
        copied.concat()
    );
    sqlx::raw_sql(&sql).execute(&world.pool).await.unwrap();
}

#[tokio::test]
async fn a_view_is_asked_for_built_by_others_and_read_by_the_code_of_the_live_lists() {
    let town = Town::new().await;
    let (world, auditor) = (&town.world, town.caller("auditor"));
    let asked = ask(&town, json!({"models": ["orders", "restaurants", "orders"]})).await;
    assert_eq!(asked.status, 202, "{}", asked.json());
    let view = asked.json();
    let path = format!("{VIEWS}/{}", view["id"].as_str().unwrap());
    assert_eq!(asked.header("location"), path);
    assert_eq!((&view["status"], &view["models"]), (&json!("building"), &json!(["orders", "restaurants"])));
    assert_eq!((&view["expires_at"], &view["progress"]["position"]), (&Value::Null, &json!(0)));
    world.get(auditor, &format!("{path}/orders")).await.refused(409, "view_not_ready");

    build(world, &view, true).await;
    let ready = world.get(auditor, &path).await.json();
    assert_eq!((&ready["status"], &ready["expires_at"]), (&json!("ready"), &json!("2026-11-20T10:00:00Z")));
    assert_eq!(
        world.get(auditor, &format!("{path}/orders")).await.ids(),
        Vec::<Uuid>::new(),
        "what the view holds, not what is live"
    );
    assert_eq!(world.get(auditor, "/api/v1/orders").await.ids(), [id(ORDER)]);
    let filtered = format!("orders?restaurant_id={}&status=placed&limit=1&count=true", id(RESTAURANT));
    let list = world.get(auditor, &format!("{path}/{filtered}")).await.json();
    assert_eq!((&list["total"], &list["limit"]), (&json!(0), &json!(1)));
    let unknown = format!("{path}/orders?restaurant_id={}", id(999));
    world.get(auditor, &unknown).await.refused(404, "restaurant_not_found");
    world.get(auditor, &format!("{path}/orders?colour=red")).await.refused(422, "invalid");
    world.get(auditor, &format!("{path}/products")).await.refused(404, "view_without_list");
    world.get(town.caller("buyer"), &format!("{path}/orders")).await.refused(403, "auditor_only");

    // Whatever lists there are answer what the live ones answer, where the rows are the same.
    let models = json!(["orders", "products", "suppliers", "restaurants", "invoices"]);
    let view = ask(&town, json!({ "models": models })).await.json();
    build(world, &view, false).await;
    for list in models.as_array().unwrap() {
        let list = list.as_str().unwrap();
        let live = world.get(auditor, &format!("/api/v1/{list}?count=true")).await.json();
        let as_of = format!("{VIEWS}/{}/{list}?count=true", view["id"].as_str().unwrap());
        assert_eq!(world.get(auditor, &as_of).await.json(), live, "{list}");
    }
    let live = world.get(auditor, "/api/v1/products?q=tomat").await.json();
    let as_of = format!("{VIEWS}/{}/products?q=tomat", view["id"].as_str().unwrap());
    assert_eq!(world.get(auditor, &as_of).await.json(), live);
}

#[tokio::test]
async fn a_view_lives_as_long_as_it_is_read_and_no_longer() {
    let town = Town::new().await;
    let (world, auditor) = (&town.world, town.caller("auditor"));
    let view = ask(&town, json!({"models": ["orders"]})).await.json();
    let path = format!("{VIEWS}/{}", view["id"].as_str().unwrap());
    build(world, &view, false).await;
    world.clock.advance(TimeDelta::minutes(50));
    assert_eq!(world.get(auditor, &format!("{path}/orders")).await.status, 200);
    world.clock.advance(TimeDelta::minutes(50));
    assert_eq!(world.get(auditor, &format!("{path}/orders")).await.status, 200, "reading keeps it");
    let shown = world.get(auditor, &path).await.json();
    assert_eq!(shown["expires_at"], "2026-11-20T11:40:00Z");
    world.clock.advance(TimeDelta::minutes(61));
    world.get(auditor, &format!("{path}/orders")).await.refused(404, "view_not_found");
}

#[tokio::test]
async fn three_views_are_there_at_most_and_the_same_question_takes_no_second_place() {
    let town = Town::new().await;
    let (world, auditor) = (&town.world, town.caller("auditor"));
    let mut ids = Vec::new();
    for model in ["orders", "products", "suppliers"] {
        let asked = ask(&town, json!({"models": [model]})).await;
        assert_eq!(asked.status, 202);
        ids.push(asked.json()["id"].clone());
    }
    let again = ask(&town, json!({"models": ["products"]})).await;
    assert_eq!((again.status.as_u16(), &again.json()["id"]), (200, &ids[1]));
    ask(&town, json!({"models": ["invoices"]})).await.refused(409, "views_full");
    let listed = world.get(auditor, &format!("{VIEWS}?count=true&limit=2")).await.json();
    assert_eq!((listed["items"].as_array().unwrap().len(), &listed["total"]), (2, &json!(3)));
    let cursor = listed["next_cursor"].as_str().unwrap();
    let rest = world.get(auditor, &format!("{VIEWS}?limit=2&cursor={cursor}")).await.json();
    assert_eq!(rest["items"].as_array().unwrap().len(), 1);

    let path = format!("{VIEWS}/{}", ids[0].as_str().unwrap());
    let refused = send(world, Method::DELETE, town.caller("buyer"), &path, Value::Null).await;
    refused.refused(403, "auditor_only");
    assert_eq!(send(world, Method::DELETE, auditor, &path, Value::Null).await.status, 204);
    send(world, Method::DELETE, auditor, &path, Value::Null).await.refused(404, "view_not_found");
    world.get(auditor, &path).await.refused(404, "view_not_found");
    assert_eq!(ask(&town, json!({"models": ["invoices"]})).await.status, 202);
    // Many at once do not get past the bound either.
    let bodies: Vec<Value> =
        ["restaurants", "orders"].iter().map(|model| json!({"models": [model]})).collect();
    let (one, other) = tokio::join!(ask(&town, bodies[0].clone()), ask(&town, bodies[1].clone()));
    assert_eq!((one.status.as_u16(), other.status.as_u16()), (409, 409));
}

#[tokio::test]
async fn a_question_that_cannot_be_meant_is_refused_with_all_its_faults() {
    let town = Town::new().await;
    let body = json!({"at_position": 1_000_000, "at": "2030-01-01T00:00:00Z", "models": []});
    let refused = ask(&town, body).await.refused(422, "invalid");
    let faults: Vec<String> =
        refused["details"].as_array().unwrap().iter().map(|fault| fault["code"].to_string()).collect();
    assert_eq!(faults, ["\"position_given\"", "\"out_of_range\"", "\"in_the_future\"", "\"too_short\""]);
    ask(&town, json!({"models": ["carts"]})).await.refused(422, "invalid");
    ask(&town, json!({"models": ["orders"], "schema": "read"})).await.refused(422, "invalid");
    let earliest = ask(&town, json!({"at": "2000-01-01T00:00:00Z", "models": ["orders"]})).await;
    assert_eq!(earliest.json()["as_of"], json!({"position": 0, "time": "2000-01-01T00:00:00Z"}));
}
