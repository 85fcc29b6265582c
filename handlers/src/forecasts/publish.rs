//! Telling each supplier of its run.

use std::time::Duration;

use chrono::NaiveDate;
use events::{
    forecast::ForecastScores,
    values::{ForecastRunId, SupplierId},
};
use forecasting::HORIZON_DAYS;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use platform::backoff::Backoff;
use serde_json::Value;
use sqlx::{PgConnection, PgPool, Row, postgres::PgRow};
use uuid::Uuid;

use super::{checkpoint::Checkpoint, metrics, scores::Scores};
use crate::{
    commands::{AskFailed, Asked},
    scheduler::{JobError, Run, Tally},
};

/// Suppliers between two saves.
const SUPPLIERS: i64 = 500;
/// Commands under way at a time: they are decided in batches.
const UNDER_WAY: usize = 64;
const BACKOFF_FIRST: Duration = Duration::from_millis(100);
const BACKOFF_MAX: Duration = Duration::from_secs(5);
/// So much waiting for one supplier ends the attempt: the next goes on from the suppliers that were told.
const WAITED_MAX: Duration = Duration::from_mins(10);

/// What one supplier is told of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    /// The run.
    pub run_id: ForecastRunId,
    /// Whose products.
    pub supplier_id: SupplierId,
    /// The first day that is forecast.
    pub origin_day: NaiveDate,
    /// How many days.
    pub horizon_days: i32,
    /// The demand that it was made from was that of the log up to here.
    pub input_position: i64,
    /// What it was made by.
    pub engine_version: String,
    /// Series that were forecast.
    pub series: i64,
    /// Series that could not be.
    pub failed: i64,
    /// How good.
    pub scores: ForecastScores,
}

/// The way to the write side; `iris` connects it.
pub trait PublishForecasts: Send + Sync + 'static {
    /// Records that the run's forecasts of that supplier's products are there; nothing where that is on record.
    fn publish(&self, publication: Publication) -> Asked<'_>;
}

/// Tells every supplier of the run. One that was told when an earlier attempt ended is told again, and the command
/// records nothing the second time. The sums of those that were told go, of no other run's.
pub(super) async fn publish(
    run: &Run,
    checkpoint: &mut Checkpoint,
    publisher: &dyn PublishForecasts,
) -> Result<(), JobError> {
    loop {
        let next = next_publications(&run.surroundings.pool, run.run_id, checkpoint).await?;
        let Some(last) = next.last().map(|publication| publication.supplier_id.0) else { return Ok(()) };
        stream::iter(next.into_iter().map(|publication| tell(run, publisher, publication)))
            .buffer_unordered(UNDER_WAY)
            .try_collect::<()>()
            .await?;
        checkpoint.told = Some(last);
        let mut tx = platform::db::begin(&run.surroundings.pool).await?;
        let tally = Tally { done: checkpoint.done, total: Some(checkpoint.done) };
        forget_told(&mut tx, run.run_id, last).await?;
        run.save_in_tx(&mut tx, Some(&Value::from(&*checkpoint)), tally).await?;
        tx.commit().await?;
    }
}

/// By the primary key of `forecast.supplier_runs`.
async fn forget_told(tx: &mut PgConnection, run_id: Uuid, last: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM forecast.supplier_runs WHERE run_id = $1 AND supplier_id <= $2")
        .bind(run_id)
        .bind(last)
        .execute(tx)
        .await?;
    Ok(())
}

async fn tell(run: &Run, publisher: &dyn PublishForecasts, publication: Publication) -> Result<(), JobError> {
    let supplier_id = publication.supplier_id;
    let mut patience = Patience::default();
    loop {
        run.expect_going_on()?;
        match publisher.publish(publication.clone()).await {
            Ok(()) => return Ok(()),
            Err(AskFailed::Refused) => {
                // One that cannot be told must not keep the others from it.
                tracing::warn!(%supplier_id, run_id = %run.run_id, "a supplier may not be told of its forecasts");
                metrics::count_refused();
                return Ok(());
            }
            Err(AskFailed::Later) => {
                let Some(wait) = patience.next_wait() else {
                    let reason = format!("{supplier_id} could not be told of its forecasts for ten minutes");
                    return Err(JobError::Failed(reason));
                };
                let _or_stopped = run.stop.run_until_cancelled(tokio::time::sleep(wait)).await;
            }
        }
    }
}

/// How long one supplier is waited for.
struct Patience {
    backoff: Backoff,
    waited: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { backoff: Backoff::new(BACKOFF_FIRST, BACKOFF_MAX), waited: Duration::ZERO }
    }
}

impl Patience {
    /// `None` once it has been long enough.
    fn next_wait(&mut self) -> Option<Duration> {
        let wait = self.backoff.failed();
        self.waited += wait;
        (self.waited <= WAITED_MAX).then_some(wait)
    }
}

/// By the primary key of `forecast.supplier_runs`, from the one that was told last.
async fn next_publications(
    pool: &PgPool,
    run_id: Uuid,
    checkpoint: &Checkpoint,
) -> Result<Vec<Publication>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT s.supplier_id, s.series, s.failed, s.steps, s.inside, s.mase, s.mase_of, s.spl, s.spl_of, s.bias, \
                s.bias_of, s.drifting, r.engine_version \
         FROM forecast.supplier_runs s JOIN forecast.runs r ON r.run_id = s.run_id \
         WHERE s.run_id = $1 AND ($2::uuid IS NULL OR s.supplier_id > $2) \
         ORDER BY s.supplier_id LIMIT $3",
    )
    .bind(run_id)
    .bind(checkpoint.told)
    .bind(SUPPLIERS)
    .fetch_all(pool)
    .await?;
    let publication = |row: &PgRow| {
        let scores = Scores::of(row)?;
        Ok(Publication {
            run_id: ForecastRunId(run_id),
            supplier_id: SupplierId(row.try_get("supplier_id")?),
            origin_day: checkpoint.origin_day,
            horizon_days: i32::try_from(HORIZON_DAYS).expect("two weeks"),
            input_position: checkpoint.input_position,
            engine_version: row.try_get("engine_version")?,
            series: scores.series,
            failed: scores.failed,
            scores: scores.told(),
        })
    };
    rows.iter().map(publication).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_supplier_is_waited_for_ten_minutes_and_no_longer() {
        let mut patience = Patience::default();
        let waits: Vec<Duration> = std::iter::from_fn(|| patience.next_wait()).take(1_000).collect();
        assert!(waits.len() < 1_000, "it ends");
        let waited: Duration = waits.iter().sum();
        assert!(waited <= WAITED_MAX && waited + BACKOFF_MAX > WAITED_MAX, "{waited:?}");
    }
}
