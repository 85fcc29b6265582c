//! Webhooks: how many a second, what dead endpoints cost a healthy one, and what hostile answers cost.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use events::values::{AccountId, Role};
use harness::TestDatabase;
use serde_json::{Value, json};
use sqlx::{Executor as _, PgPool};
use uuid::Uuid;

use crate::{
    fill::fill,
    hook_receiver::HookReceiver,
    hostile_receiver::HostileReceiver,
    http_client::HttpConnection,
    iris_process::IrisProcess,
    limit::Bound,
    market::{Market, MarketSize},
    processes::resident_mib,
    run::{Run, SECRET, now},
    statistics::{Latencies, Spread, real},
    table::Row,
};

const SIZE: MarketSize = MarketSize { suppliers: 2, restaurants: 4, products: 100 };
const SETTINGS: [(&str, &str); 1] = [("WEBHOOK_ALLOWED_NETWORKS", "127.0.0.0/8")];
/// Endpoints that all want every order.
const ENDPOINTS: usize = 100;
/// Endpoints that nobody answers at, and what waits for them altogether.
const DEAD_ENDPOINTS: usize = 20;
/// Price changes per second while the healthy endpoint is watched.
const PACE: Duration = Duration::from_millis(5);
/// What a delivery has, about.
const BODY_BYTES: usize = 1_200;
/// Deliveries a second, at least; a healthy endpoint's times beside dead ones, at most.
const DELIVERED_PER_SECOND_MIN: f64 = 2_500.0;
const BESIDE_DEAD_MAX: f64 = 1.1;
const PATIENCE: Duration = Duration::from_mins(2);

/// All rows about webhooks.
pub async fn measure(run: &mut Run) -> anyhow::Result<()> {
    let database = TestDatabase::create().await;
    let (market, _) = fill(&database.options, now(), 12, |writer| Market::open(writer, SIZE)).await?;
    let scene =
        Scene { database, market: Arc::new(market), token: run.token(AccountId(Uuid::nil()), Role::Admin) };
    scene.throughput(run).await?;
    scene.beside_the_dead(run).await?;
    scene.hostile_answers(run).await?;
    Ok(())
}

struct Scene {
    database: TestDatabase,
    market: Arc<Market>,
    token: String,
}

impl Scene {
    fn pool(&self) -> &PgPool {
        &self.database.pool
    }

    async fn iris(&self, run: &Run) -> anyhow::Result<IrisProcess> {
        let log = run.scratch.join("webhooks.log");
        IrisProcess::start_with(&self.database.url(), SECRET, &log, &SETTINGS).await
    }

    /// Registers endpoints over HTTP, and returns their ids once deliveries would be queued for them.
    async fn register(
        &self,
        iris: &IrisProcess,
        url: &str,
        count: usize,
        wanted: &str,
    ) -> anyhow::Result<Vec<Uuid>> {
        let mut connection = HttpConnection::open(&iris.address).await?;
        let mut ids = Vec::new();
        for _ in 0..count {
            let body = json!({"url": url, "events": [wanted], "max_in_flight": 8});
            let answer = self.send(&mut connection, "POST", "/webhook-endpoints", &body).await?;
            ids.push(answer["id"].as_str().context("an id")?.parse()?);
        }
        let lanes = "SELECT count(*) FROM webhooks.lanes WHERE endpoint_id = ANY($1)";
        self.until("the endpoints are known", async || {
            let known: i64 = sqlx::query_scalar(lanes).bind(&ids).fetch_one(self.pool()).await?;
            Ok(usize::try_from(known)? == count)
        })
        .await?;
        Ok(ids)
    }

