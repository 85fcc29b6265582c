//! A database, the router in its shell, and callers with real tokens.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request, StatusCode, header},
};
use chrono::{DateTime, Utc};
use events::values::{KEY_SEGMENTS, KEY_SEGMENTS_OPEN};
use http_body_util::BodyExt;
use platform::{
    access_log::AccessLog,
    auth::{ApiKeys, Identity, IdentityProvider, KeyReach, LocalProvider, WithApiKeys},
    blobs::BlobStore,
    clock::{Clock, FixedClock, Ids, UuidV7Ids},
    http::{Shell, shell},
    personal::{PersonalKeys, Vault},
};
use query_api::{QueryState, Sources};
use serde_json::Value;
use sqlx::{Connection, PgConnection, PgPool, postgres::PgPoolOptions};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use uuid::Uuid;

const READ_MODELS: [&str; 14] = [
    "accounts",
    "api_keys",
    "suppliers",
    "restaurants",
    "catalogue",
    "carts",
    "orders",
    "invoiced_prices",
    "webhook_endpoints",
    "invoices",
    "billing",
    "trade_relations",
    "privileged_actions",
    "inventory",
];

pub struct World {
    pub pool: PgPool,
    pub router: Router,
    pub blobs: BlobStore,
    /// Gone with the world.
    _folder: TempDir,
    pub access_log: AccessLog,
    tokens: Arc<LocalProvider>,
    pub clock: Arc<FixedClock>,
}

/// Somebody with an access token.
#[derive(Clone, Copy, Debug)]
pub struct Caller {
    pub id: Uuid,
    pub role: &'static str,
}

impl Caller {
    pub fn new(number: u128, role: &'static str) -> Self {
        Self { id: id(number), role }
    }
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub bytes: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes)
            .unwrap_or_else(|_| panic!("no JSON: {}", String::from_utf8_lossy(&self.bytes)))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn position(&self) -> i64 {
        self.header("iris-position").parse().unwrap()
    }

    /// The ids of a list's items.
    pub fn ids(&self) -> Vec<Uuid> {
        assert_eq!(self.status, 200, "{}", self.json());
        let items = self.json()["items"].as_array().unwrap().clone();
        items.iter().map(|item| item["id"].as_str().unwrap().parse().unwrap()).collect()
    }

    #[track_caller]
    pub fn refused(&self, status: u16, code: &str) -> Value {
        let body = self.json();
        assert_eq!((self.status.as_u16(), body["code"].as_str().unwrap_or("")), (status, code), "{body}");
        body
    }
}

/// A `UUIDv7` that is the same on every run.
pub fn id(number: u128) -> Uuid {
    Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + number)
}

pub fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// The moment at which all tests take place.
pub fn now() -> DateTime<Utc> {
    time("2026-11-20T09:00:00Z")
}

/// What the program's keys of people are wrapped under.
pub fn vault() -> Arc<Vault> {
    Arc::new(Vault::derive(&"a secret of tests that is long enough".into()))
}

impl World {
    pub async fn new() -> Self {
        Self::with(8, Duration::from_secs(20)).await
    }

    pub async fn with(connections: u32, wait_max: Duration) -> Self {
        let world = Self::over(database(connections).await, wait_max);
        world.advance(0).await;
        world
    }

    /// A program that has forgotten every ownership check: what its callers get is up to the database.
    pub async fn that_checks_nothing() -> Self {
        let forget = QueryState::with_ownership_checks_switched_off_for_tests;
        let world = Self::over_with(database(8).await, Duration::from_secs(20), forget);
        world.advance(0).await;
        world
    }

    /// The program on these connections.
    pub fn over(pool: PgPool, wait_max: Duration) -> Self {
        Self::over_with(pool, wait_max, |state| state)
    }

