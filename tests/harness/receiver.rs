//! A partner's server: takes webhooks, remembers them, and answers as the test wants.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinHandle};

/// A webhook as it came in.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body as bytes: what the signature is over.
    pub body: Bytes,
    /// What it was answered with.
    pub answered: StatusCode,
}

impl Webhook {
    /// A header that must be there.
    ///
    /// # Panics
    /// If it is not.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .unwrap_or_else(|| panic!("{name} in {:?}", self.headers))
            .to_str()
            .expect("text")
    }

    /// The event's id.
    pub fn id(&self) -> &str {
        self.header("webhook-id")
    }

    /// The `CloudEvent`.
    ///
    /// # Panics
    /// If it is no JSON.
    pub fn event(&self) -> Value {
        serde_json::from_slice(&self.body).expect("a CloudEvent")
    }
}

type Answer = dyn Fn(&HeaderMap, &Bytes) -> StatusCode + Send + Sync;

struct Shared {
    received: Mutex<Vec<Webhook>>,
    answer: Box<Answer>,
}

/// Listens until dropped.
pub struct Receiver {
    /// Where it is.
    pub url: String,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

impl Receiver {
    /// Takes everything.
    pub async fn start() -> Self {
        Self::answering(|_, _| StatusCode::NO_CONTENT).await
    }

    /// Answers each by that function.
    ///
    /// # Panics
    /// If no port is free.
    pub async fn answering(
        answer: impl Fn(&HeaderMap, &Bytes) -> StatusCode + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/hooks", listener.local_addr().expect("bound"));
        let shared = Arc::new(Shared { received: Mutex::default(), answer: Box::new(answer) });
        let router = Router::new().route("/hooks", post(receive)).with_state(Arc::clone(&shared));
        let serving = tokio::spawn(async move {
            let _until_dropped = axum::serve(listener, router).await;
        });
        Self { url, shared, serving }
    }

    /// What came in so far, in the order that it came.
    ///
    /// # Panics
    /// Never: nobody panics with the lock held.
    pub fn received(&self) -> Vec<Webhook> {
        self.shared.received.lock().expect("not poisoned").clone()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn receive(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let answered = (shared.answer)(&headers, &body);
    shared.received.lock().expect("not poisoned").push(Webhook { headers, body, answered });
    answered
}
