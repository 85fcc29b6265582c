mod bodies;
mod browsers;
mod limits;
mod refusals;
mod seen;

use axum::{
    body::{Body, Bytes},
    http::{Request, header},
    routing::{get, post},
};
use chrono::DateTime;
use deserr::Deserr;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::{
    auth::{Identity, LocalProvider},
    body::{Email, Faults, Json, OptionalJson, Parsed, Path, Query, Text, UPLOAD_MAX_BYTES},
    clock::{CountingIds, FixedClock},
    error::Fault,
    paging::{NoFilter, Paged},
};

const ORIGIN: &str = "https://shop.example";

#[derive(Debug, Default, Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
struct Line {
    #[expect(dead_code, reason = "only its reading is tested")]
    qty: u32,
}

#[derive(Debug, Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
struct Order {
    name: Text<1, 10>,
    email: Email,
    lines: Vec<Line>,
    #[deserr(default)]
    note: Option<String>,
}

#[derive(Debug, Default, Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
struct Note {
    #[deserr(default)]
    note: Option<Text<1, 5>>,
}

#[derive(Debug, Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
struct Filter {
    #[deserr(default)]
    supplier_id: Option<Uuid>,
    #[deserr(default)]
    at_position: Option<Parsed<u64>>,
}

fn provider() -> Arc<LocalProvider> {
    let clock = Arc::new(FixedClock::new(DateTime::UNIX_EPOCH));
    Arc::new(LocalProvider::new(&"0123456789abcdef0123456789abcdef".into(), clock))
}

fn routes() -> Router {
    Router::new()
        .route("/orders", post(async |Json(order): Json<Order>| {
            Json(json!({"name":order.name,"email":order.email.key(),"lines":order.lines.len(),"note":order.note}))
        }))
        .route("/orders/{id}", get(async |Path(id): Path<Uuid>| Json(json!({"id":id}))))
        .route("/list", get(async |list: Paged<NoFilter>| Json(json!({"limit":list.page.limit}))))
        .route("/audit", get(async |Query(filter): Query<Filter>| {
            Json(json!({"supplier_id":filter.supplier_id,"at":filter.at_position.map(|at| at.0)}))
        }))
        .route("/note", post(async |OptionalJson(note): OptionalJson<Note>| Json(json!({"note":note.note}))))
        .route("/echo", post(async |Json(body): Json<Value>| Json(body)))
        .route("/upload", post(async |body: Bytes| body.len().to_string())
            .layer(DefaultBodyLimit::max(UPLOAD_MAX_BYTES)))
        .route("/me", get(async |me: Identity| Json(json!({"account_id":me.subject}))))
        .route("/context", get(async |context: RequestContext| context.trace_parent))
        .route("/panic", get(async || -> StatusCode { panic!("secret inside") }))
        .route("/broken", get(async || ApiError::internal(&std::io::Error::other("secret inside"))))
        .route("/sick", get(async || (StatusCode::SERVICE_UNAVAILABLE, Json(json!({"status":"unhealthy"})))))
        .route("/stuck", get(async || std::future::pending::<StatusCode>().await))
        .route("/busy", get(async || ApiError::unavailable("read_model_behind", "Not there yet.", 2)))
        .route("/short", get(async || ApiError::conflict_with("insufficient_stock", "Not enough.", vec![
            Fault::new("lines[0].qty", "insufficient_stock", "Only 2.").with("asked", "3").with("available", "2"),
        ])))
}

fn app() -> Router {
    let clock = Arc::new(FixedClock::new(DateTime::from_timestamp(1_795_165_200, 123_000_000).unwrap()));
    let shell_of = Shell {
        identity: Some(provider()),
        cors_origins: vec![HeaderValue::from_static(ORIGIN)],
        request_timeout: Duration::from_secs(30),
        ..Shell::new(clock, Arc::new(CountingIds::default()))
    };
    shell(routes(), &shell_of)
}

async fn send(request: Request<Body>) -> Response {
    app().oneshot(request).await.unwrap()
}

async fn get_at(path: &str) -> Response {
    send(Request::get(path).body(Body::empty()).unwrap()).await
}

async fn post_json(path: &str, body: impl Into<Body>) -> Response {
    send(
        Request::post(path)
            .header("content-type", "application/json; charset=utf-8")
            .body(body.into())
            .unwrap(),
    )
    .await
}

async fn json_of(response: Response) -> Value {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    serde_json::from_slice(&bytes).unwrap_or_else(|_| panic!("not JSON: {bytes:?}"))
}

/// The error body, after checking everything that all of them share.
async fn refusal(response: Response, status: u16, error: &str, code: &str) -> Value {
    assert_eq!(response.status().as_u16(), status);
    let headers = response.headers().clone();
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(headers["cache-control"], "no-store");
    assert_eq!(headers["x-content-type-options"], "nosniff");
    let body = json_of(response).await;
    assert_eq!(body["error"], error);
    assert_eq!(body["code"], code);
    assert_eq!(body["status"], status);
    assert_eq!(body["timestamp"], "2026-11-20T09:00:00.123Z");
    assert_eq!(body["request_id"], headers["x-request-id"].to_str().unwrap());
    assert!(!body["message"].as_str().unwrap().is_empty());
    assert!(body["details"].is_array());
    assert!(!body.to_string().contains("secret inside"));
    body
}

fn codes(body: &Value) -> Vec<(&str, &str)> {
    let details = body["details"].as_array().unwrap();
    let mut codes: Vec<_> = details
        .iter()
        .map(|fault| (fault["field"].as_str().unwrap(), fault["code"].as_str().unwrap()))
        .collect();
    codes.sort_unstable();
    codes
}
