//! pgbench placing the same order as one plain SQL transaction, on the same server.

use std::{fs, path::PathBuf, time::Duration};

use anyhow::{Context as _, bail};
use sqlx::{Connection as _, Executor as _, PgConnection};
use tokio::process::Command;

use crate::{
    processes::tree_cpu_seconds,
    run::{Run, postgres_program},
    statistics::Latencies,
};

const SCHEMA: &str = include_str!("order.sql");
/// Every client takes every n-th cart, so that no cart is ordered twice.
const SCRIPT: &str = "\\set cart :base + :n * :clients + :client_id
\\set n :n + 1
SELECT shop.place_order(:cart);
";
/// Every tenth transaction is timed by itself: writing them all down would slow pgbench.
const TIMED: &str = "0.1";
/// Carts enough for a warm-up, whatever the machine.
const ORDERS_PER_SECOND_MAX: i64 = 25_000;

/// pgbench and its database.
pub struct Rival {
    url: String,
    program: PathBuf,
    directory: PathBuf,
    connection: PgConnection,
    postmaster: Option<u32>,
    /// The first cart that is not yet ordered.
    next_cart: i64,
    /// Behind the last one that is there.
    carts_end: i64,
    /// The fastest so far.
    orders_per_second: f64,
}

/// What one round came to.
pub struct RivalRound {
    pub orders_per_second: f64,
    pub latencies: Latencies,
    /// CPU seconds of Postgres per order.
    pub postgres_cpu: f64,
}

impl Rival {
    /// Makes its schema in that database.
    pub async fn open(run: &Run, database_url: &str) -> anyhow::Result<Self> {
        let mut connection = PgConnection::connect(database_url).await?;
        connection.execute(SCHEMA).await?;
        let directory = run.scratch.join("pgbench");
        fs::create_dir_all(&directory)?;
        fs::write(directory.join("order.pgbench"), SCRIPT)?;
        Ok(Self {
            url: database_url.to_owned(),
            program: postgres_program("pgbench")?,
            directory,
            connection,
            postmaster: run.postmaster,
            next_cart: 0,
            carts_end: 0,
            orders_per_second: 0.0,
        })
    }

    /// Places orders with so many clients for so long.
    pub async fn round(&mut self, clients: usize, duration: Duration) -> anyhow::Result<RivalRound> {
        self.open_carts(duration).await?;
        let cpu_before = self.postgres_cpu();
        let said = self.pgbench(clients, duration).await?;
        let cpu = self.postgres_cpu() - cpu_before;
        let orders_per_second: f64 = field(&said, "tps = ")?;
        let orders: f64 = field(&said, "number of transactions actually processed: ")?;
        self.orders_per_second = self.orders_per_second.max(orders_per_second);
        // STRICT in the function: a cart taken twice, or missing, would have failed the round.
        self.next_cart = sqlx::query_scalar(
            "SELECT cart_id + 1 FROM shop.carts WHERE order_id IS NOT NULL ORDER BY cart_id DESC LIMIT 1",
        )
        .fetch_one(&mut self.connection)
        .await?;
        Ok(RivalRound { orders_per_second, latencies: self.latencies()?, postgres_cpu: cpu / orders })
    }

    async fn open_carts(&mut self, duration: Duration) -> anyhow::Result<()> {
        let seconds = duration.as_secs_f64();
        let enough = if self.orders_per_second > 0.0 {
            #[expect(clippy::cast_possible_truncation, reason = "a few hundred thousand")]
            {
                (self.orders_per_second * seconds * 2.0) as i64 + 10_000
            }
        } else {
            ORDERS_PER_SECOND_MAX * i64::try_from(duration.as_secs())?
        };
        if self.next_cart + enough > self.carts_end {
            let count = self.next_cart + enough * 2 - self.carts_end;
            sqlx::query("SELECT shop.open_carts($1, $2)")
                .bind(self.carts_end)
                .bind(count)
                .execute(&mut self.connection)
                .await?;
            self.carts_end += count;
            // As carts are that were filled hours ago.
            self.connection.execute("VACUUM ANALYZE shop.carts").await?;
            self.connection.execute("VACUUM ANALYZE shop.cart_items").await?;
            self.connection.execute("CHECKPOINT").await?;
        }
        Ok(())
    }

    async fn pgbench(&self, clients: usize, duration: Duration) -> anyhow::Result<String> {
        let threads = clients.min(std::thread::available_parallelism()?.get());
        let output = Command::new(&self.program)
            .args(["-n", "-M", "prepared", "-l", "--log-prefix=times", "--sampling-rate", TIMED])
            .args(["-f", "order.pgbench", "-D", "n=0"])
            .args(["-c", &clients.to_string(), "-j", &threads.to_string()])
            .args(["-T", &duration.as_secs().to_string()])
            .args(["-D", &format!("base={}", self.next_cart), "-D", &format!("clients={clients}")])
            .arg(&self.url)
            .current_dir(&self.directory)
            .output()
            .await
            .with_context(|| format!("running {}", self.program.display()))?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        if !output.status.success() || said.contains("aborted") {
            bail!("pgbench failed: {said} {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(said)
    }

    /// Reads and removes what pgbench wrote down: client, number, microseconds, …
    fn latencies(&self) -> anyhow::Result<Latencies> {
        let mut latencies = Latencies::default();
        for entry in fs::read_dir(&self.directory)?.flatten() {
            if !entry.file_name().to_string_lossy().starts_with("times.") {
                continue;
            }
            for line in fs::read_to_string(entry.path())?.lines() {
                let micros = line.split(' ').nth(2).context("a time")?;
                latencies.add_micros(micros.parse()?);
            }
            fs::remove_file(entry.path())?;
        }
        Ok(latencies)
    }

    fn postgres_cpu(&self) -> f64 {
        self.postmaster.map_or(f64::NAN, tree_cpu_seconds)
    }
}

fn field(said: &str, name: &str) -> anyhow::Result<f64> {
    let line = said.lines().find_map(|line| line.strip_prefix(name));
    let word = line.and_then(|rest| rest.split([' ', '/']).next());
    word.with_context(|| format!("pgbench says no {name:?}: {said}"))?.parse().context("a number")
}
