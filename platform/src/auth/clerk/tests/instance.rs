//! An instance of Clerk's, as far as it is seen from here: keys that sign, and a server that publishes them.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rsa,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use axum::{
    Router,
    body::Body,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use chrono::{DateTime, Utc};
use futures::{StreamExt, future::BoxFuture, stream};
use jsonwebtoken::{Algorithm, EncodingKey, Header, jwk::Jwk};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::super::{
    super::{Accounts, FoundAccount, LinkedAccount},
    ClerkProvider, KeyTiming,
};
use crate::{
    auth::{AuthFailure, Identity, IdentityProvider},
    clock::FixedClock,
    config,
};

pub const USER: &str = "user_29w83sxmDNGwOuEthce5gg56FcC";
pub const PARTY: &str = "https://app.shop.example";
pub const NOW_S: i64 = 1_700_000_000;
/// Nobody waits so long for a test that goes well.
const PATIENCE: Duration = Duration::from_secs(30);

/// A pair of keys under an id.
pub struct Signer {
    pub kid: &'static str,
    algorithm: Algorithm,
    private: EncodingKey,
    /// DER of the public key, of RSA.
    pub public_der: Vec<u8>,
}

impl Signer {
    pub fn rsa(kid: &'static str) -> Self {
        let pair = rsa::KeyPair::generate(rsa::KeySize::Rsa2048).unwrap();
        let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
        let pem = format!(
            "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
            base64::Engine::encode(&base64::prelude::BASE64_STANDARD, der.as_ref())
        );
        let private = EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap();
        let public_der = pair.public_key().as_ref().to_vec();
        Self { kid, algorithm: Algorithm::RS256, private, public_der }
    }

    pub fn ec(kid: &'static str) -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let private = EncodingKey::from_ec_der(pair.to_pkcs8v1().unwrap().as_ref());
        Self { kid, algorithm: Algorithm::ES256, private, public_der: pair.public_key().as_ref().to_vec() }
    }

    /// As Clerk publishes it.
    pub fn jwk(&self) -> Value {
        let mut jwk =
            serde_json::to_value(Jwk::from_encoding_key(&self.private, self.algorithm).unwrap()).unwrap();
        jwk["kid"] = json!(self.kid);
        jwk["use"] = json!("sig");
        jwk
    }

    pub fn header(&self) -> Header {
        Header { kid: Some(self.kid.to_owned()), ..Header::new(self.algorithm) }
    }

    pub fn sign(&self, header: &Header, claims: &Value) -> String {
        jsonwebtoken::encode(header, claims, &self.private).unwrap()
    }

    /// A token as a browser shows it a moment after it was made, with other claims where there are changes.
    pub fn token(&self, changes: &[(&str, Value)]) -> String {
        self.sign(&self.header(), &claims(changes))
    }
}

pub fn claims(changes: &[(&str, Value)]) -> Value {
    let mut claims = json!({
        "iss": "https://clerk.shop.example", "sub": USER, "sid": "sess_2GaMqUCB3Sc1WNAkWuNzsnYVVEy",
        "azp": PARTY, "sts": "active", "v": 2, "fva": [0, -1], "jti": "5ff6b1f4a6b1c3a2b7d0",
        "iat": NOW_S, "nbf": NOW_S - 10, "exp": NOW_S + 60
    });
    for (name, value) in changes {
        claims[*name] = value.clone();
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(*name);
        }
    }
    claims
}

/// What the server does when it is asked for keys.
#[derive(Clone)]
pub enum Publishing {
    Keys(Vec<Value>),
    Text(String),
    Status(u16),
    Redirect,
    /// Says nothing, and does not hang up.
    Silence,
    /// As many bytes as are taken.
    Endless,
}

pub struct Published {
    publishing: Mutex<Publishing>,
    pub asked: AtomicUsize,
    pub lured: AtomicUsize,
}

/// A server, a provider that asks it, and one account.
pub struct Instance {
    pub url: String,
    pub published: Arc<Published>,
    pub clock: Arc<FixedClock>,
    pub provider: Arc<ClerkProvider>,
    stop: CancellationToken,
}

/// Accounts in a map, in place of those in the log.
struct KnownAccounts(HashMap<String, LinkedAccount>);

