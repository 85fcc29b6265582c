//! A server in a provider's place: writes down what it is asked, whoever asks, and takes everything.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, Uri},
};
use reqwest::Url;
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};

/// Headers of the connection and its client's abilities: nothing is asked by them.
const OF_THE_CONNECTION: [&str; 4] = ["accept-encoding", "connection", "content-length", "host"];

/// A request as it came in.
#[derive(Clone, Debug)]
pub struct Request {
    /// Method and path.
    pub line: String,
    /// By lower-case name.
    pub headers: BTreeMap<String, String>,
    body: String,
}

impl Request {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// The fields of a form, as they are meant.
    pub fn form(&self) -> BTreeMap<String, String> {
        let mut url = Url::parse("http://form").unwrap();
        url.set_query(Some(&self.body));
        url.query_pairs().into_owned().collect()
    }

    /// The headers that only one of two requests has, or both with other values.
    pub fn headers_unlike(&self, other: &Self) -> BTreeSet<String> {
        let names = self.headers.keys().chain(other.headers.keys());
        names.filter(|name| self.headers.get(*name) != other.headers.get(*name)).cloned().collect()
    }
}

/// Listens until dropped.
pub struct Recorder {
    pub url: String,
    requests: Arc<Mutex<Vec<Request>>>,
    serving: JoinHandle<()>,
}

impl Recorder {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::default();
        let router = Router::new().fallback(record).with_state(Arc::clone(&requests));
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, requests, serving }
    }

    /// What came in since the last time, in order.
    pub fn requests(&self) -> Vec<Request> {
        std::mem::take(&mut *self.requests.lock().unwrap())
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// One answer has what each provider answers with.
async fn record(
    State(requests): State<Arc<Mutex<Vec<Request>>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Json<Value> {
    let headers = headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    let request = Request {
        line: format!("{method} {uri}"),
        headers: headers.filter(|(name, _)| !OF_THE_CONNECTION.contains(&name.as_str())).collect(),
        body: String::from_utf8(body.to_vec()).unwrap(),
    };
    requests.lock().unwrap().push(request);
    Json(json!({
        "id": "49a3999c-0ce1-4ea6-ab68-afcd6dc2e794",
        "access_token": "access-1", "expires_in": 3599, "token_type": "Bearer",
        "name": "projects/kitchen/messages/1",
    }))
}
