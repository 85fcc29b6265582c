//! Reads over HTTP on a large database against the same reads on a small one.

use std::time::Instant;

use anyhow::{Context as _, bail};
use events::values::{AccountId, Role};
use harness::TestDatabase;
use serde_json::Value;
use sqlx::{Executor as _, postgres::PgConnectOptions};

use crate::{
    dice::Dice,
    guarded,
    history::{self, History},
    http_client::HttpConnection,
    iris_process::IrisProcess,
    lag::caught_up,
    names::mistyped,
    run::{Run, SECRET},
    statistics::{Latencies, Spread, real},
    table::Row,
};

/// Requests to one database before it is the other's turn.
const TURN: usize = 25;
/// Restaurants that ask: the busiest.
const ASKING: usize = 20;
/// The seeds' own limit for any answer.
const LIMIT_MS: f64 = 300.0;

/// What is asked for.
#[derive(Clone, Copy)]
enum Read {
    FirstPage,
    ByStatus,
    DeepPage,
    OneOrder,
    Search,
}

const READS: [(Read, &str); 5] = [
    (Read::FirstPage, "Orders of a restaurant, first page of 50"),
    (Read::ByStatus, "Orders of a restaurant by status, first page of 50"),
    (Read::DeepPage, "All orders from the middle on, by cursor, 50 each"),
    (Read::OneOrder, "One order"),
    (Read::Search, "Product search with a typo, 50 best"),
];

/// A filled database with the program on it.
struct Scene {
    iris: IrisProcess,
    options: PgConnectOptions,
    history: History,
    orders: usize,
    tokens: Vec<String>,
    auditor: String,
    cursor: Option<String>,
    dice: Dice,
}

/// All rows about reading.
pub async fn measure(run: &mut Run) -> anyhow::Result<()> {
    let mut small = Scene::open(run, run.sizes.small, "small").await?;
    let mut large = Scene::open(run, run.sizes.large, "large").await?;
    for (read, what) in READS {
        // Once for the caches of both.
        small.turn(read, TURN).await?;
        large.turn(read, TURN).await?;
        let (mut of_small, mut of_large) = (Latencies::default(), Latencies::default());
        for _ in 0..run.sizes.reads / TURN {
            of_small.merge(&small.turn(read, TURN).await?);
            of_large.merge(&large.turn(read, TURN).await?);
        }
        add_rows(run, what, &of_small, &of_large);
    }
    small.iris.stop()?;
    large.iris.stop()?;
    // Alone: the program beside it would only take from what is measured.
    guarded::measure(run, &large.options, &large.history).await
}

fn add_rows(run: &mut Run, what: &str, small: &Latencies, large: &Latencies) {
    let (orders, products) = run.sizes.large;
    let requests = run.sizes.reads;
    let note = format!("{orders} orders and {products} products; {requests} requests of one client");
    for per_cent in [50, 95] {
        let of = |latencies: &Latencies| Spread::one(latencies.percentile_ms(per_cent));
        let row = Row::figure(format!("{what}, p{per_cent}"), "ms", of(large))
            .against(format!("at {} of each", run.sizes.small.0), of(small));
        run.table.add(row.note(&note));
    }
    let worst = Spread::one(large.percentile_ms(95));
    if worst.median > LIMIT_MS {
        let row = Row::figure(format!("{what}: beyond the limit"), "ms", worst);
        run.table.add(row.against("limit for any p95", Spread::one(LIMIT_MS)));
    }
}

impl Scene {
    async fn open(run: &mut Run, size: (usize, usize), name: &str) -> anyhow::Result<Self> {
        let database = TestDatabase::create().await;
        let history = history::write(&database, size).await?;
        database.pool.execute("VACUUM ANALYZE public.events").await?;
        let log = run.scratch.join(format!("iris-{name}.log"));
        let folding = Instant::now();
        let iris = IrisProcess::start(&database.url(), SECRET, &log).await?;
        caught_up(&database.options).await?;
        let folding = folding.elapsed().as_secs_f64();
        // Autovacuum would, minutes later: the rows' visibility and statistics decide the plans.
        database.pool.execute("VACUUM ANALYZE").await?;
        add_fill(run, size, &history, folding);
        let buyers = history.market.restaurants.iter().take(ASKING);
        let tokens = buyers.map(|buyer| run.token(buyer.owner, Role::Restaurant)).collect();
        Ok(Self {
            auditor: run.token(AccountId::default(), Role::Auditor),
            dice: Dice::new(23),
            orders: size.0,
            iris,
            options: database.options.clone(),
            history,
            tokens,
            cursor: None,
        })
    }