    fn over_with(pool: PgPool, wait_max: Duration, change: impl FnOnce(QueryState) -> QueryState) -> Self {
        let clock = Arc::new(FixedClock::new(now()));
        let secret = "a secret of tests that is long enough".into();
        let tokens = Arc::new(LocalProvider::new(&secret, clock.clone()));
        let folder = tempfile::tempdir().unwrap();
        let blobs = BlobStore::open(folder.path()).unwrap();
        let (access_log, writer) = AccessLog::new(pool.clone(), clock.clone(), &secret);
        tokio::spawn(writer.run(CancellationToken::new()));
        let ids = Arc::new(UuidV7Ids);
        let sources = Sources {
            personal: PersonalKeys::new(pool.clone(), vault()),
            pool: pool.clone(),
            clock: clock.clone(),
            ids: ids.clone(),
            blobs: blobs.clone(),
            access_log: access_log.clone(),
        };
        let state = change(QueryState::new(sources).with_wait_max(wait_max));
        let (router, _) = query_api::router(state).split_for_parts();
        let (keys, uses) = ApiKeys::new(pool.clone(), clock.clone());
        tokio::spawn(uses.run(CancellationToken::new()));
        let identity: Arc<dyn IdentityProvider> = Arc::new(WithApiKeys::new(keys, tokens.clone()));
        let around = Shell {
            identity: Some(identity),
            key_reach: KeyReach { base: "/api/v1/", scoped: &KEY_SEGMENTS, open: &KEY_SEGMENTS_OPEN },
            access_log: Some(access_log.clone()),
            ..Shell::new(clock.clone(), ids)
        };
        Self { pool, router: shell(router, &around), blobs, _folder: folder, access_log, tokens, clock }
    }

    pub fn state(&self) -> QueryState {
        QueryState::new(Sources {
            personal: PersonalKeys::new(self.pool.clone(), vault()),
            pool: self.pool.clone(),
            clock: self.clock.clone(),
            ids: Arc::new(UuidV7Ids),
            blobs: self.blobs.clone(),
            access_log: self.access_log.clone(),
        })
    }

    /// All read models and the log stand at `position`.
    pub async fn advance(&self, position: i64) {
        for model in READ_MODELS {
            self.checkpoint(model, position).await;
        }
        self.head(position).await;
    }

    pub async fn checkpoint(&self, model: &str, position: i64) {
        let sql = "INSERT INTO read.checkpoints (name, version, position, fence, updated_at)
                   VALUES ($1, 1, $2, 1, $3) ON CONFLICT (name) DO UPDATE SET position = $2";
        sqlx::query(sql).bind(model).bind(position).bind(now()).execute(&self.pool).await.unwrap();
    }

    pub async fn head(&self, position: i64) {
        let sql = "UPDATE public.log_head SET position = $1";
        sqlx::query(sql).bind(position).execute(&self.pool).await.unwrap();
    }

    pub fn token(&self, caller: Caller) -> String {
        let email = format!("{}@iris.test", caller.role.to_lowercase());
        let identity = Identity { subject: caller.id, email, role: caller.role.to_owned(), key: None };
        self.tokens.issue(&identity, self.clock.now(), Duration::from_hours(1))
    }

    pub async fn get(&self, caller: Caller, path: &str) -> Answer {
        self.get_with(Some(caller), path, &[]).await
    }

    pub async fn get_with(&self, caller: Option<Caller>, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = Request::get(path);
        if let Some(caller) = caller {
            request = request.header(header::AUTHORIZATION, format!("Bearer {}", self.token(caller)));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes().to_vec();
        Answer { status: parts.status, headers: parts.headers, bytes }
    }
}

async fn database(connections: u32) -> PgPool {
    let url = std::env::var("IRIS_TEST_DATABASE_URL").expect(
        "IRIS_TEST_DATABASE_URL must name a Postgres whose user may create databases; `make test` sets it",
    );
    let name = format!("query_api_{}", UuidV7Ids.next().simple());
    let mut admin = PgConnection::connect(&url).await.expect("IRIS_TEST_DATABASE_URL must answer");
    // The name is made of hex digits alone.
    sqlx::query(&format!("CREATE DATABASE {name}")).execute(&mut admin).await.unwrap();
    let options = url.parse::<sqlx::postgres::PgConnectOptions>().unwrap().database(&name);
    let pool = PgPoolOptions::new().max_connections(connections).connect_with(options).await.unwrap();
    sqlx::migrate!("../migrations").run(&pool).await.unwrap();
    pool
}
