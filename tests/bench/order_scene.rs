//! Iris under a load of orders: its database, its processes, and where its carts come from.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::bail;
use events::{log::read_head, values::Role};
use harness::TestDatabase;
use sqlx::{Connection as _, Executor as _, PgConnection};

use crate::{
    fill::fill,
    iris_process::IrisProcess,
    lag::{LagSampler, caught_up},
    load::{Carts, Load, Placed, place_orders},
    market::{Market, MarketSize},
    order_rows::{Cost, IrisRound},
    processes::{cpu_seconds, tree_cpu_seconds},
    run::{Run, SECRET, now},
    statistics::real,
};

const SIZE: MarketSize = MarketSize { suppliers: 10, restaurants: 64, products: 1_000 };
/// Whoever listens to the orders is on this machine.
const SETTINGS: [(&str, &str); 1] = [("WEBHOOK_ALLOWED_NETWORKS", "127.0.0.0/8")];
/// Placed, three promises of stock, cart converted.
const EVENTS_PER_ORDER: f64 = 5.0;
/// For a warm-up whose rate nobody knows yet.
const FIRST_CARTS: usize = 20_000;
/// Rounds that a fill of carts is for: filling costs time, carts that nobody orders too.
const ROUNDS_AHEAD: f64 = 3.0;

/// What carts are filled with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Baskets {
    /// Each product as likely.
    Even,
    /// One product is in all of them.
    Hot,
}

/// What runs on the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Roles {
    /// `iris serve`: orders are recorded, folded into read models and told to whoever listens.
    All,
    /// `iris command-api`: orders are recorded.
    CommandsAlone,
}

/// Iris under load, and where its carts come from.
pub struct Scene {
    pub database: TestDatabase,
    pub iris: Vec<IrisProcess>,
    pub market: Market,
    pub tokens: Arc<Vec<String>>,
    pub carts: Arc<Carts>,
    /// Of so many orders one is kept; 0 keeps none.
    pub kept_of: usize,
    /// Whether carts that were just filled are vacuumed, as those are that were filled hours ago.
    pub is_kept_up: bool,
    baskets: Baskets,
    roles: Roles,
    /// Of the next fill of carts.
    seed: u64,
    /// The fastest so far.
    orders_per_second: f64,
}

impl Scene {
    /// With one `iris serve`, and carts for a warm-up.
    pub async fn open(run: &Run, baskets: Baskets) -> anyhow::Result<Self> {
        Self::open_with(run, baskets, Roles::All).await
    }

    /// With one process of those roles, and carts for a warm-up.
    pub async fn open_with(run: &Run, baskets: Baskets, roles: Roles) -> anyhow::Result<Self> {
        let database = TestDatabase::create().await;
        let (market, _) = fill(&database.options, now(), 1, |writer| Market::open(writer, SIZE)).await?;
        let tokens = market.restaurants.iter().map(|buyer| run.token(buyer.owner, Role::Restaurant));
        let mut scene = Self {
            database,
            iris: Vec::new(),
            tokens: Arc::new(tokens.collect()),
            market,
            carts: Arc::default(),
            kept_of: 0,
            is_kept_up: true,
            baskets,
            roles,
            seed: 2,
            orders_per_second: 0.0,
        };
        scene.add_process(run).await?;
        scene.fill_carts(FIRST_CARTS).await?;
        scene.vacuum().await?;
        Ok(scene)
    }

    /// One more process on the same database.
    pub async fn add_process(&mut self, run: &Run) -> anyhow::Result<()> {
        let log = run.scratch.join(format!("iris-{}.log", self.iris.len()));
        let role = match self.roles {
            Roles::All => "serve",
            Roles::CommandsAlone => "command-api",
        };
        self.iris.push(IrisProcess::start_role(role, &self.database.url(), SECRET, &log, &SETTINGS).await?);
        Ok(())
    }

    /// Stops the process that came last.
    pub fn stop_last(&mut self) -> anyhow::Result<()> {
        self.iris.pop().map_or(Ok(()), IrisProcess::stop)
    }

    /// Stops all of them; the database stays.
    pub fn stop(self) -> anyhow::Result<TestDatabase> {
        self.iris.into_iter().try_for_each(IrisProcess::stop)?;
        Ok(self.database)
    }

    /// A first load that does not count, and statistics on what it left: as autovacuum takes them within a minute of a
    /// database's life; until then Postgres keeps the plans that it made for empty tables.
    pub async fn warm_up(&mut self, run: &Run, clients: usize) -> anyhow::Result<()> {
        self.round(run, Load::Closed(clients), run.sizes.warm_up).await?;
        self.vacuum().await
    }

    /// As autovacuum does, sooner.
    pub async fn vacuum(&self) -> anyhow::Result<()> {
        self.database.pool.execute("VACUUM ANALYZE").await?;
        self.write_out().await
    }

