//! Forecasts: every night what is expected of each product at each restaurant, and every hour how demand stands to it.
//!
//! The walk of a run ([`ForecastJob`]): `begin.rs` takes one snapshot of `demand.months` and the half of
//! `forecast.series` that is not shown → `history.rs` reads it supplier by supplier, and makes of a
//! restaurant's deliveries what it used each day (`cycles.rs`) → `part.rs` forecasts, on all
//! cores → `write.rs` commits rows and checkpoint together → `finish.rs` shows the run, in one transaction →
//! `publish.rs` tells each supplier, by a command. A run that is cut short goes on where it was
//! ([decision 16](../../../docs/decisions/0016-forecast-runs.md)).

mod begin;
mod checkpoint;
mod cycles;
mod finish;
mod history;
mod index;
mod metrics;
mod part;
mod publish;
mod scores;
mod write;

use std::sync::Arc;

use serde_json::Value;
use sqlx::PgConnection;

pub use index::DemandIndexJob;
pub use publish::{Publication, PublishForecasts};

use self::{
    begin::Begun,
    checkpoint::Checkpoint,
    history::{Part, Reader},
};
use crate::scheduler::{Done, Job, JobError, Run, Running, Tally};

/// Series that are in memory at a time, about: each takes some 15 KB while it is forecast.
const BATCH_SERIES: usize = 4_000;

/// The nightly job.
pub struct ForecastJob {
    publisher: Arc<dyn PublishForecasts>,
    batch_series: usize,
}

impl ForecastJob {
    /// Suppliers are told by way of `publisher`.
    pub fn new(publisher: Arc<dyn PublishForecasts>) -> Self {
        metrics::describe();
        Self { publisher, batch_series: BATCH_SERIES }
    }

    /// With so many series in memory, about, instead; a checkpoint after each so many.
    #[must_use]
    pub fn in_batches_of(self, series: usize) -> Self {
        Self { batch_series: series, ..self }
    }

    async fn go(&self, run: &Run) -> Result<Done, JobError> {
        let mut checkpoint = match begin::begin(run).await? {
            Begun::Made(checkpoint) => checkpoint,
            Begun::ToMake { mut snapshot, checkpoint } => {
                let mut made = self.make(run, &mut snapshot, checkpoint).await?;
                // Nothing was written there; the snapshot held back what the database tidies up.
                snapshot.rollback().await?;
                finish::finish(run, &mut made).await?;
                made
            }
        };
        metrics::show_current(&run.surroundings.pool, run.surroundings.clock.now()).await?;
        if !checkpoint.is_superseded {
            publish::publish(run, &mut checkpoint, &*self.publisher).await?;
        }
        finish::outcome(run, &checkpoint).await
    }

    /// Forecasts everything after the checkpoint.
    async fn make(
        &self,
        run: &Run,
        snapshot: &mut PgConnection,
        mut checkpoint: Checkpoint,
    ) -> Result<Checkpoint, JobError> {
        let total = finish::series_of_current(&run.surroundings.pool).await?;
        let mut reader = Reader::new(checkpoint.origin_day, checkpoint.after);
        loop {
            run.expect_going_on()?;
            let parts = read_batch(&mut reader, snapshot, self.batch_series).await?;
            let Some(last) = parts.last() else { return Ok(checkpoint) };
            checkpoint.after = Some(last.end());
            let origin = checkpoint.origin_day;
            // Computing for seconds on end belongs on no thread of the runtime; rayon's own threads do it.
            let made = tokio::task::spawn_blocking(move || part::forecast_parts(&parts, origin))
                .await
                .map_err(|error| JobError::Failed(format!("forecasting ended early: {error}")))?;
            checkpoint.done += made.series();
            let mut tx = platform::db::begin(&run.surroundings.pool).await?;
            write::add_in_tx(&mut tx, run.run_id, checkpoint.slot, &made).await?;
            let tally = Tally { done: checkpoint.done, total: total.map(|total| total.max(checkpoint.done)) };
            run.save_in_tx(&mut tx, Some(&Value::from(&checkpoint)), tally).await?;
            tx.commit().await?;
            metrics::count_series(&made);
        }
    }
}

impl Job for ForecastJob {
    fn name(&self) -> &'static str {
        "forecasts"
    }

    /// When the day's orders are in and before anybody orders anew.
    fn cron(&self) -> &'static str {
        "0 2 * * *"
    }

    fn run<'a>(&'a self, run: &'a Run) -> Running<'a> {
        Box::pin(async move {
            let begun = run.surroundings.clock.now();
            let done = self.go(run).await?;
            metrics::record_duration(run.surroundings.clock.now() - begun);
            Ok(done)
        })
    }
}

async fn read_batch(
    reader: &mut Reader,
    snapshot: &mut PgConnection,
    series_enough: usize,
) -> Result<Vec<Part>, sqlx::Error> {
    let (mut parts, mut series) = (Vec::new(), 0);
    while series < series_enough {
        let Some(part) = reader.next_part(snapshot).await? else { break };
        series += part.series();
        parts.push(part);
    }
    Ok(parts)
}