    /// Asks so many times, one after the other.
    async fn turn(&mut self, read: Read, requests: usize) -> anyhow::Result<Latencies> {
        let mut latencies = Latencies::default();
        // A new one: the program closes connections that were idle while the other database had its turn.
        let mut connection = HttpConnection::open(&self.iris.address).await?;
        for _ in 0..requests {
            if matches!(read, Read::DeepPage) && self.cursor.is_none() {
                self.find_middle(&mut connection).await?;
            }
            let (path, token) = self.request(read);
            let began = Instant::now();
            let status = connection.get(&path, &token).await?;
            latencies.record(began.elapsed());
            expect_ok(&path, status, connection.body())?;
            if matches!(read, Read::DeepPage) {
                self.keep_cursor(connection.body())?;
            }
        }
        Ok(latencies)
    }

    fn request(&mut self, read: Read) -> (String, String) {
        let restaurant = self.dice.below(self.tokens.len());
        let restaurant_id = self.history.market.restaurants[restaurant].id;
        let token = self.tokens[restaurant].clone();
        match read {
            Read::FirstPage => (format!("/api/v1/orders?restaurant_id={restaurant_id}&limit=50"), token),
            Read::ByStatus => {
                (format!("/api/v1/orders?restaurant_id={restaurant_id}&status=confirmed&limit=50"), token)
            }
            Read::DeepPage => {
                let cursor = self.cursor.clone().unwrap_or_default();
                (format!("/api/v1/orders?limit=50&cursor={cursor}"), self.auditor.clone())
            }
            Read::OneOrder => {
                let (order_id, _) = self.dice.pick(&self.history.known);
                (format!("/api/v1/orders/{order_id}"), self.auditor.clone())
            }
            Read::Search => {
                let words = mistyped(&self.dice.pick(&self.history.market.products).name);
                (format!("/api/v1/products?limit=50&q={}", percent_encoded(&words)), token)
            }
        }
    }

    /// Half-way down the list once by offset; not measured, and from there on by cursor.
    async fn find_middle(&mut self, connection: &mut HttpConnection) -> anyhow::Result<()> {
        let path = format!("/api/v1/orders?limit=1&offset={}", self.orders / 2);
        let status = connection.get(&path, &self.auditor).await?;
        expect_ok(&path, status, connection.body())?;
        self.keep_cursor(connection.body())?;
        self.cursor.as_ref().context("the middle of the list is not its end").map(drop)
    }

    fn keep_cursor(&mut self, body: &[u8]) -> anyhow::Result<()> {
        let body: Value = serde_json::from_slice(body)?;
        self.cursor = body["next_cursor"].as_str().map(percent_encoded);
        Ok(())
    }
}

fn expect_ok(path: &str, status: u16, body: &[u8]) -> anyhow::Result<()> {
    if status != 200 {
        bail!("GET {path}: {status} {}", String::from_utf8_lossy(body));
    }
    Ok(())
}

fn add_fill(run: &mut Run, (orders, products): (usize, usize), history: &History, folding: f64) {
    let filled = history.filled;
    let events = real(filled.events);
    let what = format!("Fill: {orders} orders, {products} products");
    let note = format!("{events} events appended in {:.1} s", filled.seconds);
    run.table.add(Row::figure(what, "events/s", Spread::one(events / filled.seconds)).note(note));
    let note = format!("live, all at once, in {folding:.1} s from the start of iris serve");
    run.table
        .add(Row::figure("— read models catch up", "events/s", Spread::one(events / folding)).note(note));
}

fn percent_encoded(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").expect("a string takes any text");
        }
        encoded
    })
}
