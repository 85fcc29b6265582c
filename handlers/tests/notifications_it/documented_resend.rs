//! A stand-in for Resend, on a port of its own, that behaves as Resend's documentation says: it is not
//! Resend. Each request that it takes it answers by its script, and then as it should be.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{Arc, Mutex},
};

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// What it does to a request instead of taking and acknowledging it.
#[derive(Clone, Copy, Debug)]
pub enum Does {
    /// Refuses, with that status and name.
    Refuse(u16, &'static str),
    /// Refuses as too fast, and asks for so many seconds.
    TooFast(u32),
    /// Takes the mail, and answers 500.
    FailAfterTaking,
    /// Takes the mail, and answers nothing.
    SilenceAfterTaking,
    /// Takes the mail, and says that so many requests are left for so many seconds.
    Allow { left: u32, seconds: u32 },
}

/// A request that reached it.
#[derive(Clone, Debug)]
pub struct Asked {
    pub key: String,
    pub body: Value,
    pub headers: HeaderMap,
}

#[derive(Default)]
struct Inside {
    asked: Vec<Asked>,
    /// By key: what was sent out, and under which id.
    taken: HashMap<String, (Value, String)>,
    under_way: HashSet<String>,
    script: VecDeque<Does>,
}

#[derive(Clone)]
pub struct DocumentedResend {
    inside: Arc<Mutex<Inside>>,
    pub url: String,
}

impl DocumentedResend {
    pub async fn start(script: impl IntoIterator<Item = Does>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let inside = Inside { script: script.into_iter().collect(), ..Inside::default() };
        let resend = Self { inside: Arc::new(Mutex::new(inside)), url };
        let router = Router::new().route("/emails", post(emails)).with_state(resend.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        resend
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.inside.lock().unwrap().asked.clone()
    }

    /// Mails that went out to people.
    pub fn mails(&self) -> Vec<Value> {
        self.inside.lock().unwrap().taken.values().map(|(mail, _)| mail.clone()).collect()
    }

    fn refusal(&self, headers: &HeaderMap, body: &Value) -> Option<Response> {
        if headers.get(header::USER_AGENT).is_none() {
            return Some(refuse(403, "1010"));
        }
        if headers.get(header::AUTHORIZATION).is_none_or(|value| value != "Bearer re_test") {
            return Some(refuse(401, "missing_api_key"));
        }
        if ["from", "to", "subject"].iter().any(|field| body.get(field).is_none()) {
            return Some(refuse(422, "missing_required_field"));
        }
        let key = key(headers);
        if key.is_empty() || key.len() > 256 {
            return Some(refuse(400, "invalid_idempotency_key"));
        }
        let inside = self.inside.lock().unwrap();
        match inside.taken.get(&key) {
            _ if inside.under_way.contains(&key) => Some(refuse(409, "concurrent_idempotent_requests")),
            Some((mail, _)) if mail != body => Some(refuse(409, "invalid_idempotent_request")),
            _ => None,
        }
    }

    fn take(&self, key: &str, body: &Value) -> String {
        let mut inside = self.inside.lock().unwrap();
        let id = format!("re-{}", inside.taken.len() + 1);
        inside.taken.entry(key.to_owned()).or_insert_with(|| (body.clone(), id)).1.clone()
    }
}

async fn emails(
    State(resend): State<DocumentedResend>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    let key = key(&headers);
    let does = {
        let mut inside = resend.inside.lock().unwrap();
        inside.asked.push(Asked { key: key.clone(), body: body.clone(), headers: headers.clone() });
        inside.script.pop_front()
    };
    if let Some(refusal) = resend.refusal(&headers, &body) {
        return refusal;
    }
    match does {
        Some(Does::Refuse(status, name)) => refuse(status, name),
        Some(Does::TooFast(seconds)) => {
            ([("retry-after", seconds.to_string())], refuse(429, "rate_limit_exceeded")).into_response()
        }
        Some(Does::FailAfterTaking) => {
            resend.take(&key, &body);
            refuse(500, "application_error")
        }
        Some(Does::SilenceAfterTaking) => {
            let id = resend.take(&key, &body);
            let _under_way = UnderWay::begin(&resend, &key);
            std::future::pending::<()>().await;
            Json(json!({ "id": id })).into_response()
        }
        Some(Does::Allow { left, seconds }) => {
            let headers = [
                ("ratelimit-limit", "5".to_owned()),
                ("ratelimit-remaining", left.to_string()),
                ("ratelimit-reset", seconds.to_string()),
            ];
            (headers, Json(json!({ "id": resend.take(&key, &body) }))).into_response()
        }
        None => Json(json!({ "id": resend.take(&key, &body) })).into_response(),
    }
}

/// Over when the request is answered, or its caller gone.
struct UnderWay(DocumentedResend, String);

impl UnderWay {
    fn begin(resend: &DocumentedResend, key: &str) -> Self {
        resend.inside.lock().unwrap().under_way.insert(key.to_owned());
        Self(resend.clone(), key.to_owned())
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.inside.lock().unwrap().under_way.remove(&self.1);
    }
}

fn key(headers: &HeaderMap) -> String {
    let key = headers.get("idempotency-key").and_then(|key| key.to_str().ok());
    key.unwrap_or_default().to_owned()
}

fn refuse(status: u16, name: &str) -> Response {
    let body = json!({ "statusCode": status, "name": name, "message": "…" });
    (StatusCode::from_u16(status).unwrap(), Json(body)).into_response()
}
