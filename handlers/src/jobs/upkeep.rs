//! `upkeep`: what has outlived its use goes, and how far sealing is behind is said.
//!
//! Partitions of the log are made here long before an append needs them, and closed ones frozen by then.

use chrono::{DateTime, TimeDelta, Utc};
use events::{
    audit::SealFolder,
    log::{forget_answers_before, make_partitions},
};
use serde_json::{Value, json};
use sqlx::{PgPool, Row as _};

use crate::{
    scheduler::{Done, Job, JobError, Run, Running, Tally},
    sealing::export_seals,
};

/// Answers of keyed commands are promised for 7 days; a day more, so that no clock makes it less.
const ANSWERS_KEPT: TimeDelta = TimeDelta::days(8);
/// As long as accesses are kept.
const RUNS_KEPT: TimeDelta = TimeDelta::days(400);
/// Rows that go in one transaction.
const RUNS_AT_ONCE: i64 = 1_000;
/// Sealed a second after they were recorded: what waits for so long waits for somebody to look.
const UNSEALED_FOR_LONG: TimeDelta = TimeDelta::hours(1);

/// The nightly job.
pub struct Upkeep {
    seals: Option<SealFolder>,
}

impl Upkeep {
    /// With the folder that seals are copied to, where there is one.
    pub fn new(seals: Option<SealFolder>) -> Self {
        Self { seals }
    }

    async fn keep_up(&self, run: &Run) -> Result<Done, JobError> {
        let pool = &run.surroundings.pool;
        let now = run.surroundings.clock.now();
        let mut done = Deleted::from(run.checkpoint.as_ref());
        while self.forget_answers(run, &mut done, now).await? {}
        while self.forget_runs(run, &mut done, now).await? {}
        run.expect_going_on()?;
        let made = make_partitions(&mut *pool.acquire().await?, 0).await?;
        let unsealed = unsealed(pool, now).await?;
        if unsealed.age.is_some_and(|age| age > UNSEALED_FOR_LONG) {
            tracing::error!(events = unsealed.events, "events wait for their seal: is a sealer running?");
        }
        let mut outcome = Done::from_iter([
            ("answers_deleted".to_owned(), json!(done.answers)),
            ("runs_deleted".to_owned(), json!(done.runs)),
            ("partitions_made".to_owned(), json!(made)),
            ("unsealed_events".to_owned(), json!(unsealed.events)),
            ("oldest_unsealed_seconds".to_owned(), json!(unsealed.age.map_or(0, |age| age.num_seconds()))),
        ]);
        if let Some(folder) = &self.seals {
            run.expect_going_on()?;
            let copied =
                export_seals(pool, folder).await.map_err(|error| JobError::Failed(error.to_string()))?;
            outcome.insert("seals_copied_to".to_owned(), json!(copied));
        }
        Ok(outcome)
    }

    /// False once there are none left.
    async fn forget_answers(
        &self,
        run: &Run,
        done: &mut Deleted,
        now: DateTime<Utc>,
    ) -> Result<bool, JobError> {
        run.expect_going_on()?;
        let mut tx = platform::db::begin(&run.surroundings.pool).await?;
        let deleted = forget_answers_before(&mut tx, now - ANSWERS_KEPT).await?;
        done.answers += deleted;
        run.save_in_tx(&mut tx, Some(&done.checkpoint()), done.tally()).await?;
        tx.commit().await?;
        Ok(deleted > 0)
    }

    /// False once there are none left.
    async fn forget_runs(&self, run: &Run, done: &mut Deleted, now: DateTime<Utc>) -> Result<bool, JobError> {
        run.expect_going_on()?;
        let mut tx = platform::db::begin(&run.surroundings.pool).await?;
        let deleted = sqlx::query(
            "DELETE FROM jobs.runs WHERE run_id IN \
             (SELECT run_id FROM jobs.runs \
              WHERE scheduled_for < $1 AND state IN ('succeeded', 'failed', 'skipped') AND run_id <> $3 \
              ORDER BY scheduled_for LIMIT $2)",
        )
        .bind(now - RUNS_KEPT)
        .bind(RUNS_AT_ONCE)
        .bind(run.run_id)
        .execute(&mut *tx)
        .await?
        .rows_affected();
        done.runs += deleted;
        run.save_in_tx(&mut tx, Some(&done.checkpoint()), done.tally()).await?;
        tx.commit().await?;
        Ok(deleted > 0)
    }
}

impl Job for Upkeep {
    fn name(&self) -> &'static str {
        "upkeep"
    }

    fn cron(&self) -> &'static str {
        "30 3 * * *"
    }

    fn run<'a>(&'a self, run: &'a Run) -> Running<'a> {
        Box::pin(self.keep_up(run))
    }
}

/// Rows that are gone, over all attempts.
#[derive(Clone, Copy, Debug, Default)]
struct Deleted {
    answers: u64,
    runs: u64,
}

impl Deleted {
    fn from(checkpoint: Option<&Value>) -> Self {
        let count = |name: &str| checkpoint.and_then(|at| at[name].as_u64()).unwrap_or_default();
        Self { answers: count("answers"), runs: count("runs") }
    }

    fn checkpoint(self) -> Value {
        json!({ "answers": self.answers, "runs": self.runs })
    }

    fn tally(self) -> Tally {
        Tally { done: self.answers + self.runs, total: None }
    }
}

struct Unsealed {
    events: i64,
    /// Of the oldest; `None` where all are sealed.
    age: Option<TimeDelta>,
}

/// Positions are dense, so the oldest unsealed event is the one behind the last seal.
async fn unsealed(pool: &PgPool, now: DateTime<Utc>) -> Result<Unsealed, sqlx::Error> {
    let row = sqlx::query(
        "SELECT h.position - s.position AS events, \
                CASE WHEN isfinite(e.recorded_at) THEN e.recorded_at END AS recorded_at \
         FROM public.log_head h \
         CROSS JOIN (SELECT COALESCE(max(last_position), 0) AS position FROM audit.seals) s \
         LEFT JOIN public.events e ON e.global_position = s.position + 1 \
         WHERE h.id = 1",
    )
    .fetch_one(pool)
    .await?;
    let recorded_at: Option<DateTime<Utc>> = row.try_get("recorded_at")?;
    Ok(Unsealed { events: row.try_get::<i64, _>("events")?.max(0), age: recorded_at.map(|at| now - at) })
}
