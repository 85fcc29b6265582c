//! A database of its own, a process on it, and who calls it.

use std::{sync::Arc, sync::OnceLock, time::Duration};

use axum::{
    Router,
    body::Body,
    http::{Method, Request, header},
};
use command_api::{
    CommandState, Committer, Outcome, Submission,
    domain::{Caller, Command},
    invoices::{Invoices, Lane, Readers},
    router,
};
use events::values::{AccountId, Role};
use http_body_util::BodyExt;
use platform::{
    access_log::AccessLog,
    auth::{Identity, LocalProvider},
    blobs::BlobStore,
    clock::{Clock, FixedClock, Ids, UuidV7Ids},
    egress::UrlPolicy,
    http::{Shell, shell},
    link_token::LinkKey,
    personal::Vault,
    secrets::Keyring,
};
use serde_json::Value;
use sqlx::{
    Connection, PgConnection, PgPool, Row,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use uuid::Uuid;

use crate::{answer::Answer, forms::form};

const SECRET: &str = "0123456789abcdef0123456789abcdef";

pub struct World {
    /// May do everything, unlike the process.
    pub admin: PgPool,
    pub clock: Arc<FixedClock>,
    pub invoices: Invoices,
    options: PgConnectOptions,
    provider: Arc<LocalProvider>,
    router: Router,
    blobs: TempDir,
}

/// Somebody with an account.
#[derive(Clone, Copy)]
pub struct Person {
    pub id: AccountId,
    pub role: Role,
}

impl Person {
    pub fn new(role: Role) -> Self {
        Self { id: AccountId(UuidV7Ids.next()), role }
    }
}

impl World {
    /// On a machine with poppler and tesseract.
    pub async fn new() -> Self {
        Self::with(readers()).await
    }

    pub async fn with(readers: Readers) -> Self {
        let options = database().await;
        let clock = Arc::new(FixedClock::new("2026-05-12T09:00:00Z".parse().unwrap()));
        let admin = PgPoolOptions::new().max_connections(2).connect_with(options.clone()).await.unwrap();
        sqlx::migrate!("../migrations").run(&admin).await.unwrap();
        let blobs = TempDir::new().unwrap();
        let invoices = process(&options, &clock, &blobs, readers).await;
        let provider = Arc::new(LocalProvider::new(&SECRET.into(), clock.clone()));
        // What is queued is of no interest here: nobody writes it.
        let (access_log, _writer) = AccessLog::new(invoices.pool.clone(), clock.clone(), &SECRET.into());
        let state = CommandState {
            access_log,
            committer: invoices.committer.clone(),
            clock: clock.clone(),
            ids: invoices.ids.clone(),
            pool: invoices.pool.clone(),
            seal: Arc::new(Keyring::derive(&SECRET.into())),
            url_policy: UrlPolicy::default(),
            local: None,
            clerk: None,
            links: Arc::new(LinkKey::derive(&SECRET.into())),
            invoices: invoices.clone(),
            suggestions: None,
        };
        let mut around = Shell::new(clock.clone(), invoices.ids.clone());
        around.identity = Some(provider.clone());
        let router = shell(router(state).split_for_parts().0, &around);
        Self { admin, clock, invoices, options, provider, router, blobs }
    }

    /// Another process on the same database and folder.
    pub async fn another_process(&self) -> Invoices {
        process(&self.options, &self.clock, &self.blobs, self.invoices.readers.clone()).await
    }

    /// As the system, which may do anything.
    pub async fn submit(&self, command: impl Command) -> Outcome {
        let submission = Submission {
            command: Box::new(command),
            caller: Caller::system("test"),
            key: None,
            command_id: UuidV7Ids.next(),
            metadata: "{}".to_owned(),
        };
        self.invoices.committer.submit(submission).await.unwrap()
    }

    pub async fn send(&self, who: &Person, request: Request<Body>) -> Answer {
        let Answer { status, headers, body } = self.fetch(who, request).await;
        let body = serde_json::from_str(body.as_str().unwrap()).unwrap();
        Answer { status, headers, body }
    }

    /// An answer that need not be JSON; its body is a text.
    pub async fn fetch(&self, who: &Person, mut request: Request<Body>) -> Answer {
        let email = "somebody@iris.test".to_owned();
        let identity = Identity { subject: who.id.0, email, role: who.role.to_string(), key: None };
        let token = self.provider.issue(&identity, self.clock.now(), Duration::from_hours(1));
        request.headers_mut().insert(header::AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let body = Value::String(String::from_utf8(bytes.to_vec()).unwrap());
        Answer { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    pub async fn get(&self, who: &Person, path: &str) -> Answer {
        let path = if path.starts_with("/api") { path.to_owned() } else { format!("/api/v1{path}") };
        self.send(who, Request::get(path).body(Body::empty()).unwrap()).await
    }

    pub async fn post(&self, who: &Person, path: &str, body: &Value) -> Answer {
        self.call(Method::POST, who, path, body).await
    }

    pub async fn call(&self, method: Method, who: &Person, path: &str, body: &Value) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(format!("/api/v1{path}"))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string()))
            .unwrap();
        self.send(who, request).await
    }

    /// One file, with nothing said of it.
    pub async fn upload(&self, who: &Person, name: &str, bytes: &[u8]) -> Answer {
        self.send(who, form("/invoices", &[("file", name, bytes)])).await
    }

    /// Reads everything that waits.
    pub async fn read_all(&self) {
        let stop = CancellationToken::new();
        for lane in Lane::ALL {
            while self.invoices.read_next(lane, &stop).await.unwrap() {}
        }
    }

    /// The invoice as the log has it.
    pub async fn invoice(&self, id: &str) -> events::Folded<events::invoice::Invoice> {
        use events::Fold;
        let stream = events::invoice::Invoice::stream(id.parse::<Uuid>().unwrap());
        let mut connection = self.admin.acquire().await.unwrap();
        let mut folded = events::Folded::default();
        for event in events::log::read_stream(&mut connection, stream).await.unwrap() {
            folded.apply_recorded(&event).unwrap();
        }
        folded
    }

    /// What one number of the database is.
    pub async fn count(&self, sql: &str) -> i64 {
        sqlx::query(sql).fetch_one(&self.admin).await.unwrap().get(0)
    }

    /// How many files are kept.
    pub fn kept(&self) -> usize {
        fn files(folder: &std::path::Path) -> usize {
            let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
            entries.map(|path| if path.is_dir() { files(&path) } else { 1 }).sum()
        }
        files(self.blobs.path())
    }
}

/// What the machine that runs the tests has; asked once.
pub fn readers() -> Readers {
    static READERS: OnceLock<Readers> = OnceLock::new();
    READERS.get_or_init(Readers::probe).clone()
}

/// A process of its own: its own committer and connections, with the rights of the role alone.
async fn process(
    options: &PgConnectOptions,
    clock: &Arc<FixedClock>,
    blobs: &TempDir,
    readers: Readers,
) -> Invoices {
    let options = options.clone().options([("role", "iris_command")]);
    let pool = PgPoolOptions::new().max_connections(8).connect_with(options.clone()).await.unwrap();
    let ids: Arc<dyn Ids> = Arc::new(UuidV7Ids);
    let clock: Arc<dyn Clock> = clock.clone();
    let (committer, _task) =
        Committer::start(options, Arc::new(Vault::derive(&SECRET.into())), clock.clone(), ids.clone());
    let blobs = BlobStore::open(blobs.path()).unwrap();
    Invoices { pool, committer, blobs, clock, ids, readers, bell: Arc::default() }
}

/// A fresh, empty database on the server that the environment names.
async fn database() -> PgConnectOptions {
    let url = std::env::var("IRIS_TEST_DATABASE_URL").expect(
        "IRIS_TEST_DATABASE_URL must name a Postgres to test on, as its superuser; `make test` sets it",
    );
    let server: PgConnectOptions = url.parse().unwrap();
    let name = format!("invoices_{}", UuidV7Ids.next().simple());
    let mut connection = PgConnection::connect_with(&server).await.unwrap();
    sqlx::query(&format!("CREATE DATABASE {name}")).execute(&mut connection).await.unwrap();
    server.database(&name)
}
