//! A database with the schema, a log to append to, and runners to start on it.

use std::{collections::HashMap, sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use cqrs_es::DomainEvent as _;
use events::{
    Fold, NewEvent, RecordedEvent, StreamKind, StreamRef,
    canonical::canonical_json,
    log::{Append, FeedWindow, append, read_feed, read_head},
};
use platform::clock::{Clock, CountingIds, FixedClock, Ids as _};
use projections::{RunError, SchemaName, Settings, compare, drop_scratch, rebuild_into, run_with};
use sqlx::{
    ConnectOptions as _, Connection as _, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::{sync::watch, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// What `pg_stat_activity` shows of the projections' connections.
const WORKER: &str = "projections";
const VARIABLE: &str = "IRIS_TEST_DATABASE_URL";
/// Nothing here takes a second; whoever waits this long waits for ever.
const LIMIT: Duration = Duration::from_mins(1);

pub struct World {
    /// As superuser.
    pub pool: PgPool,
    /// As the role that runs projections in production, so that its grants are tested too.
    pub worker: PgPool,
    pub clock: Arc<FixedClock>,
    pub ids: CountingIds,
    /// Who does what is recorded.
    pub actor: String,
    /// Told of what is recorded, as by a process that commits.
    pub feed: FeedWindow,
    server: PgConnectOptions,
    database: String,
    sequences: HashMap<StreamRef, i64>,
}

pub struct Running {
    pub task: JoinHandle<Result<(), RunError>>,
    pub wake: watch::Sender<i64>,
    stop: CancellationToken,
}

impl Running {
    pub async fn stop(self) {
        self.stop.cancel();
        self.task.await.expect("the task does not panic").expect("the runner stops in order");
    }
}

impl World {
    pub async fn new(test: &str) -> Self {
        let url = std::env::var(VARIABLE)
            .unwrap_or_else(|_| panic!("{VARIABLE} must be set to a superuser's URL of a Postgres server"));
        let server: PgConnectOptions = url.parse().expect("the URL can be read");
        let database = format!("iris_projections_{test}_{}", std::process::id());
        let mut connection = server.connect().await.expect("the server answers");
        execute(&mut connection, &format!("DROP DATABASE IF EXISTS {database} WITH (FORCE)")).await;
        execute(&mut connection, &format!("CREATE DATABASE {database}")).await;
        connection.close().await.unwrap();

        let own = server.clone().database(&database);
        let pool = PgPoolOptions::new().max_connections(5).connect_with(own.clone()).await.unwrap();
        sqlx::migrate!("../migrations").run(&pool).await.unwrap();
        let as_worker = own.application_name(WORKER).options([("role", "iris_projection")]);
        let worker = PgPoolOptions::new().max_connections(40).connect_with(as_worker).await.unwrap();
        let clock = FixedClock::new("2026-11-20T09:00:00Z".parse().unwrap());
        Self {
            pool,
            worker,
            clock: Arc::new(clock),
            ids: CountingIds::default(),
            actor: "system:test".to_owned(),
            feed: FeedWindow::default(),
            server,
            database,
            sequences: HashMap::new(),
        }
    }

    pub async fn end(self) {
        self.worker.close().await;
        self.pool.close().await;
        let mut connection = self.server.connect().await.unwrap();
        execute(&mut connection, &format!("DROP DATABASE {} WITH (FORCE)", self.database)).await;
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    pub fn id<T: From<Uuid>>(&self) -> T {
        self.ids.next().into()
    }

    /// Appends one event, a second after the one before.
    pub async fn record<S: Fold>(&mut self, id: impl Into<Uuid>, event: S::Event) -> i64 {
        let payload = canonical_json(&event);
        self.record_payload(S::stream(id), event.event_type(), payload).await
    }

    /// Appends an event that may be none.
    pub async fn record_payload(&mut self, stream: StreamRef, event_type: String, payload: String) -> i64 {
        self.clock.advance(TimeDelta::seconds(1));
        let sequence = self.sequences.entry(stream).or_default();
        *sequence += 1;
        let event = NewEvent {
            event_id: self.ids.next(),
            stream,
            sequence: *sequence,
            event_type,
            event_version: "1".to_owned(),
            payload,
            metadata: "{}".to_owned(),
            recorded_at: self.clock.now(),
            command_id: self.ids.next(),
            actor: self.actor.clone(),
            supplier_id: None,
            restaurant_id: None,
        };
        let unit = Append { events: vec![event], recorded_at: self.clock.now(), ..Append::default() };
        let mut connection = self.pool.acquire().await.unwrap();
        let head = read_head(&mut connection).await.unwrap();
        let base = append(&mut connection, head, &unit).await.unwrap().expect("nobody else appends");
        self.feed.recorded(base, &unit.events);
        base + 1
    }

    pub async fn events(&self, kinds: &[StreamKind]) -> Vec<Arc<RecordedEvent>> {
        let mut connection = self.pool.acquire().await.unwrap();
        let read = read_feed(&mut connection, 0, 1_000_000, kinds).await.unwrap();
        read.events.into_iter().map(Arc::new).collect()
    }

    pub async fn head(&self) -> i64 {
        read_head(&mut self.pool.acquire().await.unwrap()).await.unwrap().position
    }

    pub fn start(&self, settings: Settings) -> Running {
        let (wake, woken) = watch::channel(0);
        let stop = CancellationToken::new();
        let running = run_with(self.worker.clone(), self.clock.clone(), woken, stop.clone(), settings);
        Running { task: tokio::spawn(running), wake, stop }
    }

    /// Runs until every checkpoint is at the end of the log.
    pub async fn catch_up(&self) {
        let running = self.start(Settings::default());
        self.reached(self.head().await).await;
        running.stop().await;
    }

    /// Returns once every projection has come that far.
    pub async fn reached(&self, position: i64) {
        let all = projections::all().len();
        self.until(&format!("SELECT count(*) = {all} AND min(position) >= {position} FROM read.checkpoints"))
            .await;
    }

    /// Returns once the query says true.
    pub async fn until(&self, sql: &str) {
        let is_true = async {
            while !self.value::<Option<bool>>(sql).await.unwrap_or_default() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(LIMIT, is_true).await.unwrap_or_else(|_| panic!("never came true: {sql}"));
    }

    /// Ends the projections' connections from the server's side.
    pub async fn cut_connections(&self) {
        let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                   WHERE datname = current_database() AND application_name = $1";
        sqlx::query(sql).bind(WORKER).execute(&self.pool).await.unwrap();
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

    /// The live rows are those of one fold from the first event to the last, and of no other.
    pub async fn assert_rows_are_those_of_a_rebuild(&self) {
        let scratch: SchemaName = "read_again".parse().unwrap();
        let (all, stop) = (projections::all(), CancellationToken::new());
        rebuild_into(&self.pool, &scratch, &all, &*self.clock, &stop).await.unwrap();
        let differences = compare(&self.pool, &SchemaName::live(), &scratch, &all).await.unwrap();
        assert_eq!(differences, []);
        assert!(
            self.value::<i64>("SELECT count(*) FROM read_again.orders").await > 0,
            "an empty proof is none"
        );
        drop_scratch(&self.pool, &scratch).await.unwrap();
    }
}

async fn execute(connection: &mut PgConnection, sql: &str) {
    sqlx::query(sql).execute(connection).await.unwrap();
}