    async fn send(
        &self,
        connection: &mut HttpConnection,
        method: &str,
        path: &str,
        body: &Value,
    ) -> anyhow::Result<Value> {
        let (body, token) = (body.to_string(), &self.token);
        let request = format!(
            "{method} /api/v1{path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let status = connection.ask(request.as_bytes()).await?;
        if !(200..300).contains(&status) {
            bail!("{method} {path}: {status} {}", String::from_utf8_lossy(connection.body()));
        }
        Ok(serde_json::from_slice(connection.body()).unwrap_or_default())
    }

    async fn until(
        &self,
        what: &str,
        mut is_so: impl AsyncFnMut() -> anyhow::Result<bool>,
    ) -> anyhow::Result<()> {
        let began = Instant::now();
        while !is_so().await? {
            if began.elapsed() > PATIENCE {
                bail!("waited in vain until {what}");
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    /// No endpoint wants anything any more, and nothing waits.
    async fn forget_endpoints(&self, iris: &IrisProcess, ids: &[Uuid]) -> anyhow::Result<()> {
        let mut connection = HttpConnection::open(&iris.address).await?;
        for id in ids {
            self.send(&mut connection, "DELETE", &format!("/webhook-endpoints/{id}"), &json!({})).await?;
        }
        let pending =
            "SELECT count(*) FROM webhooks.deliveries WHERE endpoint_id = ANY($1) AND state = 'pending'";
        self.until("nothing waits", async || {
            Ok(sqlx::query_scalar::<_, i64>(pending).bind(ids).fetch_one(self.pool()).await? == 0)
        })
        .await
    }

    /// Deliveries per second: fan-out, signing, sending and recording, to one fast receiver.
    async fn throughput(&self, run: &mut Run) -> anyhow::Result<()> {
        let receiver = HookReceiver::start().await?;
        let iris = self.iris(run).await?;
        let ids = self.register(&iris, &receiver.url, ENDPOINTS, "iris.order.placed.v1").await?;
        iris.stop()?;
        let (mut delivered, mut plain) = (Vec::new(), Vec::new());
        let orders = run.sizes.webhook_deliveries / ENDPOINTS;
        for round in 0..run.sizes.rounds {
            let market = Arc::clone(&self.market);
            let seed = 20 + u64::try_from(round)?;
            fill(&self.database.options, now(), seed, move |writer| {
                for _ in 0..orders {
                    let basket = market.even_basket(writer);
                    let cart_id = market.open_cart(writer, &basket);
                    market.place(writer, cart_id, &basket);
                }
            })
            .await?;
            self.pool().execute("VACUUM ANALYZE").await?;
            receiver.take();
            let iris = self.iris(run).await?;
            let wanted = orders * ENDPOINTS;
            self.until("everything is delivered", async || Ok(receiver.count() >= wanted)).await?;
            let arrivals = receiver.take();
            let took = arrivals[wanted - 1].at - arrivals[0].at;
            delivered.push(real(wanted) / took.as_secs_f64());
            self.until("all of it is recorded", async || {
                let pending = "SELECT count(*) FROM webhooks.deliveries WHERE state = 'pending'";
                Ok(sqlx::query_scalar::<_, i64>(pending).fetch_one(self.pool()).await? == 0)
            })
            .await?;
            iris.stop()?;
            plain.push(plain_posts(&receiver, wanted, BODY_BYTES).await?);
            receiver.take();
        }
        run.table.add(
            Row::figure("Webhooks delivered", "/s", Spread::of(&delivered))
                .against("the same POSTs with nothing behind them", Spread::of(&plain))
                .note(format!(
                    "{orders} to each of {ENDPOINTS} endpoints at one receiver on the same two cores; queued, signed, \
                     sent, recorded"
                ))
                .at_least(Bound::Figure(DELIVERED_PER_SECOND_MIN)),
        );
        let iris = self.iris(run).await?;
        self.forget_endpoints(&iris, &ids).await?;
        iris.stop()
    }

    /// From the request to the receiver, alone and beside endpoints that nobody answers at.
    async fn beside_the_dead(&self, run: &mut Run) -> anyhow::Result<()> {
        let receiver = HookReceiver::start().await?;
        let iris = self.iris(run).await?;
        let healthy = self.register(&iris, &receiver.url, 1, "iris.price.changed.v1").await?;
        let dead = self.register(&iris, &nobody()?, DEAD_ENDPOINTS, "iris.order.placed.v1").await?;
        let (mut alone, mut beside) = (Vec::new(), Vec::new());
        self.watch(run, &iris, &receiver).await?;
        for _ in 0..run.sizes.rounds {
            self.settle().await?;
            alone.push(self.watch(run, &iris, &receiver).await?.percentile_ms(99));
            self.bury(&dead, run.sizes.dead_deliveries).await?;
            self.until_given_up(&dead).await?;
            self.settle().await?;
            beside.push(self.watch(run, &iris, &receiver).await?.percentile_ms(99));
            let exhume = "DELETE FROM webhooks.deliveries WHERE endpoint_id = ANY($1)";
            sqlx::query(exhume).bind(&dead).execute(self.pool()).await?;
        }
        run.table.add(
            Row::figure("A healthy endpoint beside dead ones, p99", "ms", Spread::of(&beside))
                .against("alone", Spread::of(&alone))
                .note(format!(
                    "from the command to the receiver, 200 price changes a second; {} overdue deliveries of \
                     {DEAD_ENDPOINTS} endpoints that nobody answers at",
                    run.sizes.dead_deliveries
                ))
                .at_most(Bound::Ratio(BESIDE_DEAD_MAX)),
        );
        let ids: Vec<Uuid> = healthy.into_iter().chain(dead).collect();
        self.forget_endpoints(&iris, &ids).await?;
        iris.stop()
    }

    /// Overdue deliveries, as a long outage would have left them.
    async fn bury(&self, dead: &[Uuid], deliveries: usize) -> anyhow::Result<()> {
        let each = i64::try_from(deliveries / dead.len())?;
        let messages = "INSERT INTO webhooks.messages (event_id, payload_style, body) \
                        SELECT md5(n::text)::uuid, 'full', '{}' FROM generate_series(1, $1) AS n \
                        ON CONFLICT DO NOTHING";
        sqlx::query(messages).bind(each).execute(self.pool()).await?;
        let rows = "INSERT INTO webhooks.deliveries (delivery_id, endpoint_id, event_id, event_type, payload_style, \
                        aggregate_id, position, origin, state, attempts, due, created_at) \
                    SELECT gen_random_uuid(), e.id, md5(n::text)::uuid, 'iris.order.placed.v1', 'full', \
                        gen_random_uuid(), n, 'live', 'pending', 1, now() - interval '1 hour', now() - interval '2 hours' \
                    FROM unnest($1::uuid[]) AS e(id), generate_series(1, $2) AS n";
        sqlx::query(rows).bind(dead).bind(each).execute(self.pool()).await?;
        sqlx::query("UPDATE webhooks.lanes SET due = now() WHERE endpoint_id = ANY($1)")
            .bind(dead)
            .execute(self.pool())
            .await?;
        Ok(())
    }

    /// As after a long outage, every one of them has been found dead: what is measured is how long that lasts,
    /// not the second in which it begins.
    async fn until_given_up(&self, dead: &[Uuid]) -> anyhow::Result<()> {
        let open = "SELECT count(*) FROM webhooks.lanes WHERE endpoint_id = ANY($1) AND breaker_opened > 0";
        self.until("the dead are given up", async || {
            let given_up: i64 = sqlx::query_scalar(open).bind(dead).fetch_one(self.pool()).await?;
            Ok(usize::try_from(given_up)? == dead.len())
        })
        .await
    }

    /// What putting deliveries there and taking them away costs is not what is measured: nor, after a checkpoint,
    /// that the first change of every page is written whole.
    async fn settle(&self) -> anyhow::Result<()> {
        self.pool().execute("VACUUM ANALYZE webhooks.deliveries").await?;
        self.pool().execute("CHECKPOINT").await?;
        Ok(())
    }

    /// Changes a price at an even pace, and takes the time until the receiver hears of it.
    async fn watch(
        &self,
        run: &Run,
        iris: &IrisProcess,
        receiver: &HookReceiver,
    ) -> anyhow::Result<Latencies> {
        let mut connection = HttpConnection::open(&iris.address).await?;
        receiver.take();
        let mut asked_at: HashMap<i64, Instant> = HashMap::new();
        let began = Instant::now();
        let count = run.sizes.price_changes;
        for change in 0..count {
            tokio::time::sleep_until((began + PACE * u32::try_from(change)?).into()).await;
            // Of all products in turn: what happens to one is sent one after the other.
            let product = &self.market.products[change % self.market.products.len()];
            let path = format!("/products/{}", product.id);
            let body = json!({"price_cents": 1_000 + change});
            let asked = Instant::now();
            self.send(&mut connection, "PATCH", &path, &body).await?;
            asked_at.insert(connection.position()?, asked);
        }
        self.until("every change is told", async || Ok(receiver.count() >= count)).await?;
        let mut latencies = Latencies::default();
        for arrival in receiver.take() {
            if let Some(at) = asked_at.get(&arrival.position) {
                latencies.record(arrival.at.saturating_duration_since(*at));
            }
        }
        Ok(latencies)
    }

    /// What an endless, a slow and a huge answer cost.
    async fn hostile_answers(&self, run: &mut Run) -> anyhow::Result<()> {
        let iris = self.iris(run).await?;
        for (what, receiver) in [
            ("endless", HostileReceiver::endless().await?),
            ("1 GiB", HostileReceiver::huge().await?),
            ("slow", HostileReceiver::slow().await?),
        ] {
            let ids = self.register(&iris, &receiver.url, 8, "iris.price.changed.v1").await?;
            let before = resident_mib(iris.pid()).map_or(f64::NAN, |(now, _)| now);
            let mut connection = HttpConnection::open(&iris.address).await?;
            for id in &ids {
                self.send(&mut connection, "POST", &format!("/webhook-endpoints/{id}/ping"), &json!({}))
                    .await?;
            }
            let attempts = "SELECT count(*), max(total_ms)::float8 FROM webhooks.attempts a \
                            JOIN webhooks.deliveries d USING (delivery_id) WHERE d.endpoint_id = ANY($1)";
            let mut longest_ms = 0.0;
            self.until("all were tried", async || {
                let (tried, longest): (i64, Option<f64>) =
                    sqlx::query_as(attempts).bind(&ids).fetch_one(self.pool()).await?;
                longest_ms = longest.unwrap_or_default();
                Ok(usize::try_from(tried)? >= ids.len())
            })
            .await?;
            let (_, highest) = resident_mib(iris.pid()).unwrap_or((f64::NAN, f64::NAN));
            run.table.add(
                Row::figure(format!("An answer with a body that is {what}, longest attempt"), "ms", Spread::one(longest_ms))
                    .note(format!(
                        "8 endpoints at once; the server had sent {} MiB in all; resident memory {before:.0} MiB before, \
                         {highest:.0} MiB at its highest",
                        receiver.sent_mib()
                    )),
            );
            self.forget_endpoints(&iris, &ids).await?;
        }
        iris.stop()
    }
}

/// Where nobody listens any more.
fn nobody() -> anyhow::Result<String> {
    let address = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    Ok(format!("http://{address}/hooks"))
}

/// POSTs of so many bytes a second that the receiver takes, as fast as connections that are kept open allow.
pub async fn plain_posts(receiver: &HookReceiver, count: usize, bytes: usize) -> anyhow::Result<f64> {
    const CONNECTIONS: usize = 64;
    let address =
        receiver.url.trim_start_matches("http://").split('/').next().context("an address")?.to_owned();
    let body = "x".repeat(bytes);
    let request = format!(
        "POST /hooks HTTP/1.1\r\nHost: bench\r\niris-sequence: 1\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let began = Instant::now();
    let clients = (0..CONNECTIONS).map(async |_| {
        let mut connection = HttpConnection::open(&address).await?;
        for _ in 0..count / CONNECTIONS {
            connection.ask(request.as_bytes()).await?;
        }
        anyhow::Ok(())
    });
    futures::future::try_join_all(clients).await?;
    Ok(real(count / CONNECTIONS * CONNECTIONS) / began.elapsed().as_secs_f64())
}
