//! How old the oldest event is that a read model has not taken, sampled while orders come in.

use std::time::Duration;

use sqlx::{Connection as _, PgConnection, postgres::PgConnectOptions};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const EVERY: Duration = Duration::from_millis(20);

/// A sampler on a connection of its own.
pub struct LagSampler {
    stop: CancellationToken,
    task: JoinHandle<anyhow::Result<Vec<f64>>>,
}

impl LagSampler {
    pub fn start(options: &PgConnectOptions) -> Self {
        let stop = CancellationToken::new();
        let task = tokio::spawn(sample(options.clone(), stop.clone()));
        Self { stop, task }
    }

    /// The samples in milliseconds, each of the read model that was furthest behind.
    pub async fn stop(self) -> anyhow::Result<Vec<f64>> {
        self.stop.cancel();
        self.task.await?
    }
}

async fn sample(options: PgConnectOptions, stop: CancellationToken) -> anyhow::Result<Vec<f64>> {
    let mut connection = PgConnection::connect_with(&options).await?;
    let mut samples = Vec::new();
    while !stop.is_cancelled() {
        samples.push(worst_lag_ms(&mut connection).await?);
        tokio::time::sleep(EVERY).await;
    }
    Ok(samples)
}

/// Positions are dense, so the oldest event that a read model lacks is the next one.
async fn worst_lag_ms(connection: &mut PgConnection) -> Result<f64, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT COALESCE(max(extract(epoch FROM clock_timestamp() - e.recorded_at) * 1000), 0)::float8 \
         FROM read.checkpoints c JOIN public.events e ON e.global_position = c.position + 1",
    )
    .fetch_one(connection)
    .await
}

/// Where the log ends.
pub async fn head(connection: &mut PgConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("SELECT position FROM public.log_head").fetch_one(connection).await
}

/// Waits until every read model has the whole log.
pub async fn caught_up(options: &PgConnectOptions) -> anyhow::Result<()> {
    let mut connection = PgConnection::connect_with(options).await?;
    loop {
        // A read model that never started has no row.
        let behind: bool = sqlx::query_scalar(
            "SELECT count(*) FILTER (WHERE c.position = h.position) < $1 \
             FROM public.log_head h LEFT JOIN read.checkpoints c ON true",
        )
        .bind(i64::try_from(projections::all().len())?)
        .fetch_one(&mut connection)
        .await?;
        if !behind {
            return Ok(connection.close().await?);
        }
        tokio::time::sleep(EVERY).await;
    }
}
