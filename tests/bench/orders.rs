//! Orders over HTTP against the same order as one SQL transaction, and what they cost.

use std::{sync::Arc, time::Instant};

use anyhow::bail;
use events::{log::read_head, values::Role};
use harness::TestDatabase;
use sqlx::{Connection as _, Executor as _, PgConnection};

use crate::{
    fill::fill,
    iris_process::IrisProcess,
    lag::{LagSampler, caught_up},
    load::{Carts, Placed, place_orders},
    market::{Market, MarketSize},
    order_rows::{self, Cost, IrisRound, Level},
    processes::{cpu_seconds, resident_mib, tree_cpu_seconds},
    rival::Rival,
    run::{Run, SECRET, now},
    statistics::real,
};

const SIZE: MarketSize = MarketSize { suppliers: 10, restaurants: 64, products: 1_000 };
/// Placed, three promises of stock, cart converted.
const EVENTS_PER_ORDER: f64 = 5.0;
/// Enough for a warm-up, whatever the machine.
const FIRST_CARTS: usize = 20_000;

/// Iris under load, and where its carts come from.
struct Scene {
    database: TestDatabase,
    iris: IrisProcess,
    market: Market,
    tokens: Arc<Vec<String>>,
    carts: Arc<Carts>,
    /// Of the next fill of carts.
    seed: u64,
    /// The fastest so far.
    orders_per_second: f64,
}

/// All rows about placing orders. Leaves the database for the starts.
pub async fn measure(run: &mut Run) -> anyhow::Result<TestDatabase> {
    let mut scene = Scene::open(run).await?;
    let shop = TestDatabase::create().await;
    let mut rival = Rival::open(run, &shop.url()).await?;
    for &clients in run.sizes.clients {
        rival.round(clients, run.sizes.warm_up).await?;
        scene.round(run, clients, run.sizes.warm_up).await?;
    }
    // As autovacuum does within a minute of a database's life: until then Postgres keeps the plans that it
    // made for empty tables, ours and the rival's.
    scene.database.pool.execute("VACUUM ANALYZE").await?;
    shop.pool.execute("VACUUM ANALYZE").await?;
    let mut levels: Vec<Level> = run.sizes.clients.iter().map(|&clients| Level::of(clients)).collect();
    for round in 0..run.sizes.rounds {
        for level in &mut levels {
            // In turn, and the turns change: neither always has the quieter machine.
            for turn in 0..2 {
                if (round + turn) % 2 == 0 {
                    level.rival.push(rival.round(level.clients, run.sizes.round).await?);
                } else {
                    level.iris.push(scene.round(run, level.clients, run.sizes.round).await?);
                }
            }
        }
    }
    let resident = resident_mib(scene.iris.pid());
    order_rows::add(&mut run.table, &levels, resident);
    scene.iris.stop()?;
    Ok(scene.database)
}

impl Scene {
    async fn open(run: &Run) -> anyhow::Result<Self> {
        let database = TestDatabase::create().await;
        let (market, _) = fill(&database.options, now(), 1, |writer| Market::open(writer, SIZE)).await?;
        let tokens = market.restaurants.iter().map(|buyer| run.token(buyer.owner, Role::Restaurant));
        let tokens = Arc::new(tokens.collect());
        let iris = IrisProcess::start(&database.url(), SECRET, &run.scratch.join("iris.log")).await?;
        let carts = Arc::default();
        let mut scene = Self { database, iris, market, tokens, carts, seed: 2, orders_per_second: 0.0 };
        scene.fill_carts(FIRST_CARTS).await?;
        Ok(scene)
    }

    async fn round(
        &mut self,
        run: &Run,
        clients: usize,
        duration: std::time::Duration,
    ) -> anyhow::Result<IrisRound> {
        self.expect_carts(run, duration).await?;
        let mut connection = PgConnection::connect_with(&self.database.options).await?;
        let position = read_head(&mut connection).await?.position;
        let (commands, events) = self.appended().await?;
        let sampler = LagSampler::start(&self.database.options);
        let cost = self.cost(run);
        let placed = place_orders(&self.iris.address, &self.tokens, &self.carts, clients, duration).await?;
        let cost = self.cost(run) - cost;
        let lag_ms = sampler.stop().await?;
        let ended = Instant::now();
        caught_up(&self.database.options).await?;
        let drained_ms = ended.elapsed().as_secs_f64() * 1_000.0;
        let (commands_after, events_after) = self.appended().await?;
        let log_events = real(read_head(&mut connection).await?.position - position);
        connection.close().await?;
        let Placed { orders, seconds, latencies, refused } = placed;
        if let Some(answer) = refused.first() {
            bail!("{} of {} orders were not placed: {answer}", refused.len(), refused.len() + orders);
        }
        let orders = real(orders);
        if log_events < orders * EVENTS_PER_ORDER {
            bail!("{orders} orders were acknowledged, and the log grew by {log_events} events");
        }
        self.orders_per_second = self.orders_per_second.max(orders / seconds);
        let batches = events_after.1 - events.1;
        Ok(IrisRound {
            orders_per_second: orders / seconds,
            events_per_second: log_events / seconds,
            latencies,
            cost: cost / orders,
            batch_commands: (commands_after.0 - commands.0) / batches,
            batch_events: (events_after.0 - events.0) / batches,
            lag_ms,
            drained_ms,
        })
    }

    /// CPU seconds so far.
    fn cost(&self, run: &Run) -> Cost {
        Cost {
            iris: cpu_seconds(self.iris.pid()),
            postgres: run.postmaster.map_or(f64::NAN, tree_cpu_seconds),
            clients: cpu_seconds(std::process::id()),
        }
    }

    async fn appended(&self) -> anyhow::Result<((f64, f64), (f64, f64))> {
        let commands = self.iris.histogram("iris_append_batch_commands").await?;
        Ok((commands, self.iris.histogram("iris_append_batch_events").await?))
    }

    async fn expect_carts(&mut self, run: &Run, duration: std::time::Duration) -> anyhow::Result<()> {
        let enough = self.orders_per_second * duration.as_secs_f64() * 1.5;
        if self.orders_per_second == 0.0 || real(self.carts.left()) > enough {
            return Ok(());
        }
        // For all rounds to come, as far as can be told.
        let rounds = run.sizes.rounds * run.sizes.clients.len();
        let round = self.orders_per_second * run.sizes.round.as_secs_f64();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some hundred thousand")]
        let count = (round * 0.8) as usize * rounds + 5_000;
        self.fill_carts(count).await
    }

    /// Opens carts while no orders come in, and waits until the read models have them.
    async fn fill_carts(&mut self, count: usize) -> anyhow::Result<()> {
        let market = self.market.clone();
        let (filled, written) = fill(&self.database.options, now(), self.seed, move |writer| {
            let mut open = |_| {
                let basket = market.even_basket(writer);
                (market.open_cart(writer, &basket), basket.restaurant)
            };
            (0..count).map(&mut open).collect::<Vec<_>>()
        })
        .await?;
        self.seed += 1;
        // Those not yet taken stay.
        let taken = self.carts.filled.len() - self.carts.left();
        let left = self.carts.filled[taken..].iter().copied();
        self.carts = Arc::new(Carts { filled: left.chain(filled).collect(), ..Carts::default() });
        caught_up(&self.database.options).await?;
        // As carts are that were filled hours ago.
        self.database.pool.execute("VACUUM ANALYZE").await?;
        eprintln!("{count} carts filled, {} events in {:.1} s", written.events, written.seconds);
        Ok(())
    }
}
