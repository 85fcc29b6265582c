//! A server in Vault's place, that does what the documentation of its transit engine says and writes down what it is
//! asked. Vault itself is no package of any registry.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use axum::{
    Json, Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    routing::post,
};
use platform::config::{KeyEncryption, KeyProviderKind, VaultSettings, VaultToken};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};

pub const TOKEN: &str = "hvs.token-of-the-tests";

/// A request as it came in.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    pub operation: String,
    pub key: String,
    /// Those that begin with `x-`.
    pub headers: BTreeMap<String, String>,
    pub body: Value,
}

#[derive(Default)]
struct Inner {
    version: u32,
    is_sealed: bool,
    /// Key, plain text and associated data; their place is the ciphertext.
    wrapped: Vec<(String, String, String)>,
    asked: Vec<Asked>,
}

/// Answers until dropped.
pub struct FakeVault {
    pub url: String,
    inner: Arc<Mutex<Inner>>,
    serving: JoinHandle<()>,
}

impl FakeVault {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let inner = Arc::new(Mutex::new(Inner { version: 1, ..Inner::default() }));
        let router =
            Router::new().route("/v1/transit/{operation}/{key}", post(answer)).with_state(Arc::clone(&inner));
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, inner, serving }
    }

    /// As the configuration names it.
    pub fn settings(&self, token: VaultToken) -> KeyEncryption {
        let vault = VaultSettings {
            address: self.url.clone(),
            token,
            transit_key: "iris".to_owned(),
            namespace: Some("kitchen".to_owned()),
        };
        KeyEncryption { provider: KeyProviderKind::Vault, vault: Some(vault), ..super::plain() }
    }

    /// What came in since the last time.
    pub fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut self.inner.lock().unwrap().asked)
    }

    /// The key's next version wraps from now on.
    pub fn rotate(&self) {
        self.inner.lock().unwrap().version += 1;
    }

    pub fn seal(&self, is_sealed: bool) {
        self.inner.lock().unwrap().is_sealed = is_sealed;
    }
}

impl Drop for FakeVault {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn answer(
    State(inner): State<Arc<Mutex<Inner>>>,
    Path((operation, key)): Path<(String, String)>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> (StatusCode, Json<Value>) {
    let mut inner = inner.lock().unwrap();
    let named = headers.iter().filter(|(name, _)| name.as_str().starts_with("x-"));
    let named = named.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    let asked = Asked { operation, key, headers: named.collect(), body };
    inner.asked.push(asked.clone());
    let refusal = |status, why: &str| (status, Json(json!({"errors": [why]})));
    if inner.is_sealed {
        return refusal(StatusCode::SERVICE_UNAVAILABLE, "Vault is sealed");
    }
    if asked.headers.get("x-vault-token").map(String::as_str) != Some(TOKEN) {
        return refusal(StatusCode::FORBIDDEN, "permission denied");
    }
    let field = |name: &str| asked.body[name].as_str().unwrap_or_default().to_owned();
    let data = if asked.operation == "encrypt" {
        inner.wrapped.push((asked.key.clone(), field("plaintext"), field("associated_data")));
        let (version, number) = (inner.version, inner.wrapped.len());
        json!({"ciphertext": format!("vault:v{version}:{number:060}"), "key_version": version})
    } else {
        let ciphertext = field("ciphertext");
        let number = ciphertext.rsplit(':').next().and_then(|number| number.parse::<usize>().ok());
        let found = number.and_then(|number| inner.wrapped.get(number.checked_sub(1)?));
        match found {
            Some((key, plaintext, data)) if *key == asked.key && *data == field("associated_data") => {
                json!({"plaintext": plaintext})
            }
            _ => return refusal(StatusCode::BAD_REQUEST, "cipher: message authentication failed"),
        }
    };
    (StatusCode::OK, Json(json!({"request_id": "1", "data": data})))
}
