//! A world per test: a database, the router in its shell, and accounts that can call it.

use std::{
    ops::Deref,
    process,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Method, Request},
};
use chrono::{DateTime, Utc};
use command_api::{
    Caller, CommandState, Committer, LocalLogin, Outcome, Submission, SubmitError, Suggestions,
    domain::{Command, account::RegisterAccount},
    invoices::{Invoices, Readers},
    router,
};
use events::{
    log::FeedWindow,
    values::{KEY_SEGMENTS, KEY_SEGMENTS_OPEN, LoginAddress, Role, holds_plain},
};
use http_body_util::BodyExt;
use platform::{
    access_log::AccessLog,
    auth::{ApiKeys, Identity, IdentityProvider, KeyReach, LocalProvider, WithApiKeys},
    blobs::BlobStore,
    clock::{FixedClock, Ids, UuidV7Ids},
    config::DevUser,
    egress::UrlPolicy,
    http::{Shell, shell},
    link_token::LinkKey,
    personal::{PersonalKeys, Vault},
    secrets::Keyring,
    signing_secret::SigningSecret,
};
use serde_json::Value;
use sqlx::{Connection, PgConnection, PgPool, Row, postgres::PgConnectOptions};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use uuid::Uuid;

/// The password of every account that can log in.
pub const PASSWORD: &str = "iris-dev";
/// A dev user without an account.
pub const NOBODY: &str = "nobody@iris.test";
const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// Everything that a test touches.
pub struct World {
    pub pool: PgPool,
    pub clock: Arc<FixedClock>,
    client: Client,
    state: CommandState,
    shell: Shell,
    provider: Arc<LocalProvider>,
}

/// What requests go to; clones call the same program.
#[derive(Clone)]
pub struct Client {
    app: Router,
}

