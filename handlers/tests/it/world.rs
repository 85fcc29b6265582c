//! A database with the schema, a log to append to, and what follows it.

use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
use cqrs_es::DomainEvent as _;
use events::{
    Fold, NewEvent, StreamRef,
    audit::{SealFolder, SigningKey},
    canonical::canonical_json,
    invoice::{Invoice, InvoiceEvent, InvoiceFile, Stated},
    log::{Append, FeedWindow, append, read_head},
    product::{Product, ProductDetails, ProductEvent},
    public::{PublicEvent, read_public},
    supplier::{Supplier, SupplierDetails, SupplierEvent},
    values::{Currency, SupplierId},
};
use handlers::{
    Nats, Surroundings, consumer, relay,
    scheduler::{self, Agenda},
    sealing,
};
use platform::clock::{Clock, CountingIds, FixedClock, Ids as _, UuidV7Ids};
use sqlx::{
    ConnectOptions as _, Connection as _, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::{sync::watch, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::nats_server::{Message, NatsServer};

const VARIABLE: &str = "IRIS_TEST_DATABASE_URL";
/// Nothing here takes ten seconds; whoever waits this long waits for ever.
const LIMIT: Duration = Duration::from_mins(1);
const LOOK_EVERY: Duration = Duration::from_millis(5);

pub struct World {
    /// As superuser.
    pub pool: PgPool,
    /// As the role that reacts in production, so that its grants are tested too.
    pub worker: PgPool,
    pub clock: Arc<FixedClock>,
    pub ids: CountingIds,
    /// As a writer in the process would; unless a test says something here, everything is found by looking.
    pub wake: watch::Sender<i64>,
    supplier: SupplierId,
    server: PgConnectOptions,
    database: String,
}

/// A relay or a consumer at work.
pub struct Running {
    task: JoinHandle<()>,
    stop: CancellationToken,
}

impl Running {
    pub async fn stop(self) {
        self.stop.cancel();
        self.task.await.expect("it ends in order");
    }

    /// As a process that dies: nothing is finished, nothing is given back.
    pub async fn kill(self) {
        self.task.abort();
        assert!(self.task.await.is_err(), "it ran until now");
    }

    /// Returns once it has died by itself.
    pub async fn died(self) {
        let died = tokio::time::timeout(LIMIT, self.task).await.expect("it ends");
        assert!(died.is_err_and(|error| error.is_panic()), "it died");
    }
}

pub fn relay_settings() -> relay::Settings {
    relay::Settings {
        lease: Duration::from_millis(600),
        poll: Duration::from_millis(10),
        check: Duration::from_millis(50),
        ack_timeout: Duration::from_millis(500),
        backoff_first: Duration::from_millis(10),
        backoff_max: Duration::from_millis(100),
        ..relay::Settings::default()
    }
}

pub fn consumer_settings() -> consumer::Settings {
    consumer::Settings {
        lease: Duration::from_millis(600),
        sweep: Duration::from_millis(100),
        poll: Duration::from_millis(20),
        grace: Duration::from_millis(50),
        backoff_first: Duration::from_millis(10),
        backoff_max: Duration::from_millis(100),
        ..consumer::Settings::default()
    }
}

pub fn scheduler_settings() -> scheduler::Settings {
    scheduler::Settings {
        lease: Duration::from_millis(600),
        poll: Duration::from_millis(10),
        attempts_max: 3,
        retry_first: Duration::from_millis(10),
        retry_max: Duration::from_millis(20),
        grace: Duration::from_millis(200),
        backoff_first: Duration::from_millis(10),
        backoff_max: Duration::from_millis(100),
    }
}

/// Returns once it is true.
pub async fn until(what: &str, mut is_true: impl AsyncFnMut() -> bool) {
    let becomes_true = async {
        while !is_true().await {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    tokio::time::timeout(LIMIT, becomes_true).await.unwrap_or_else(|_| panic!("never came true: {what}"));
}

impl World {
    pub async fn new(test: &str) -> Self {
        let url = std::env::var(VARIABLE)
            .unwrap_or_else(|_| panic!("{VARIABLE} must be set to a superuser's URL of a Postgres server"));
        let server: PgConnectOptions = url.parse().expect("the URL can be read");
        let database = format!("iris_handlers_{test}_{}", std::process::id());
        let mut connection = server.connect().await.expect("the server answers");
        execute(&mut connection, &format!("DROP DATABASE IF EXISTS {database} WITH (FORCE)")).await;
        execute(&mut connection, &format!("CREATE DATABASE {database}")).await;
        connection.close().await.unwrap();

        let own = server.clone().database(&database);
        let pool = PgPoolOptions::new().max_connections(5).connect_with(own.clone()).await.unwrap();
        sqlx::migrate!("../migrations").run(&pool).await.unwrap();
        let as_worker = own.options([("role", "iris_handler")]);
        let worker = PgPoolOptions::new().max_connections(20).connect_with(as_worker).await.unwrap();
        let ids = CountingIds::default();
        let supplier = ids.next().into();
        let clock = Arc::new(FixedClock::new("2026-11-20T09:00:00Z".parse().unwrap()));
        let wake = watch::channel(0).0;
        Self { pool, worker, clock, ids, wake, supplier, server, database }
    }

    pub async fn end(self) {
        self.worker.close().await;
        self.pool.close().await;
        let mut connection = self.server.connect().await.unwrap();
        execute(&mut connection, &format!("DROP DATABASE {} WITH (FORCE)", self.database)).await;
    }

    /// That many products, in one append: each is a public event. Returns the last position.
    pub async fn offer(&self, count: usize) -> i64 {
        let events = (0..count).map(|number| {
            let sku = format!("M-{number}");
            self.event::<Product>(&ProductEvent::ProductCreated {
                supplier_id: self.supplier,
                details: ProductDetails { name: "Morot".to_owned(), sku, ..ProductDetails::default() },
                unit_price_minor: 1_250,
                currency: Currency::SEK,
            })
        });
        self.append(events.collect()).await
    }

    /// Something that is nobody's business outside.
    pub async fn register_supplier(&self) -> i64 {
        let details = SupplierDetails { name: "Gröna gården".to_owned(), ..SupplierDetails::default() };
        let event = SupplierEvent::SupplierRegistered { details, currency: Currency::SEK };
        self.append(vec![self.event::<Supplier>(&event)]).await
    }

    /// An invoice of that supplier's comes, as a file.
    pub async fn receive_invoice(&self) -> i64 {
        let event = InvoiceEvent::InvoiceReceived {
            file: InvoiceFile {
                sha256: "ab".repeat(32),
                bytes: 10_240,
                media_type: "application/xml".to_owned(),
                name: None,
            },
            stated: Stated { supplier_id: Some(self.supplier), ..Stated::default() },
            received_by: None,
            received_at: self.clock.now(),
        };
        self.append(vec![self.event::<Invoice>(&event)]).await
    }

    /// A product's event that no program can read.
    pub async fn append_unreadable(&self) -> i64 {
        let event = NewEvent { payload: r#"{"unheard":"of"}"#.to_owned(), ..self.product() };
        self.append(vec![event]).await
    }

    /// A product whose description is that long.
    pub async fn offer_lengthy(&self, length: usize) -> i64 {
        let details = ProductDetails { name: "o".repeat(length), ..ProductDetails::default() };
        let event = ProductEvent::ProductCreated {
            supplier_id: self.supplier,
            details,
            unit_price_minor: 1,
            currency: Currency::SEK,
        };
        self.append(vec![self.event::<Product>(&event)]).await
    }

    fn product(&self) -> NewEvent {
        self.event::<Product>(&ProductEvent::ProductCreated {
            supplier_id: self.supplier,
            details: ProductDetails::default(),
            unit_price_minor: 1,
            currency: Currency::SEK,
        })
    }

    /// The first event of a new stream.
    fn event<S: Fold>(&self, event: &S::Event) -> NewEvent {
        let stream: StreamRef = S::stream(self.ids.next());
        NewEvent {
            // Ids of the world's own: another world's log must be told from this one by them.
            event_id: UuidV7Ids.next(),
            stream,
            sequence: 1,
            event_type: event.event_type(),
            event_version: "1".to_owned(),
            payload: canonical_json(event),
            metadata: "{}".to_owned(),
            recorded_at: self.clock.now(),
            command_id: self.ids.next(),
            actor: "system:test".to_owned(),
            supplier_id: None,
            restaurant_id: None,
        }
    }

    pub async fn append(&self, events: Vec<NewEvent>) -> i64 {
        self.clock.advance(TimeDelta::seconds(1));
        let count = i64::try_from(events.len()).unwrap();
        let unit = Append { events, recorded_at: self.clock.now(), ..Append::default() };
        let mut connection = self.pool.acquire().await.unwrap();
        let head = read_head(&mut connection).await.unwrap();
        append(&mut connection, head, &unit).await.unwrap().expect("nobody else appends") + count
    }

    /// What the outside is to hear, all of it.
    pub async fn public(&self) -> Vec<PublicEvent> {
        read_public(&mut self.pool.acquire().await.unwrap(), 0, 1_000_000).await.unwrap().events
    }

    pub fn surroundings(&self) -> Surroundings {
        let wake = self.wake.subscribe();
        let clock: Arc<dyn Clock> = self.clock.clone();
        Surroundings {
            pool: self.worker.clone(),
            clock,
            ids: Arc::new(UuidV7Ids),
            wake,
            feed: FeedWindow::default(),
        }
    }

    pub async fn relay(&self, server: &NatsServer) -> Running {
        self.relay_with(server, relay_settings()).await
    }

    pub async fn relay_with(&self, server: &NatsServer, settings: relay::Settings) -> Running {
        let nats = Nats::connect(&server.url(), "relay").await.unwrap();
        let stop = CancellationToken::new();
        let task = tokio::spawn(relay::run_with(self.surroundings(), nats, stop.clone(), settings));
        Running { task, stop }
    }

    pub fn seal(&self, key: SigningKey, folder: Option<SealFolder>, settings: sealing::Settings) -> Running {
        let stop = CancellationToken::new();
        let sealing = sealing::run(self.surroundings(), key, folder, settings, stop.clone());
        Running { task: tokio::spawn(sealing), stop }
    }

    pub fn schedule(&self, agenda: Agenda, settings: scheduler::Settings) -> Running {
        let stop = CancellationToken::new();
        let scheduling = scheduler::run_with(self.surroundings(), agenda, stop.clone(), settings);
        Running { task: tokio::spawn(scheduling), stop }
    }

    pub async fn consume(
        &self,
        consumer: Arc<dyn consumer::Consumer>,
        server: Option<&NatsServer>,
        settings: consumer::Settings,
    ) -> Running {
        let nats = match server {
            Some(server) => Some(Nats::connect(&server.url(), "consumer").await.unwrap()),
            None => None,
        };
        let stop = CancellationToken::new();
        let running = consumer::run_with(consumer, self.surroundings(), nats, stop.clone(), settings);
        Running { task: tokio::spawn(running), stop }
    }

    /// The stream says what the log says to the outside: each event once, in order, in unbroken succession.
    pub async fn assert_published(&self, messages: &[Message]) {
        let public = self.public().await;
        let positions: Vec<i64> = messages.iter().map(Message::position).collect();
        assert_eq!(positions, public.iter().map(|event| event.position).collect::<Vec<_>>());
        let mut previous = 0;
        for (message, event) in messages.iter().zip(&public) {
            assert_eq!(message.header("Iris-Previous-Position"), Some(previous.to_string().as_str()));
            assert_eq!(PublicEvent::from_cloud_event(message.body.as_bytes()).unwrap(), *event);
            let id = message.header("Nats-Msg-Id").unwrap();
            assert_eq!(id.split('.').next(), Some(event.event_id.to_string().as_str()));
            previous = event.position;
        }
    }

    /// The one value that the query gives.
    pub async fn value<T>(&self, sql: &str) -> T
    where
        T: for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres> + Send + Unpin,
    {
        sqlx::query_scalar(sql).fetch_one(&self.pool).await.unwrap()
    }

    /// Returns once the query says true.
    pub async fn until(&self, sql: &str) {
        let is_true = async || {
            let said = sqlx::query_scalar::<_, Option<bool>>(sql).fetch_optional(&self.pool).await.unwrap();
            said.flatten().unwrap_or_default()
        };
        until(sql, is_true).await;
    }

    pub async fn execute(&self, sql: &str) {
        execute(&mut self.pool.acquire().await.unwrap(), sql).await;
    }

    /// Returns once that follower has come that far.
    pub async fn follows(&self, name: &str, position: i64) {
        self.until(&format!("SELECT position >= {position} FROM fanout.followers WHERE name = '{name}'"))
            .await;
    }
}

pub fn fresh() -> Uuid {
    UuidV7Ids.next()
}

async fn execute(connection: &mut PgConnection, sql: &str) {
    sqlx::query(sql).execute(connection).await.unwrap();
}