impl Accounts for KnownAccounts {
    fn find<'a>(&'a self, provider: &'a str, subject: &'a str) -> BoxFuture<'a, FoundAccount> {
        assert_eq!(provider, "clerk");
        Box::pin(async move { Ok(self.0.get(subject).cloned()) })
    }
}

pub fn identity() -> Identity {
    Identity {
        subject: Uuid::from_u128(7),
        email: "anna@krog.example".to_owned(),
        role: "RESTAURANT".to_owned(),
        key: None,
    }
}

/// Nothing is waited for longer than a test needs to see it.
pub fn quick() -> KeyTiming {
    let brief = Duration::from_millis(20);
    KeyTiming { retry_first: brief, retry_max: brief, ..KeyTiming::default() }
}

impl Instance {
    pub async fn start(publishing: Publishing, timing: KeyTiming) -> Self {
        let published = Arc::new(Published {
            publishing: Mutex::new(publishing),
            asked: AtomicUsize::new(0),
            lured: AtomicUsize::new(0),
        });
        let router = Router::new()
            .route("/jwks", get(publish))
            .route("/elsewhere", get(lured))
            .with_state(Arc::clone(&published));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let settings = config::Clerk {
            issuer: "https://clerk.shop.example".to_owned(),
            jwks_url: format!("{url}/jwks"),
            authorized_parties: vec![PARTY.to_owned()],
            webhook_secret: None,
        };
        let clock = Arc::new(FixedClock::new(DateTime::<Utc>::from_timestamp(NOW_S, 0).unwrap()));
        let disabled = LinkedAccount { identity: identity(), is_disabled: true };
        let accounts = HashMap::from([
            (USER.to_owned(), LinkedAccount { is_disabled: false, ..disabled.clone() }),
            ("user_disabled".to_owned(), disabled),
        ]);
        let accounts = Arc::new(KnownAccounts(accounts));
        let provider = ClerkProvider::try_new(&settings, timing, accounts, Arc::clone(&clock) as _).unwrap();
        let (provider, stop) = (Arc::new(provider), CancellationToken::new());
        tokio::spawn(Arc::clone(&provider).keep_keys(stop.clone()));
        Self { url, published, clock, provider, stop }
    }

    /// One that publishes these keys and is kept as in production.
    pub async fn of(signers: &[&Signer]) -> Self {
        Self::start(keys(signers), KeyTiming::default()).await
    }

    pub fn publish(&self, publishing: Publishing) {
        *self.published.publishing.lock().unwrap() = publishing;
    }

    pub fn asked(&self) -> usize {
        self.published.asked.load(Ordering::SeqCst)
    }

    pub async fn verify(&self, token: &str) -> Result<Identity, AuthFailure> {
        self.provider.verify(token).await
    }

    /// The token is taken sooner or later.
    pub async fn comes_to_take(&self, token: &str) {
        let coming = async {
            while self.verify(token).await.is_err() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, coming).await.expect("it is taken in the end");
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

pub fn keys(signers: &[&Signer]) -> Publishing {
    Publishing::Keys(signers.iter().map(|signer| signer.jwk()).collect())
}

async fn publish(State(published): State<Arc<Published>>) -> Response {
    published.asked.fetch_add(1, Ordering::SeqCst);
    let publishing = published.publishing.lock().unwrap().clone();
    match publishing {
        Publishing::Keys(keys) => axum::Json(json!({ "keys": keys })).into_response(),
        Publishing::Text(text) => text.into_response(),
        Publishing::Status(status) => StatusCode::from_u16(status).unwrap().into_response(),
        Publishing::Redirect => (StatusCode::FOUND, [(header::LOCATION, "/elsewhere")]).into_response(),
        Publishing::Silence => std::future::pending().await,
        Publishing::Endless => {
            let spaces =
                stream::repeat(()).map(|()| Ok::<_, std::convert::Infallible>([b' '; 1024].to_vec()));
            Body::from_stream(spaces).into_response()
        }
    }
}

async fn lured(State(published): State<Arc<Published>>) -> StatusCode {
    published.lured.fetch_add(1, Ordering::SeqCst);
    StatusCode::OK
}
