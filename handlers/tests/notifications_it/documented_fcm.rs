//! A stand-in for FCM and its token endpoint, on a port of its own, that behaves as Google's documentation
//! says: it is not Google's.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_lc_rs::{
    encoding::{AsDer as _, Pkcs8V1Der},
    rsa::{KeyPair, KeySize},
};
use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::post,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use handlers::notifications::Fcm;
use platform::service_account::ServiceAccount;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::world::REQUEST_TIMEOUT;

/// What it says of a registration token, once; then it takes the push.
#[derive(Clone, Copy, Debug)]
pub enum Says {
    /// That status, `errorCode`, and the field that it blames.
    Error(u16, &'static str, Option<&'static str>),
    /// Nothing in time, though it takes the push.
    SilenceAfterTaking,
}

#[derive(Default)]
struct Inside {
    tokens_given: usize,
    /// Access tokens that it no longer takes.
    revoked: Vec<String>,
    script: HashMap<String, Says>,
    /// Registration tokens in the order in which they were asked for.
    asked: Vec<String>,
    taken: Vec<Value>,
}

#[derive(Clone)]
pub struct DocumentedFcm {
    inside: Arc<Mutex<Inside>>,
    pub url: String,
}

impl DocumentedFcm {
    pub async fn start(script: &[(&str, Says)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let script = script.iter().map(|(token, says)| ((*token).to_owned(), *says)).collect();
        let inside = Inside { script, ..Inside::default() };
        let fcm = Self { inside: Arc::new(Mutex::new(inside)), url };
        let router = Router::new()
            .route("/token", post(token))
            .route("/v1/projects/kitchen/messages:send", post(send))
            .with_state(fcm.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        fcm
    }

    /// A client with a service account of its own.
    pub fn client(&self) -> Fcm {
        let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
        let account = json!({
            "project_id": "kitchen",
            "client_email": "push@kitchen.example",
            "private_key_id": "key-1",
            "private_key": format!(
                "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
                STANDARD.encode(der.as_ref())
            ),
            "token_uri": format!("{}/token", self.url),
        });
        let account = ServiceAccount::read(&account.to_string().into()).unwrap();
        Fcm::try_new(&self.url, account, REQUEST_TIMEOUT).unwrap()
    }

    pub fn asked(&self) -> Vec<String> {
        self.inside.lock().unwrap().asked.clone()
    }

    pub fn taken(&self) -> Vec<Value> {
        self.inside.lock().unwrap().taken.clone()
    }

    pub fn tokens_given(&self) -> usize {
        self.inside.lock().unwrap().tokens_given
    }

    /// Takes the access token no longer that it gave last.
    pub fn revoke(&self) {
        let mut inside = self.inside.lock().unwrap();
        let last = format!("Bearer access-{}", inside.tokens_given);
        inside.revoked.push(last);
    }
}

async fn token(State(fcm): State<DocumentedFcm>, body: String) -> Response {
    let grant = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=";
    let is_assertion = |jwt: &str| jwt.split('.').count() == 3 && jwt.len() > 100;
    if !body.strip_prefix(grant).is_some_and(is_assertion) {
        return (StatusCode::BAD_REQUEST, Json(json!({ "error": "invalid_grant" }))).into_response();
    }
    let mut inside = fcm.inside.lock().unwrap();
    inside.tokens_given += 1;
    let access_token = format!("access-{}", inside.tokens_given);
    Json(json!({ "access_token": access_token, "expires_in": 3599, "token_type": "Bearer" })).into_response()
}

async fn send(State(fcm): State<DocumentedFcm>, headers: HeaderMap, body: Bytes) -> Response {
    let says = {
        let mut inside = fcm.inside.lock().unwrap();
        let bearer = headers[header::AUTHORIZATION].to_str().unwrap().to_owned();
        if !bearer.starts_with("Bearer access-") || inside.revoked.contains(&bearer) {
            let error = json!({ "error": { "code": 401, "status": "UNAUTHENTICATED", "message": "…" } });
            return (StatusCode::UNAUTHORIZED, Json(error)).into_response();
        }
        let message: Value = serde_json::from_slice(&body).unwrap();
        let token = message["message"]["token"].as_str().unwrap().to_owned();
        let data = message["message"]["data"].as_object().unwrap();
        assert!(data.values().all(Value::is_string), "data holds strings only: {data:?}");
        inside.asked.push(token.clone());
        let says = inside.script.remove(&token);
        if !matches!(says, Some(Says::Error(..))) {
            inside.taken.push(message);
        }
        says
    };
    match says {
        Some(Says::Error(status, code, field)) => error(status, code, field),
        Some(Says::SilenceAfterTaking) => {
            tokio::time::sleep(Duration::from_mins(5)).await;
            StatusCode::OK.into_response()
        }
        None => Json(json!({ "name": "projects/kitchen/messages/1" })).into_response(),
    }
}

fn error(status: u16, code: &str, field: Option<&str>) -> Response {
    let mut details =
        vec![json!({ "@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": code })];
    if let Some(field) = field {
        details.push(json!({
            "@type": "type.googleapis.com/google.rpc.BadRequest",
            "fieldViolations": [{ "field": field, "description": "…" }],
        }));
    }
    let body = json!({ "error": { "code": status, "message": "…", "status": "ANY", "details": details } });
    (StatusCode::from_u16(status).unwrap(), Json(body)).into_response()
}
