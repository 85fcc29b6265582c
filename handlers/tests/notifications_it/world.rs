//! A database with the schema, people to tell, and processes that tell them.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use events::{
    Fold, Folded,
    account::Account,
    public::PublicEvent,
    values::{AccountId, NotificationPreferences, Personal, Role},
};
use handlers::{
    consumer::{Batch, Consumer},
    notifications::{Fcm, MailChannel, NotificationSettings, Notifications, Resend, Tempo},
};
use platform::{
    clock::{Clock, CountingIds, FixedClock, Ids},
    link_token::LinkKey,
    personal::Vault,
};
use serde::Serialize;
use sqlx::{
    ConnectOptions as _, Connection as _, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const VARIABLE: &str = "IRIS_TEST_DATABASE_URL";
/// Nothing here takes ten seconds; whoever waits this long waits for ever.
const LIMIT: Duration = Duration::from_mins(1);
pub const SECRET: &str = "a signing secret of the tests' own";
pub const REQUEST_TIMEOUT: Duration = Duration::from_millis(500);

pub struct World {
    /// As superuser.
    pub pool: PgPool,
    /// As the role that runs handlers in production, so that its grants are tested too.
    pub worker: PgPool,
    pub clock: Arc<FixedClock>,
    pub ids: Arc<CountingIds>,
    pub position: i64,
    server: PgConnectOptions,
    database: String,
}

/// A process that sends.
pub struct Running {
    task: JoinHandle<()>,
    stop: CancellationToken,
}

impl Running {
    /// As SIGTERM does.
    pub async fn stop(self) {
        self.stop.cancel();
        self.task.await.expect("it ends in order");
    }

    /// As SIGKILL does: nothing that it would still have done is done.
    pub async fn kill(self) {
        self.task.abort();
        assert!(self.task.await.unwrap_err().is_cancelled());
    }
}

impl World {
    pub async fn new(test: &str) -> Self {
        let url = std::env::var(VARIABLE)
            .unwrap_or_else(|_| panic!("{VARIABLE} must be set to a superuser's URL of a Postgres server"));
        let server: PgConnectOptions = url.parse().expect("the URL can be read");
        let database = format!("iris_notifications_{test}_{}", std::process::id());
        let mut connection = server.connect().await.expect("the server answers");
        execute(&mut connection, &format!("DROP DATABASE IF EXISTS {database} WITH (FORCE)")).await;
        execute(&mut connection, &format!("CREATE DATABASE {database}")).await;
        connection.close().await.unwrap();

        let own = server.clone().database(&database);
        let pool = PgPoolOptions::new().max_connections(4).connect_with(own.clone()).await.unwrap();
        sqlx::migrate!("../migrations").run(&pool).await.unwrap();
        let as_worker = own.options([("role", "iris_handler")]);
        let worker = PgPoolOptions::new().max_connections(16).connect_with(as_worker).await.unwrap();
        let clock = Arc::new(FixedClock::new(at("2026-11-20T09:00:00Z")));
        let ids = Arc::new(CountingIds::default());
        Self { pool, worker, clock, ids, position: 0, server, database }
    }

    pub async fn end(self) {
        self.worker.close().await;
        self.pool.close().await;
        let mut connection = self.server.connect().await.unwrap();
        execute(&mut connection, &format!("DROP DATABASE {} WITH (FORCE)", self.database)).await;
    }

    pub fn id<T: From<Uuid>>(&self) -> T {
        self.ids.next().into()
    }

    pub fn advance(&self, by: TimeDelta) {
        self.clock.advance(by);
    }

    /// Without any provider.
    pub fn settings() -> NotificationSettings {
        let tempo = Tempo {
            poll_every: Duration::from_millis(10),
            lease: Duration::from_millis(1500),
            request_timeout: REQUEST_TIMEOUT,
        };
        NotificationSettings {
            public_url: "https://iris.example".to_owned(),
            links: LinkKey::derive(&SECRET.to_owned().into()),
            mail: None,
            push: None,
            tempo,
            vault: Arc::new(Vault::derive(&SECRET.to_owned().into())),
        }
    }

    pub fn with_mail(&self, url: &str) -> Arc<Notifications> {
        let from = "Iris <no-reply@iris.example>".to_owned();
        let resend = Resend::try_new(url, "re_test".to_owned().into(), from, REQUEST_TIMEOUT).unwrap();
        self.notifications(NotificationSettings {
            mail: Some(MailChannel::Resend(resend)),
            ..Self::settings()
        })
    }

    pub fn with_push(&self, fcm: Fcm) -> Arc<Notifications> {
        self.notifications(NotificationSettings { push: Some(fcm), ..Self::settings() })
    }

    pub fn notifications(&self, settings: NotificationSettings) -> Arc<Notifications> {
        let ids: Arc<dyn Ids> = self.ids.clone();
        Arc::new(Notifications::new(self.worker.clone(), self.clock.clone(), ids, settings))
    }

    pub fn start(notifications: &Arc<Notifications>) -> Running {
        let stop = CancellationToken::new();
        let (running, until) = (Arc::clone(notifications), stop.clone());
        Running { task: tokio::spawn(async move { running.run(until).await }), stop }
    }

    /// Hands events to the consumer, as its runtime does.
    pub async fn tell(&mut self, notifications: &Notifications, events: Vec<PublicEvent>) {
        let batch = Batch {
            after: self.position,
            upto: events.iter().map(|event| event.position).max().unwrap_or(self.position),
            public: events,
            inner: Vec::new(),
            now: self.clock.now(),
        };
        self.position = batch.upto;
        let consumer: Arc<dyn Consumer> = notifications.consumer();
        let mut tx = platform::db::begin(&self.worker).await.unwrap();
        consumer.handle_in_tx(&mut tx, &batch).await.unwrap();
        tx.commit().await.unwrap();
        consumer.handled(batch.upto);
    }

    pub async fn account(&self, email: &str, preferences: NotificationPreferences) -> AccountId {
        let id: AccountId = self.id();
        let account = Account {
            email: Personal::new(id, email),
            role: Role::Restaurant,
            notifications: preferences,
            ..Account::default()
        };
        sqlx::query("INSERT INTO read.accounts (account_id, created_at, state) VALUES ($1, $2, $3::jsonb)")
            .bind(id.0)
            .bind(self.clock.now())
            .bind(self.folded(account))
            .execute(&self.pool)
            .await
            .unwrap();
        id
    }

    pub async fn prefer(&self, account: AccountId, preferences: &NotificationPreferences) {
        sqlx::query(
            "UPDATE read.accounts SET state = jsonb_set(state, '{state,notifications}', $2) \
             WHERE account_id = $1",
        )
        .bind(account.0)
        .bind(serde_json::to_value(preferences).unwrap())
        .execute(&self.pool)
        .await
        .unwrap();
    }

    pub async fn device(&self, account: AccountId, token: &str) -> Uuid {
        let id = self.ids.next();
        sqlx::query(
            "INSERT INTO notifications.devices (device_id, account_id, token, name, created_at) \
             VALUES ($1, $2, $3, NULL, $4)",
        )
        .bind(id)
        .bind(account.0)
        .bind(token)
        .bind(self.clock.now())
        .execute(&self.pool)
        .await
        .unwrap();
        id
    }

    /// A state as read tables keep it.
    pub fn folded<S: Fold + Serialize>(&self, state: S) -> String {
        let (created_at, updated_at) = (self.clock.now(), self.clock.now());
        serde_json::to_string(&Folded { revision: 1, created_at, updated_at, state }).unwrap()
    }

    /// Returns once the query says true.
    pub async fn until(&self, sql: &str) {
        let is_true = async {
            while !self.is_so(sql).await {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let waited = tokio::time::timeout(LIMIT, is_true).await;
        if waited.is_err() {
            let messages = self.messages().await;
            panic!("never came true: {sql}; messages: {messages:#?}");
        }
    }

    async fn is_so(&self, sql: &str) -> bool {
        let said: Option<Option<bool>> = sqlx::query_scalar(sql).fetch_optional(&self.pool).await.unwrap();
        said.flatten().unwrap_or_default()
    }

    /// Returns once the lane has looked at its queue again, whatever it saw: it does with every lease.
    pub async fn looked_again(&self) {
        for _renewal in 0..2 {
            let leased = "SELECT lease_until::text FROM notifications.channels WHERE channel = 'email'";
            let before: String = self.value(leased).await;
            self.until(&format!(
                "SELECT lease_until > '{before}' FROM notifications.channels WHERE channel = 'email'"
            ))
            .await;
        }
    }

    /// The one value that the query gives.
    pub async fn value<T>(&self, sql: &str) -> T
    where
        T: for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres> + Send + Unpin,
    {
        sqlx::query_scalar(sql).fetch_one(&self.pool).await.unwrap()
    }

    pub async fn execute(&self, sql: &str) {
        execute(&mut self.pool.acquire().await.unwrap(), sql).await;
    }

    /// Every message: channel, kind, decision, state, reason.
    pub async fn messages(&self) -> Vec<String> {
        sqlx::query_scalar(
            "SELECT concat_ws(' ', channel, kind, decision, state, reason) FROM notifications.messages \
             ORDER BY message_id",
        )
        .fetch_all(&self.pool)
        .await
        .unwrap()
    }

    /// Nothing waits that is due, and nobody's message was forgotten on the way.
    pub async fn assert_nothing_is_left(&self) {
        let left: i64 =
            self.value("SELECT count(*) FROM notifications.messages WHERE state = 'queued'").await;
        assert_eq!(left, 0, "{:#?}", self.messages().await);
    }
}

/// Returns once it is so.
pub async fn until(what: &str, is_so: impl Fn() -> bool) {
    let waiting = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(LIMIT, waiting).await.unwrap_or_else(|_| panic!("waited in vain until {what}"));
}

pub fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

async fn execute(connection: &mut PgConnection, sql: &str) {
    sqlx::query(sql).execute(connection).await.unwrap();
}