impl Deref for World {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

/// An account with a token in its hand.
#[derive(Clone)]
pub struct Account {
    pub id: Uuid,
    pub email: String,
    pub token: String,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Value,
}

/// What came back, as text.
#[derive(Debug)]
pub struct Page {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

/// Runs a test in a world of its own, checks the log it leaves, and clears up.
pub async fn in_world(test: impl AsyncFnOnce(&World)) {
    let name = database_name();
    let server = server();
    let mut admin =
        PgConnection::connect_with(&server).await.expect("IRIS_TEST_DATABASE_URL must be reachable");
    sqlx::query(&format!("CREATE DATABASE {name}"))
        .execute(&mut admin)
        .await
        .expect("a superuser may create databases");
    let owner = server.clone().database(&name);
    let mut connection = PgConnection::connect_with(&owner).await.unwrap();
    sqlx::migrate!("../migrations").run(&mut connection).await.unwrap();

    let (world, task) = world(owner).await;
    test(&world).await;

    log_is_dense(&mut connection).await;
    nothing_personal_is_plain(&mut connection).await;
    connection.close().await.unwrap();
    let pool = world.pool.clone();
    // The committer ends once nobody can hand it anything any more.
    drop(world);
    task.await.unwrap();
    pool.close().await;
    sqlx::query(&format!("DROP DATABASE {name} WITH (FORCE)")).execute(&mut admin).await.unwrap();
}

fn server() -> PgConnectOptions {
    let url = std::env::var("IRIS_TEST_DATABASE_URL")
        .expect("IRIS_TEST_DATABASE_URL must name a Postgres superuser; `make test` runs the tests with one");
    url.parse().expect("IRIS_TEST_DATABASE_URL must be a Postgres URL")
}

fn database_name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let fresh = UuidV7Ids.next().simple().to_string();
    format!("iris_command_{}_{}_{}", process::id(), COUNT.fetch_add(1, Ordering::Relaxed), &fresh[20..])
}

async fn world(owner: PgConnectOptions) -> (World, tokio::task::JoinHandle<()>) {
    // As in production: a role that owns nothing, so that a missing grant shows here.
    let options = owner.options([("role", "iris_command")]);
    let pool = PgPool::connect_with(options.clone()).await.unwrap();
    let clock = Arc::new(FixedClock::new("2026-11-20T09:00:00Z".parse::<DateTime<Utc>>().unwrap()));
    let ids = Arc::new(UuidV7Ids);
    let provider = Arc::new(LocalProvider::new(&SECRET.into(), clock.clone()));
    let (committer, task) =
        Committer::start(options, Arc::new(Vault::derive(&SECRET.into())), clock.clone(), ids.clone());
    let (access_log, writer) = AccessLog::new(pool.clone(), clock.clone(), &SECRET.into());
    tokio::spawn(writer.run(CancellationToken::new()));
    let state = CommandState {
        access_log: access_log.clone(),
        committer: committer.clone(),
        clock: clock.clone(),
        ids: ids.clone(),
        pool: pool.clone(),
        seal: Arc::new(Keyring::derive(&SECRET.into())),
        url_policy: UrlPolicy::default(),
        local: Some(Arc::new(LocalLogin::new(provider.clone(), &dev_users()))),
        clerk: None,
        links: Arc::new(LinkKey::derive(&SECRET.into())),
        // Files have tests of their own.
        invoices: Invoices {
            pool: pool.clone(),
            committer,
            blobs: BlobStore::at("none"),
            clock: clock.clone(),
            ids: ids.clone(),
            readers: Readers::none(),
            bell: Arc::default(),
        },
        suggestions: None,
    };
    let (keys, uses) = ApiKeys::new(pool.clone(), clock.clone());
    tokio::spawn(uses.run(CancellationToken::new()));
    let identity: Arc<dyn IdentityProvider> = Arc::new(WithApiKeys::new(keys, provider.clone()));
    let key_reach = KeyReach { base: "/api/v1/", scoped: &KEY_SEGMENTS, open: &KEY_SEGMENTS_OPEN };
    let (identity, access_log) = (Some(identity), Some(access_log));
    let shell = Shell { identity, access_log, key_reach, ..Shell::new(clock.clone(), ids) };
    let client = client(&state, &shell);
    (World { pool, clock, client, state, shell, provider }, task)
}

fn client(state: &CommandState, shell_of: &Shell) -> Client {
    let (routes, _openapi) = router(state.clone()).split_for_parts();
    Client { app: shell(routes, shell_of) }
}

fn dev_users() -> Vec<DevUser> {
    let hash = bcrypt::hash(PASSWORD, 4).unwrap();
    let user = |email: &str| DevUser { email: email.to_owned(), password_hash: hash.clone().into() };
    ["admin@iris.test", "restaurant@iris.test", "supplier@iris.test", NOBODY].map(user).into()
}

/// Positions are those of the head, from 1, without holes.
async fn log_is_dense(connection: &mut PgConnection) {
    let row = sqlx::query(
        "SELECT h.position, count(e.*) AS events, COALESCE(max(e.global_position), 0) AS last \
         FROM public.log_head h LEFT JOIN public.events e ON true GROUP BY h.position",
    )
    .fetch_one(connection)
    .await
    .unwrap();
    let (head, events, last): (i64, i64, i64) = (row.get("position"), row.get("events"), row.get("last"));
    assert_eq!((head, head), (events, last));
}

/// Whatever was done: the log holds no text about a person in the clear, but in streams that began before there
/// were keys.
async fn nothing_personal_is_plain(connection: &mut PgConnection) {
    let payloads: Vec<String> = sqlx::query_scalar(
        "SELECT payload::text FROM public.events e WHERE NOT EXISTS (SELECT 1 FROM public.events o \
             WHERE o.aggregate_id = e.aggregate_id AND o.actor = 'system:before_keys')",
    )
    .fetch_all(connection)
    .await
    .unwrap();
    let plain: Vec<&String> = payloads.iter().filter(|payload| holds_plain(payload)).collect();
    assert_eq!(plain, Vec::<&String>::new());
}

impl World {
    /// An account of that role, with a token.
    pub async fn account(&self, email: &str, role: Role) -> Account {
        let command = RegisterAccount { address: LoginAddress::new(UuidV7Ids.next(), email), role };
        let outcome = self.submit(Caller::system("test"), command).await.unwrap();
        let account: Value = serde_json::from_str(&outcome.body).unwrap();
        let id = account["account_id"].as_str().unwrap().parse().unwrap();
        Account { id, email: email.to_owned(), token: self.token(id, email, &role.to_string()) }
    }

