//! A receiver on a port of its own, that answers as it is told and remembers what it was sent.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Path, State},
    http::{HeaderMap, Method, Response, StatusCode},
    routing::any,
};
use tokio::{sync::Notify, task::JoinHandle};

/// One request as it came in.
#[derive(Clone, Debug)]
pub struct Received {
    pub method: Method,
    /// The endpoint's path: which of the test's endpoints it was for.
    pub path: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Received {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn id(&self) -> String {
        self.header("webhook-id").to_owned()
    }

    pub fn position(&self) -> i64 {
        self.header("iris-sequence").parse().unwrap()
    }
}

type Answering = Arc<dyn Fn(&Received) -> Response<Body> + Send + Sync>;

#[derive(Default)]
struct Shared {
    received: Mutex<Vec<Received>>,
    answers: Mutex<HashMap<String, Answering>>,
    /// Paths whose requests are kept waiting until let go.
    held: Mutex<HashMap<String, Arc<Notify>>>,
    waiting: AtomicUsize,
    waiting_most: AtomicUsize,
}

pub struct Receiver {
    shared: Arc<Shared>,
    address: std::net::SocketAddr,
    serving: JoinHandle<()>,
}

impl Receiver {
    pub async fn start() -> Self {
        let shared = Arc::new(Shared::default());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/{path}", any(receive)).with_state(shared.clone());
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { shared, address, serving }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    /// From now on, requests for that path are answered so.
    pub fn answer(&self, path: &str, with: impl Fn(&Received) -> Response<Body> + Send + Sync + 'static) {
        self.shared.answers.lock().unwrap().insert(path.to_owned(), Arc::new(with));
    }

    pub fn answer_status(&self, path: &str, status: u16) {
        self.answer(path, move |_| respond(status, &[]));
    }

    /// From now on, requests for that path are remembered and then kept waiting.
    pub fn hold(&self, path: &str) {
        self.shared.held.lock().unwrap().insert(path.to_owned(), Arc::default());
    }

    /// Lets go of those that are kept waiting, and keeps none from now on.
    pub fn let_go(&self, path: &str) {
        if let Some(held) = self.shared.held.lock().unwrap().remove(path) {
            held.notify_waiters();
        }
    }

    pub fn received(&self, path: &str) -> Vec<Received> {
        self.shared.received.lock().unwrap().iter().filter(|r| r.path == path).cloned().collect()
    }

    /// Positions of what that path was sent, in the order in which it came.
    pub fn positions(&self, path: &str) -> Vec<i64> {
        self.received(path).iter().filter(|r| r.method == Method::POST).map(Received::position).collect()
    }

    /// The most requests that ever waited at once.
    pub fn waiting_most(&self) -> usize {
        self.shared.waiting_most.load(Ordering::SeqCst)
    }

    /// Returns once that many requests are kept waiting at once.
    pub async fn until_waiting(&self, count: usize) {
        let enough = async {
            while self.shared.waiting.load(Ordering::SeqCst) < count {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(super::world::LIMIT, enough).await.expect("so many come at once");
    }

    /// Returns once that path was sent that many.
    pub async fn until(&self, path: &str, count: usize) -> Vec<Received> {
        let enough = async {
            loop {
                let received = self.received(path);
                if received.len() >= count {
                    return received;
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        let waited = tokio::time::timeout(super::world::LIMIT, enough).await;
        waited.unwrap_or_else(|_| panic!("{path} never got {count}, but {}", self.received(path).len()))
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

pub fn respond(status: u16, headers: &[(&str, &str)]) -> Response<Body> {
    let mut response = Response::builder().status(StatusCode::from_u16(status).unwrap());
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(Body::from("so said the receiver")).unwrap()
}

async fn receive(
    State(shared): State<Arc<Shared>>,
    Path(path): Path<String>,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let received = Received { method, path: path.clone(), headers, body };
    let held = shared.held.lock().unwrap().get(&path).cloned();
    let let_go = held.as_ref().map(|held| held.notified());
    let answer = shared.answers.lock().unwrap().get(&path).cloned();
    shared.received.lock().unwrap().push(received.clone());
    if let Some(let_go) = let_go {
        let waiting = shared.waiting.fetch_add(1, Ordering::SeqCst) + 1;
        shared.waiting_most.fetch_max(waiting, Ordering::SeqCst);
        let_go.await;
        shared.waiting.fetch_sub(1, Ordering::SeqCst);
    }
    answer.map_or_else(|| respond(200, &[]), |answer| answer(&received))
}
