//! A database with a year of trade, its read models built in bulk, and the read side on it.

use std::{path::Path, time::Instant};

use anyhow::{Context as _, bail};
use chrono::{DateTime, Utc};
use events::values::{AccountId, Role};
use harness::TestDatabase;
use projections::{Family, all};
use serde_json::Value;
use sqlx::{Connection as _, Executor as _, PgConnection, postgres::PgConnectOptions};

use crate::{
    by_hand::by_hand,
    dice::Dice,
    history::{self, History},
    http_client::HttpConnection,
    iris_process::IrisProcess,
    lag::caught_up,
    limit::Bound,
    names::mistyped,
    read_kinds::{Read, percent_encoded},
    run::{Run, SECRET},
    statistics::{Latencies, Spread, real},
    table::Row,
};

/// Restaurants that ask: the busiest.
const ASKING: usize = 20;
/// Events a second of a fill that is long enough to have a speed.
const FILL_MIN: f64 = 50_000.0;
const MANY_EVENTS: usize = 100_000;
const GIB: f64 = 1_073_741_824.0;

/// A filled database with `iris query-api` on it: consumers that work off the same history would only take from what is
/// measured.
pub struct Scene {
    pub iris: IrisProcess,
    pub options: PgConnectOptions,
    pub history: History,
    orders: usize,
    tokens: Vec<String>,
    auditor: String,
    cursor: Option<String>,
    dice: Dice,
}

impl Scene {
    pub async fn open(run: &mut Run, size: (usize, usize), name: &str) -> anyhow::Result<Self> {
        let database = TestDatabase::create().await;
        let log = run.scratch.join(format!("iris-{name}.log"));
        // Only read models that were begun are exchanged for others: here they are, at the log's start.
        fold_read_models(&database, &log).await?;
        let history = history::write(&database, size).await?;
        database.pool.execute("VACUUM ANALYZE public.events").await?;
        let folding = build_read_models(run, &database).await?;
        // Autovacuum would, minutes later: the rows' visibility and statistics decide the plans.
        database.pool.execute("VACUUM ANALYZE").await?;
        let bytes: i64 = sqlx::query_scalar("SELECT pg_database_size(current_database())")
            .fetch_one(&database.pool)
            .await?;
        add_fill(run, size, &history, folding, bytes);
        let iris = IrisProcess::start_role("query-api", &database.url(), SECRET, &log, &[]).await?;
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

    /// Asks so many times, one after the other; also how many bytes the last answer had.
    pub async fn turn(&mut self, read: Read, requests: usize) -> anyhow::Result<(Latencies, usize)> {
        let mut latencies = Latencies::default();
        // A new one: the program closes connections that were idle while the other database had its turn.
        let mut connection = HttpConnection::open(&self.iris.address).await?;
        for _ in 0..requests {
            if read == Read::DeepPage && self.cursor.is_none() {
                self.find_middle(&mut connection).await?;
            }
            let (path, token) = self.request(read);
            let began = Instant::now();
            let status = connection.get(&path, &token).await?;
            latencies.record(began.elapsed());
            expect_ok(&path, status, connection.body())?;
            if read == Read::DeepPage {
                self.keep_cursor(connection.body())?;
            }
        }
        Ok((latencies, connection.body().len()))
    }

    fn request(&mut self, read: Read) -> (String, String) {
        let restaurant = self.dice.below(self.tokens.len());
        let restaurant_id = self.history.market.restaurants[restaurant].id;
        let token = self.tokens[restaurant].clone();
        match read {
            Read::FirstPage => (format!("/api/v1/orders?restaurant_id={restaurant_id}&limit=50"), token),
            // Of which the restaurants that ask have more than a page in any size: as many rows are answered in both.
            Read::ByStatus => {
                (format!("/api/v1/orders?restaurant_id={restaurant_id}&status=placed&limit=50"), token)
            }
            Read::FirstOfAll => ("/api/v1/orders?limit=50".to_owned(), self.auditor.clone()),
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

    /// Half-way down the list, by the time of the order there: an offset of millions is given up. From there on by cursor.
    async fn find_middle(&mut self, connection: &mut HttpConnection) -> anyhow::Result<()> {
        let mut database = PgConnection::connect_with(&self.options).await?;
        let placed_at: DateTime<Utc> = sqlx::query_scalar(
            "SELECT placed_at FROM read.orders ORDER BY placed_at DESC, order_id DESC OFFSET $1 LIMIT 1",
        )
        .bind(i64::try_from(self.orders / 2)?)
        .fetch_one(&mut database)
        .await?;
        database.close().await?;
        let until = percent_encoded(&placed_at.to_rfc3339());
        let path = format!("/api/v1/orders?limit=1&placed_to={until}");
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

/// Folds what the log holds, as far as it goes now.
pub async fn fold_read_models(database: &TestDatabase, log: &Path) -> anyhow::Result<()> {
    let folding = IrisProcess::start_role("projections", &database.url(), SECRET, log, &[]).await?;
    caught_up(&database.options).await?;
    folding.stop()
}

/// As an operator would on a log that came from elsewhere: beside the empty tables, and then in their place. Returns
/// the seconds of the rebuild.
async fn build_read_models(run: &Run, database: &TestDatabase) -> anyhow::Result<f64> {
    let rebuilt = by_hand(run, database, &["projections", "rebuild", "--all"], None).await?;
    for family in Family::all_of(&all()) {
        by_hand(run, database, &["projections", "swap", family.name(), "--unchecked"], None).await?;
        by_hand(run, database, &["projections", "drop-old", family.name()], None).await?;
    }
    Ok(rebuilt.seconds)
}

fn expect_ok(path: &str, status: u16, body: &[u8]) -> anyhow::Result<()> {
    if status != 200 {
        bail!("GET {path}: {status} {}", String::from_utf8_lossy(body));
    }
    Ok(())
}

fn add_fill(
    run: &mut Run,
    (orders, products): (usize, usize),
    history: &History,
    folding: f64,
    database_bytes: i64,
) {
    let filled = history.filled;
    let events = real(filled.events);
    let row = Row::figure(
        format!("Fill: {orders} orders, {products} products"),
        "events/s",
        Spread::one(events / filled.seconds),
    )
    .note(format!("by COPY, hashed, at dense positions: {events} events in {:.1} s", filled.seconds));
    run.table.add(if filled.events >= MANY_EVENTS { row.at_least(Bound::Figure(FILL_MIN)) } else { row });
    let gib = real(database_bytes) / GIB;
    run.table.add(Row::figure("— read models built", "events/s", Spread::one(events / folding)).note(format!(
        "`iris projections rebuild --all` in {folding:.1} s, from its start to its end; the database has {gib:.2} GiB then"
    )));
}