    /// A command that has no route.
    pub async fn submit(&self, caller: Caller, command: impl Command) -> Result<Outcome, SubmitError> {
        let submission = Submission {
            command: Box::new(command),
            caller,
            key: None,
            command_id: UuidV7Ids.next(),
            metadata: "{}".to_owned(),
        };
        self.state.committer.submit(submission).await
    }

    /// A token as the local provider signs it.
    pub fn token(&self, subject: Uuid, email: &str, role: &str) -> String {
        use platform::clock::Clock;
        let identity = Identity { subject, email: email.to_owned(), role: role.to_owned(), key: None };
        self.provider.issue(&identity, self.clock.now(), Duration::from_hours(12))
    }

    /// A link's token as mails carry it.
    pub fn link_token(&self, purpose: &str, payload: &str) -> String {
        self.state.links.sign(purpose, payload)
    }

    /// A transaction of the database's owner, for rows that this program does not write itself.
    pub async fn owner(&self) -> sqlx::Transaction<'static, sqlx::Postgres> {
        let mut tx = platform::db::begin(&self.pool).await.unwrap();
        sqlx::query("SET LOCAL ROLE NONE").execute(&mut *tx).await.unwrap();
        tx
    }

    /// The keys of people, as the program has them.
    pub fn personal(&self) -> &PersonalKeys {
        self.state.committer.personal()
    }

    /// The committer's window of the log.
    pub fn feed(&self) -> FeedWindow {
        self.state.committer.feed()
    }

    /// Where the log ends.
    pub async fn head(&self) -> i64 {
        let row = sqlx::query("SELECT position FROM public.log_head").fetch_one(&self.pool).await.unwrap();
        row.get("position")
    }

    /// The document of the routes.
    pub fn openapi(&self) -> Value {
        serde_json::to_value(router(self.state.clone()).to_openapi()).unwrap()
    }

    /// For requests that run beside each other.
    pub fn caller(&self) -> Client {
        self.client.clone()
    }

    /// The same program where Clerk vouches for callers, and proves its webhooks by that secret.
    pub fn with_clerk(&self, secret: &SigningSecret) -> Client {
        let clerk = Some(secret.clone());
        client(&CommandState { local: None, clerk, ..self.state.clone() }, &self.shell)
    }

    /// The same in another process, as far as the log can tell: a committer of its own.
    pub fn with_clerk_elsewhere(&self, secret: &SigningSecret) -> Client {
        let options = (*self.pool.connect_options()).clone();
        let (clock, ids) = (self.clock.clone(), Arc::new(UuidV7Ids));
        let (committer, _task) =
            Committer::start(options, Arc::new(Vault::derive(&SECRET.into())), clock, ids);
        let clerk = Some(secret.clone());
        client(&CommandState { local: None, clerk, committer, ..self.state.clone() }, &self.shell)
    }

    /// The same program, where API keys can be looked up on those connections.
    pub fn with_keys_on(&self, pool: PgPool) -> Client {
        let (keys, _uses) = ApiKeys::new(pool, self.clock.clone());
        let identity: Arc<dyn IdentityProvider> = Arc::new(WithApiKeys::new(keys, self.provider.clone()));
        client(&self.state, &Shell { identity: Some(identity), ..self.shell.clone() })
    }

