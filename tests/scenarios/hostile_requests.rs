//! Bad input, over a real socket: every answer is in the contract's shape, and nothing is harmed.

use harness::{Client, IrisProcess, TestDatabase, process::APP_SECRET};
use platform::{
    auth::{Identity, LocalProvider},
    clock::{Clock, SystemClock},
};
use reqwest::Method;
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

/// Method, path, content type, body; status and error expected.
type Case<'a> = (Method, &'a str, &'a str, Vec<u8>, u16, &'a str);

struct Target {
    iris: IrisProcess,
    _database: TestDatabase,
    restaurant: Client,
    http: reqwest::Client,
}

async fn target() -> Target {
    let database = TestDatabase::create().await;
    let iris = IrisProcess::start(&database).await;
    let restaurant = iris.client().logged_in("restaurant@iris.test").await;
    Target { iris, _database: database, restaurant, http: reqwest::Client::new() }
}

/// The contract's error shape, whatever went wrong.
fn expect_shape(status: u16, body: &Value, error: &str) {
    assert_eq!(
        (body["status"].as_u64(), body["error"].as_str()),
        (Some(u64::from(status)), Some(error)),
        "{body}"
    );
    for field in ["code", "message", "timestamp", "request_id"] {
        assert!(body[field].as_str().is_some_and(|text| !text.is_empty()), "{field} in {body}");
    }
    assert!(body["details"].is_array(), "{body}");
}

impl Target {
    async fn raw(
        &self,
        method: Method,
        path: &str,
        content_type: &str,
        body: Vec<u8>,
        token: &str,
    ) -> (u16, Value) {
        let response = self
            .http
            .request(method, format!("{}{path}", self.iris.base))
            .header("content-type", content_type)
            .header("idempotency-key", "k")
            .bearer_auth(token)
            .body(body)
            .send()
            .await
            .unwrap();
        (response.status().as_u16(), response.json().await.unwrap_or_default())
    }

