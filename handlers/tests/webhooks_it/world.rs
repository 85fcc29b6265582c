//! A database with the schema, a log to append to, a receiver, and dispatchers to start.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use cqrs_es::DomainEvent as _;
use events::{
    Fold, NewEvent, StreamRef,
    canonical::canonical_json,
    invoice::{Invoice, InvoiceAnswer, InvoiceEvent, InvoiceFacts, Trade},
    log::{Append, append, read_feed, read_head},
    order::Party,
    price_rule::RuleRef,
    product::{Product, ProductDetails, ProductEvent},
    public::read_public,
    stock::{Stock, StockEvent},
    values::{Currency, ProductId, Quantity, SupplierId, WebhookEndpointId},
    webhook_endpoint::{
        DisabledReason, EndpointDetails, EndpointOwner, WebhookEndpoint, WebhookEndpointEvent,
    },
};
use handlers::{
    commands::{AskFailed, Asked, Commands},
    consumer::{Batch, Consumer},
    webhooks::{WebhookSettings, Webhooks},
};
use platform::{
    clock::{Clock, CountingIds, FixedClock, Ids, UuidV7Ids},
    egress::{Egress, EgressSettings},
    secrets::Keyring,
};
use sqlx::{
    ConnectOptions as _, Connection as _, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::receiver::Receiver;

const VARIABLE: &str = "IRIS_TEST_DATABASE_URL";
/// Nothing here takes a second; whoever waits this long waits for ever.
pub const LIMIT: Duration = Duration::from_mins(1);

/// What the write side was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AskedFor {
    Disable(Uuid, DisabledReason),
    Failing {
        endpoint_id: Uuid,
        since: DateTime<Utc>,
        warning: i32,
        failures: i64,
        disabled_at: DateTime<Utc>,
    },
    /// The endpoint, the URL that was asked, and the rate.
    Verify(Uuid, String, Option<u32>),
}

/// Stands in for the write side: remembers, and agrees unless told otherwise.
#[derive(Default)]
pub struct RecordingCommands {
    asked: Mutex<Vec<AskedFor>>,
    pub refuses_for_now: std::sync::atomic::AtomicBool,
}

impl RecordingCommands {
    pub fn asked(&self) -> Vec<AskedFor> {
        self.asked.lock().unwrap().clone()
    }

    fn ask(&self, what: AskedFor) -> Asked<'_> {
        self.asked.lock().unwrap().push(what);
        let later = self.refuses_for_now.load(std::sync::atomic::Ordering::SeqCst);
        Box::pin(std::future::ready(if later { Err(AskFailed::Later) } else { Ok(()) }))
    }
}

impl Commands for RecordingCommands {
    fn disable_endpoint(
        &self,
        endpoint_id: WebhookEndpointId,
        _url: String,
        reason: DisabledReason,
    ) -> Asked<'_> {
        self.ask(AskedFor::Disable(endpoint_id.0, reason))
    }

    fn report_endpoint_failing(
        &self,
        endpoint_id: WebhookEndpointId,
        _url: String,
        since: DateTime<Utc>,
        warning: i32,
        failures: i64,
        disabled_at: DateTime<Utc>,
    ) -> Asked<'_> {
        let endpoint_id = endpoint_id.0;
        self.ask(AskedFor::Failing { endpoint_id, since, warning, failures, disabled_at })
    }

    fn verify_endpoint(&self, endpoint_id: WebhookEndpointId, url: String, rate: Option<u32>) -> Asked<'_> {
        self.ask(AskedFor::Verify(endpoint_id.0, url, rate))
    }

    fn apply_price(
        &self,
        product_id: ProductId,
        _at: DateTime<Utc>,
        _inputs: Box<pricing::Inputs>,
        _rules: Vec<RuleRef>,
    ) -> Asked<'_> {
        unreachable!("webhooks do not price {product_id}")
    }
}

pub struct World {
    /// As superuser.
    pub pool: PgPool,
    /// As the role that handlers have in production, so that its grants are tested too.
    pub worker: PgPool,
    pub clock: Arc<FixedClock>,
    pub ids: CountingIds,
    pub receiver: Receiver,
    pub commands: Arc<RecordingCommands>,
    pub settings: WebhookSettings,
    /// Until the last byte of an answer.
    pub answer_timeout: Duration,
    pub supplier: SupplierId,
    seal: Arc<Keyring>,
    server: PgConnectOptions,
    database: String,
    sequences: HashMap<StreamRef, i64>,
    fanned_out: i64,
    consumer: Option<Arc<dyn Consumer>>,
}