    /// The same program where that says what is suggested.
    pub fn suggesting(&self, suggestions: Arc<dyn Suggestions>) -> Client {
        client(&CommandState { suggestions: Some(suggestions), ..self.state.clone() }, &self.shell)
    }

    /// The same program with another identity provider.
    pub fn without_logins(&self) -> Client {
        client(&CommandState { local: None, ..self.state.clone() }, &self.shell)
    }
}

impl Client {
    pub async fn post(&self, who: &Account, path: &str, body: Value) -> Answer {
        self.call(Method::POST, who, path, Some(body), &[]).await
    }

    pub async fn put(&self, who: &Account, path: &str, body: Value) -> Answer {
        self.call(Method::PUT, who, path, Some(body), &[]).await
    }

    pub async fn patch(&self, who: &Account, path: &str, body: Value) -> Answer {
        self.call(Method::PATCH, who, path, Some(body), &[]).await
    }

    pub async fn delete(&self, who: &Account, path: &str) -> Answer {
        self.call(Method::DELETE, who, path, None, &[]).await
    }

    /// A call without a body.
    pub async fn post_nothing(&self, who: &Account, path: &str) -> Answer {
        self.call(Method::POST, who, path, None, &[]).await
    }

    pub async fn call(
        &self,
        method: Method,
        who: &Account,
        path: &str,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let body = body.map(|body| body.to_string().into_bytes());
        let authorization = format!("Bearer {}", who.token);
        let mut headers = headers.to_vec();
        headers.push(("authorization", &authorization));
        self.send(method, path, body, &headers).await
    }

    /// A call by nobody in particular.
    pub async fn post_openly(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some(body.to_string().into_bytes()), &[]).await
    }

    /// A body as bytes; paths are under `/api/v1`.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut headers = headers.to_vec();
        if body.is_some() {
            headers.push(("content-type", "application/json"));
        }
        let page = self.fetch(method, path, body.unwrap_or_default(), &headers).await;
        let body = if page.text.is_empty() { Value::Null } else { serde_json::from_str(&page.text).unwrap() };
        Answer { status: page.status, headers: page.headers, body }
    }

    /// A call whose answer need not be JSON.
    pub async fn fetch(&self, method: Method, path: &str, body: Vec<u8>, headers: &[(&str, &str)]) -> Page {
        let mut request = Request::builder().method(method).uri(format!("/api/v1{path}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body)).unwrap();
        let response = self.app.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        Page { status: parts.status.as_u16(), headers: parts.headers, text }
    }
}

impl Answer {
    /// The answer, which must have this status.
    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }

    /// A refusal with this status and code, in the one shape.
    #[track_caller]
    pub fn refuses(self, status: u16, code: &str) -> Self {
        assert_eq!((self.status, self.body["code"].as_str()), (status, Some(code)), "{}", self.body);
        assert_eq!(self.body["status"], status);
        assert!(self.body["error"].is_string() && self.body["details"].is_array(), "{}", self.body);
        self
    }

    /// The resource's id.
    #[track_caller]
    pub fn id(&self) -> String {
        self.text("id")
    }

    /// A member of the body that is a text.
    #[track_caller]
    pub fn text(&self, member: &str) -> String {
        self.body[member].as_str().unwrap_or_else(|| panic!("no text {member} in {}", self.body)).to_owned()
    }

    /// A header that must be there.
    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no header {name}")).to_str().unwrap()
    }

    /// `field code` of every detail, sorted.
    pub fn faults(&self) -> Vec<String> {
        let details = self.body["details"].as_array().unwrap();
        let text = |fault: &Value, member: &str| fault[member].as_str().unwrap().to_owned();
        let mut faults: Vec<String> =
            details.iter().map(|fault| format!("{} {}", text(fault, "field"), text(fault, "code"))).collect();
        faults.sort_unstable();
        faults
    }
}