    async fn token(&self) -> String {
        let login = json!({"email": "restaurant@iris.test", "password": "iris-dev"});
        self.iris.client().post("/auth/dev/login", &login).await.text("access_token")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_bodies_are_refused_in_the_same_shape() {
    let target = target().await;
    let token = target.token().await;
    let orders = "/api/v1/orders";
    let json_type = "application/json";
    let huge = format!(r#"{{"note":"{}"}}"#, "x".repeat(2 * 1024 * 1024));
    let cases: Vec<Case<'_>> = vec![
        (Method::POST, orders, json_type, b"{not json".to_vec(), 400, "BadRequestError"),
        (Method::POST, orders, json_type, b"".to_vec(), 400, "BadRequestError"),
        (Method::POST, orders, json_type, vec![b'{', b'"', 0xff, 0xfe, b'"', b'}'], 400, "BadRequestError"),
        (Method::POST, orders, json_type, b"[1,2]".to_vec(), 422, "ValidationError"),
        (
            Method::POST,
            orders,
            json_type,
            br#"{"cart_id":7,"payment_method":"gold","nope":1}"#.to_vec(),
            422,
            "ValidationError",
        ),
        (Method::POST, orders, "text/plain", b"{}".to_vec(), 415, "UnsupportedMediaTypeError"),
        (Method::POST, orders, json_type, huge.into_bytes(), 413, "PayloadTooLargeError"),
        (
            Method::POST,
            "/api/v1/suppliers",
            json_type,
            br#"{"name":"a\u0000b","contact_email":"x@y.se"}"#.to_vec(),
            422,
            "ValidationError",
        ),
        (Method::PUT, orders, json_type, b"{}".to_vec(), 405, "MethodNotAllowedError"),
        (Method::POST, "/api/v1/nothing", json_type, b"{}".to_vec(), 404, "NotFoundError"),
        (Method::GET, "/api/v1/orders/not-an-id", json_type, vec![], 404, "NotFoundError"),
        (Method::GET, "/api/v1/orders?limit=0", json_type, vec![], 422, "ValidationError"),
        (Method::GET, "/api/v1/orders?limit=101", json_type, vec![], 422, "ValidationError"),
        (Method::GET, "/api/v1/orders?offset=-1", json_type, vec![], 422, "ValidationError"),
        (Method::GET, "/api/v1/orders?cursor=forged", json_type, vec![], 422, "ValidationError"),
        (Method::GET, "/api/v1/orders?typo=1", json_type, vec![], 422, "ValidationError"),
    ];
    for (method, path, content_type, body, status, error) in cases {
        let shown = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
        let (found, answer) = target.raw(method.clone(), path, content_type, body, &token).await;
        assert_eq!(found, status, "{method} {path} {shown}: {answer}");
        expect_shape(status, &answer, error);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_tokens_open_nothing() {
    let target = target().await;
    let now = SystemClock.now();
    let good = target.token().await;
    let [head, claims, signature] = good.split('.').collect::<Vec<_>>()[..] else { panic!("three parts") };
    let identity = |role: &str| Identity {
        subject: "01930000-0000-7001-8000-000000000003".parse().unwrap(),
        email: "restaurant@iris.test".to_owned(),
        role: role.to_owned(),
        key: None,
    };
    let provider = |secret: &str| LocalProvider::new(&secret.to_owned().into(), Arc::new(SystemClock));
    let hour = Duration::from_hours(1);
    let expired = provider(APP_SECRET).issue(&identity("ADMIN"), now - 2 * hour, hour);
    let other_key = provider("another secret, also of thirty-two bytes").issue(&identity("ADMIN"), now, hour);
    // {"alg":"none","typ":"JWT"}
    let none = format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{claims}.");
    let forgeries = [
        String::new(),
        "x".to_owned(),
        format!("{head}.{claims}."),
        format!("{head}.{claims}.{}", signature.chars().rev().collect::<String>()),
        format!("{head}.{claims}x.{signature}"),
        none,
        expired,
        other_key,
        "a".repeat(20_000),
    ];
    for token in forgeries {
        let answer = target.iris.client().with_token(&token).get("/me").await;
        assert!(
            answer.status == 401 || answer.status == 431,
            "{}: {}",
            answer.status,
            &token[..token.len().min(40)]
        );
        if answer.status == 401 {
            expect_shape(401, &answer.body, "UnauthorizedError");
        }
    }
    target.restaurant.get("/me").await.expect(200).text("email");
    target.iris.client().get("/orders").await.expect(401).text("code");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_belongs_to_others_is_not_found() {
    let target = target().await;
    let admin = target.iris.client().logged_in("admin@iris.test").await;
    let other = admin
        .post("/restaurants", &json!({"name": "Grannens krog", "contact_email": "granne@iris.test"}))
        .await
        .expect(201);
    let position = other.position();
    let path = format!("/restaurants/{}", other.text("id"));
    let unseen = target.restaurant.get_at(&path, position).await.expect(404);
    let missing =
        target.restaurant.get("/restaurants/01930000-0000-7002-8000-00000000ffff").await.expect(404);
    assert_eq!(unseen.text("code"), missing.text("code"), "both are told the same way");
    let cart = json!({"restaurant_id": other.text("id")});
    target.restaurant.post("/carts", &cart).await.expect(404).text("code");
    // An auditor sees it, and may not.
    let auditor = target.iris.client().logged_in("auditor@iris.test").await;
    auditor.get_at(&path, position).await.expect(200).text("name");
    auditor.post("/carts", &cart).await.expect(403).text("code");
    // A restaurant that is not approved may look, not order.
    let opened = admin.post("/carts", &cart).await.expect(201);
    let product = admin.get("/products?limit=1").await.body["items"][0]["id"].clone();
    let items = format!("/carts/{}/items", opened.text("id"));
    admin.post(&items, &json!({"product_id": product, "qty": 1})).await.expect(201).text("id");
    let placing = json!({"cart_id": opened.text("id"), "payment_method": "cash"});
    let refused = admin.try_post("/orders", "k", &placing).await.unwrap().expect(409);
    assert_eq!(refused.text("code"), "restaurant_not_approved");
}