/// A dispatcher at work.
pub struct Running {
    task: JoinHandle<()>,
    stop: CancellationToken,
}

impl Running {
    pub async fn stop(self) {
        self.stop.cancel();
        self.task.await.expect("the dispatcher does not panic");
    }

    /// Dies wherever it is.
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
        let database = format!("iris_webhooks_{test}_{}", std::process::id());
        let mut connection = server.connect().await.expect("the server answers");
        execute(&mut connection, &format!("DROP DATABASE IF EXISTS {database} WITH (FORCE)")).await;
        execute(&mut connection, &format!("CREATE DATABASE {database}")).await;
        connection.close().await.unwrap();

        let own = server.clone().database(&database);
        let pool = PgPoolOptions::new().max_connections(5).connect_with(own.clone()).await.unwrap();
        sqlx::migrate!("../migrations").run(&pool).await.unwrap();
        let as_worker = own.options([("role", "iris_handler")]);
        let worker = PgPoolOptions::new().max_connections(12).connect_with(as_worker).await.unwrap();
        let clock = Arc::new(FixedClock::new("2026-11-20T09:00:00Z".parse().unwrap()));
        let ids = CountingIds::default();
        let supplier = ids.next().into();
        Self {
            pool,
            worker,
            receiver: Receiver::start().await,
            clock,
            ids,
            commands: Arc::default(),
            settings: Self::quick(),
            answer_timeout: Duration::from_secs(5),
            supplier,
            seal: Arc::new(Keyring::derive(&"a secret of at least 32 bytes, yes".to_owned().into())),
            server,
            database,
            sequences: HashMap::new(),
            fanned_out: 0,
            consumer: None,
        }
    }

    /// As in production but for what is waited for in real time, and for chance.
    fn quick() -> WebhookSettings {
        WebhookSettings {
            jitter: 0.0,
            poll: Duration::from_millis(10),
            linger: Duration::from_millis(10),
            drain: Duration::from_secs(2),
            ..WebhookSettings::default()
        }
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

    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    pub fn advance(&self, by: TimeDelta) {
        self.clock.advance(by);
    }

    /// Appends one event.
    pub async fn record<S: Fold>(&mut self, id: impl Into<Uuid>, event: S::Event) -> i64 {
        let stream = S::stream(id);
        let sequence = self.sequences.entry(stream).or_default();
        *sequence += 1;
        let event = NewEvent {
            event_id: self.ids.next(),
            stream,
            sequence: *sequence,
            event_type: event.event_type(),
            event_version: "1".to_owned(),
            payload: canonical_json(&event),
            metadata: "{}".to_owned(),
            recorded_at: self.clock.now(),
            command_id: self.ids.next(),
            actor: "system:test".to_owned(),
            supplier_id: None,
            restaurant_id: None,
        };
        let unit = Append { events: vec![event], recorded_at: self.clock.now(), ..Append::default() };
        let mut connection = self.pool.acquire().await.unwrap();
        let head = read_head(&mut connection).await.unwrap();
        append(&mut connection, head, &unit).await.unwrap().expect("nobody else appends") + 1
    }

    /// An endpoint of the platform that wants everything, at that path of the receiver.
    pub async fn endpoint(&mut self, path: &str) -> Uuid {
        let details = self.details(path);
        self.endpoint_with(EndpointOwner::Platform, details, false).await
    }

    pub fn details(&self, path: &str) -> EndpointDetails {
        EndpointDetails {
            url: self.receiver.url(path),
            event_types: vec!["*".to_owned()],
            in_flight_max: 8,
            ..EndpointDetails::default()
        }
    }

    pub async fn endpoint_with(
        &mut self,
        owner: EndpointOwner,
        details: EndpointDetails,
        handshake: bool,
    ) -> Uuid {
        let endpoint_id: Uuid = self.id();
        let secret_id = self.secret(endpoint_id).await;
        let event = WebhookEndpointEvent::WebhookEndpointRegistered { owner, details, secret_id, handshake };
        self.record::<WebhookEndpoint>(endpoint_id, event).await;
        endpoint_id
    }

    /// A signing secret of the endpoint's: its own id, twice.
    pub async fn secret(&self, endpoint_id: Uuid) -> Uuid {
        let secret_id: Uuid = self.id();
        let about = [*endpoint_id.as_bytes(), *secret_id.as_bytes()].concat();
        let sealed = self.seal.seal(&Self::secret_bytes(secret_id), &about);
        sqlx::query(
            "INSERT INTO webhooks.secrets (secret_id, endpoint_id, sealed, created_at) VALUES ($1, $2, $3, $4)",
        )
        .bind(secret_id)
        .bind(endpoint_id)
        .bind(sealed)
        .bind(self.now())
        .execute(&self.pool)
        .await
        .unwrap();
        secret_id
    }

    pub fn secret_bytes(secret_id: Uuid) -> Vec<u8> {
        [*secret_id.as_bytes(), *secret_id.as_bytes()].concat()
    }

    pub async fn tell(&mut self, endpoint_id: Uuid, event: WebhookEndpointEvent) -> i64 {
        self.record::<WebhookEndpoint>(endpoint_id, event).await
    }

    /// A product of the world's supplier: the aggregate that most tests are about.
    pub async fn product(&mut self) -> ProductId {
        let product: ProductId = self.id();
        let event = ProductEvent::ProductCreated {
            supplier_id: self.supplier,
            details: ProductDetails {
                name: "Morot".to_owned(),
                sku: "M-1".to_owned(),
                unit: "KGM".to_owned(),
                ..ProductDetails::default()
            },
            unit_price_minor: 1_000,
            currency: Currency::SEK,
        };
        self.record::<Product>(product, event).await;
        product
    }

    /// Another public event about the product; returns its position.
    pub async fn reprice(&mut self, product: ProductId, cents: i64) -> i64 {
        let event =
            ProductEvent::PriceChanged { previous_minor: 1_000, unit_price_minor: cents, reason: None };
        self.record::<Product>(product, event).await
    }

    /// An event that concerns the supplier alone.
    pub async fn stock_low(&mut self, product: ProductId) -> i64 {
        let event = StockEvent::StockFellLow {
            supplier_id: self.supplier,
            available: Quantity::units(1),
            low_stock_at: Quantity::units(2),
        };
        self.record::<Stock>(product, event).await
    }

    /// An invoice over that much is disputed by a person.
    pub async fn dispute(&mut self, payable_minor: i64) -> i64 {
        let event = InvoiceEvent::InvoiceDisputed {
            trade: Trade {
                supplier_id: self.supplier,
                restaurant_id: self.ids.next().into(),
                order_id: self.ids.next().into(),
            },
            facts: Box::new(InvoiceFacts { payable_minor, ..InvoiceFacts::default() }),
            outcome: None,
            answer: InvoiceAnswer { status_code: "UQ".to_owned(), reason_codes: vec![] },
            by: Some(Party::Restaurant),
            reason: Some("never ordered".to_owned()),
            lines: vec![],
            disputed_at: self.clock.now(),
        };
        let invoice = self.ids.next();
        self.record::<Invoice>(invoice, event).await
    }

    pub fn webhooks(&self) -> Arc<Webhooks> {
        let egress = Egress::try_new(&EgressSettings {
            allowed_networks: vec!["127.0.0.0/8".parse().unwrap()],
            user_agent: "Iris-Webhooks/test".to_owned(),
            connect_timeout: Duration::from_secs(2),
            total_timeout: self.answer_timeout,
            response_bytes_max: 16 * 1024,
            nameserver: None,
        });
        Webhooks::new(
            self.worker.clone(),
            self.clock.clone(),
            Arc::new(UuidV7Ids),
            egress.unwrap(),
            self.seal.clone(),
            self.commands.clone(),
            self.settings.clone(),
        )
    }

    pub fn start(&mut self) -> Running {
        let webhooks = self.webhooks();
        self.consumer = Some(webhooks.consumer());
        let stop = CancellationToken::new();
        let task = tokio::spawn(webhooks.run(stop.clone()));
        Running { task, stop }
    }

    /// Runs the consumer over all that the log has got since, as its runner does.
    pub async fn fan_out(&mut self) {
        let mut tx = platform::db::begin(&self.worker).await.unwrap();
        self.fan_out_in_tx(&mut tx).await;
        tx.commit().await.unwrap();
        self.consumer.as_ref().unwrap().handled(self.fanned_out);
    }

    /// The same in a transaction of the test's, and without a word to the dispatcher.
    pub async fn fan_out_in_tx(&mut self, tx: &mut PgConnection) {
        let consumer = self.consumer.clone().unwrap_or_else(|| self.webhooks().consumer());
        self.consumer = Some(consumer.clone());
        let after = self.fanned_out;
        let public = read_public(tx, after, 1_000_000).await.unwrap();
        let inner = read_feed(tx, after, 1_000_000, consumer.identity().inner_kinds).await.unwrap();
        assert!(public.unreadable.is_empty());
        let (upto, now) = (public.upto, self.clock.now());
        let batch = Batch { after, upto, public: public.events, inner: inner.events, now };
        consumer.handle_in_tx(tx, &batch).await.unwrap();
        self.fanned_out = upto;
    }

    /// What was recorded up to now is not fanned out: the consumer begins behind it.
    pub async fn begin_here(&mut self) {
        self.fanned_out = read_head(&mut self.pool.acquire().await.unwrap()).await.unwrap().position;
    }

    /// Returns once the query says true.
    pub async fn until(&self, sql: &str) {
        let is_true = async {
            while !self.value::<Option<bool>>(sql).await.unwrap_or_default() {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        if tokio::time::timeout(LIMIT, is_true).await.is_err() {
            let rows = "SELECT COALESCE(string_agg(d::text, E'\\n'), '') FROM webhooks.deliveries d";
            let lanes = "SELECT COALESCE(string_agg(l::text, E'\\n'), '') FROM webhooks.lanes l";
            let (rows, lanes): (String, String) = (self.value(rows).await, self.value(lanes).await);
            panic!("never came true: {sql}\n{rows}\n{lanes}");
        }
    }

    /// Returns once no delivery is pending and no lane is held or due.
    pub async fn until_quiet(&self) {
        self.until(
            "SELECT NOT EXISTS (SELECT 1 FROM webhooks.deliveries WHERE state = 'pending') \
                AND NOT EXISTS (SELECT 1 FROM webhooks.lanes WHERE due IS NOT NULL OR holder IS NOT NULL)",
        )
        .await;
    }

    /// Returns once that many attempts are committed.
    pub async fn until_attempts(&self, count: i64) {
        self.until(&format!("SELECT count(*) >= {count} FROM webhooks.attempts")).await;
    }

    /// Returns once nothing is under way and nothing is due at present.
    pub async fn settled(&self) {
        let now = self.now().to_rfc3339();
        self.until(&format!(
            "SELECT NOT EXISTS (SELECT 1 FROM webhooks.lanes WHERE holder IS NOT NULL OR due <= '{now}')"
        ))
        .await;
    }

    /// [`Self::settled`], or once what was asked of the write side is so.
    pub async fn settled_or_asked(&self, is_over: impl Fn(&[AskedFor]) -> bool) {
        let asked = async {
            while !is_over(&self.commands.asked()) {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::select! {
            () = self.settled() => {}
            () = asked => {}
        }
    }

    /// Returns once the write side was asked for that many things.
    pub async fn until_asked(&self, count: usize) {
        let is_enough = |asked: &[AskedFor]| asked.len() >= count;
        let asked = async {
            while !is_enough(&self.commands.asked()) {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(LIMIT, asked).await.unwrap_or_else(|_| panic!("{:?}", self.commands.asked()));
    }

    /// Rows and index entries of deliveries that were ever read. Nothing runs meanwhile: what a connection has
    /// read is counted for certain only when it is closed.
    pub async fn deliveries_read(&mut self) -> i64 {
        self.worker = reconnect(&self.worker).await;
        self.pool = reconnect(&self.pool).await;
        self.until(
            "SELECT NOT EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database() \
               AND backend_type = 'client backend' AND pid <> pg_backend_pid())",
        )
        .await;
        self.value(
            "SELECT t.seq_tup_read + t.idx_tup_fetch + (SELECT sum(i.idx_tup_read) \
                 FROM pg_stat_all_indexes i WHERE i.relid = t.relid)::bigint \
             FROM pg_stat_all_tables t WHERE t.relid = 'webhooks.deliveries'::regclass",
        )
        .await
    }

    /// Returns once no lane is held.
    pub async fn until_released(&self) {
        self.until("SELECT NOT EXISTS (SELECT 1 FROM webhooks.lanes WHERE holder IS NOT NULL)").await;
    }

    /// The leases of whoever holds a lane run out.
    pub async fn expire_leases(&self) {
        self.execute("UPDATE webhooks.lanes SET lease_until = clock_timestamp() - interval '1 second' WHERE holder IS NOT NULL").await;
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
}

async fn reconnect(pool: &PgPool) -> PgPool {
    pool.close().await;
    let connections_max = pool.options().get_max_connections();
    let options = pool.connect_options().as_ref().clone();
    PgPoolOptions::new().max_connections(connections_max).connect_lazy_with(options)
}

async fn execute(connection: &mut PgConnection, sql: &str) {
    sqlx::query(sql).execute(connection).await.unwrap();
}