    /// What a fill has written goes to the disk now, and not in the middle of a round: hundreds of MiB, which the system
    /// writes in one go, while every commit waits.
    async fn write_out(&self) -> anyhow::Result<()> {
        self.database.pool.execute("CHECKPOINT").await?;
        Ok(())
    }

    /// One round. Every order must be acknowledged, and be in the log.
    pub async fn round(&mut self, run: &Run, load: Load, duration: Duration) -> anyhow::Result<IrisRound> {
        self.expect_carts(load, duration).await?;
        let mut connection = PgConnection::connect_with(&self.database.options).await?;
        let position = read_head(&mut connection).await?.position;
        let (commands, events) = self.appended().await?;
        let addresses: Vec<String> = self.iris.iter().map(|iris| iris.address.clone()).collect();
        let sampler = (self.roles == Roles::All).then(|| LagSampler::start(&self.database.options));
        let cost = self.cost(run);
        let placed =
            place_orders(&addresses, &self.tokens, &self.carts, load, duration, self.kept_of).await?;
        let cost = self.cost(run) - cost;
        let lag_ms = match sampler {
            Some(sampler) => sampler.stop().await?,
            None => Vec::new(),
        };
        let ended = Instant::now();
        self.caught_up().await?;
        let drained_ms = ended.elapsed().as_secs_f64() * 1_000.0;
        let (commands_after, events_after) = self.appended().await?;
        let log_events = real(read_head(&mut connection).await?.position - position);
        connection.close().await?;
        let Placed { orders, seconds, latencies, refused, kept } = placed;
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
            events_per_second: orders * EVENTS_PER_ORDER / seconds,
            latencies,
            cost: cost / orders,
            batch_commands: (commands_after.0 - commands.0) / batches,
            batch_events: (events_after.0 - events.0) / batches,
            lag_ms,
            drained_ms,
            kept,
        })
    }

    /// Waits until read models have the whole log, where anybody folds them.
    async fn caught_up(&self) -> anyhow::Result<()> {
        match self.roles {
            Roles::All => caught_up(&self.database.options).await,
            Roles::CommandsAlone => Ok(()),
        }
    }

    /// CPU seconds so far.
    pub fn cost(&self, run: &Run) -> Cost {
        Cost {
            iris: self.iris.iter().map(|iris| cpu_seconds(iris.pid())).sum(),
            postgres: run.postmaster.map_or(f64::NAN, tree_cpu_seconds),
            clients: cpu_seconds(std::process::id()),
        }
    }

    async fn appended(&self) -> anyhow::Result<((f64, f64), (f64, f64))> {
        let (mut commands, mut events) = ((0.0, 0.0), (0.0, 0.0));
        for iris in &self.iris {
            let (sum, count) = iris.histogram("iris_append_batch_commands").await?;
            commands = (commands.0 + sum, commands.1 + count);
            let (sum, count) = iris.histogram("iris_append_batch_events").await?;
            events = (events.0 + sum, events.1 + count);
        }
        Ok((commands, events))
    }

    /// There are carts enough for such a round.
    pub async fn expect_carts(&mut self, load: Load, duration: Duration) -> anyhow::Result<()> {
        let enough = self.carts_for(load, duration);
        if real(self.carts.left()) > enough { Ok(()) } else { self.fill(enough * ROUNDS_AHEAD).await }
    }

    /// As many carts more as such a load takes.
    pub async fn fill_ahead(&mut self, load: Load, duration: Duration) -> anyhow::Result<()> {
        self.fill(self.carts_for(load, duration)).await
    }

    fn carts_for(&self, load: Load, duration: Duration) -> f64 {
        match load {
            Load::Closed(_) => self.orders_per_second * duration.as_secs_f64() * 1.5,
            Load::Open(per_second) => per_second * duration.as_secs_f64() + 1.0,
        }
    }

    async fn fill(&mut self, carts: f64) -> anyhow::Result<()> {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some hundred thousand")]
        let count = carts as usize + 5_000;
        self.fill_carts(count).await?;
        if self.is_kept_up { self.vacuum().await } else { self.write_out().await }
    }

    /// Opens carts while no orders come in, and waits until the read models have them.
    async fn fill_carts(&mut self, count: usize) -> anyhow::Result<()> {
        let (market, baskets) = (self.market.clone(), self.baskets);
        let (filled, written) = fill(&self.database.options, now(), self.seed, move |writer| {
            let mut open = |_| {
                let basket = match baskets {
                    Baskets::Even => market.even_basket(writer),
                    Baskets::Hot => market.hot_basket(writer),
                };
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
        self.caught_up().await?;
        eprintln!("{count} carts filled, {} events in {:.1} s", written.events, written.seconds);
        Ok(())
    }
}
