//! A run that somebody asks for: done in the process that asks, on record like any other.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use sqlx::{PgPool, Row as _};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    attempt::{Attempt, Ending, OnFailure, Terms},
    hold::Begun,
    job::{Done, Job, Tally},
    metrics,
    taking::is_second_run,
};
use crate::Surroundings;

/// As the scheduler's.
const LEASE: Duration = Duration::from_secs(15);
/// A job that does not stop within it is dropped, and its transaction with it.
const GRACE: Duration = Duration::from_secs(10);

/// Why a run was not begun.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// One run of a job at a time.
    #[error("{job} is running since {since} for {scheduled_for}, in another process")]
    Running {
        /// Which.
        job: &'static str,
        /// When that run was begun.
        since: DateTime<Utc>,
        /// The time that it is of.
        scheduled_for: DateTime<Utc>,
    },
    /// A run happens once by its time.
    #[error("{job} was done for {scheduled_for} already")]
    Done {
        /// Which.
        job: &'static str,
        /// The time that it is of.
        scheduled_for: DateTime<Utc>,
    },
    /// The database.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// What became of a run by hand.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It is done; names and numbers.
    Done(Done),
    /// Why not. What it had saved stays, and the same time goes on from there.
    Failed(String),
    /// It was asked to stop; the same.
    Stopped,
    /// Another process took it over.
    Lost,
}

/// A run that was begun by hand, and is under way once it is [performed](ByHand::perform).
pub struct ByHand {
    attempt: Attempt,
    progress: watch::Receiver<Tally>,
}

impl ByHand {
    /// Begins the run of that time; one that was stopped, failed or waits goes on from what it saved.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn begin(
        job: Arc<dyn Job>,
        scheduled_for: DateTime<Utc>,
        surroundings: Surroundings,
    ) -> Result<Self, Refused> {
        metrics::describe();
        let holder = surroundings.ids.next();
        let name = job.name();
        free_abandoned(&surroundings.pool, name).await?;
        let taken = take(&surroundings, name, scheduled_for, holder).await;
        let begun = match taken {
            Ok(Some(begun)) => begun,
            Ok(None) => return Err(in_the_way(&surroundings.pool, name, scheduled_for).await?),
            Err(error) if is_second_run(&error) => {
                return Err(in_the_way(&surroundings.pool, name, scheduled_for).await?);
            }
            Err(error) => return Err(error.into()),
        };
        let (sender, progress) = watch::channel(begun.tally);
        let terms = Terms { lease: LEASE, on_failure: OnFailure::GiveUp, grace: GRACE };
        Ok(Self { attempt: Attempt { job, begun, holder, surroundings, terms, progress: sender }, progress })
    }

    /// How far it is, as it goes.
    pub fn progress(&self) -> watch::Receiver<Tally> {
        self.progress.clone()
    }

    /// True where it goes on from what an earlier attempt saved.
    pub fn goes_on(&self) -> bool {
        self.attempt.begun.checkpoint.is_some()
    }

    /// Does it, until it is done or `shutdown`.
    pub async fn perform(self, shutdown: &CancellationToken) -> Outcome {
        match self.attempt.perform(shutdown).await {
            Ending::Succeeded(done) => Outcome::Done(done),
            Ending::Failed(error) | Ending::Retrying(error) => Outcome::Failed(error),
            Ending::Stopped => Outcome::Stopped,
            Ending::Lost => Outcome::Lost,
        }
    }
}

/// A run whose process died stands in nobody's way: it waits again, for a leader or for whoever names its time.
async fn free_abandoned(pool: &PgPool, job: &str) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE jobs.runs SET state = 'queued', holder = NULL, lease_until = NULL, fence = fence + 1 \
         WHERE job = $1 AND state = 'running' AND lease_until < clock_timestamp()",
    )
    .bind(job)
    .execute(pool)
    .await?;
    Ok(())
}

async fn take(
    surroundings: &Surroundings,
    job: &str,
    scheduled_for: DateTime<Utc>,
    holder: Uuid,
) -> Result<Option<Begun>, sqlx::Error> {
    let row = sqlx::query(
        "INSERT INTO jobs.runs AS r \
             (job, scheduled_for, run_id, state, trigger, attempt, holder, fence, lease_until, started_at) \
         VALUES ($1, $2, $3, 'running', 'manual', 1, $4, 1, clock_timestamp() + $5, $6) \
         ON CONFLICT ON CONSTRAINT runs_once DO UPDATE \
         SET state = 'running', holder = EXCLUDED.holder, fence = r.fence + 1, attempt = r.attempt + 1, \
             lease_until = EXCLUDED.lease_until, started_at = EXCLUDED.started_at, not_before = NULL, \
             finished_at = NULL, outcome = NULL, error = NULL \
         WHERE r.state IN ('queued', 'failed', 'skipped') \
         RETURNING job, run_id, scheduled_for, attempt, fence, checkpoint, done, total",
    )
    .bind(job)
    .bind(scheduled_for)
    .bind(surroundings.ids.next())
    .bind(holder)
    .bind(LEASE)
    .bind(surroundings.clock.now())
    .fetch_optional(&surroundings.pool)
    .await?;
    row.as_ref().map(Begun::try_from_row).transpose()
}

/// The run that is under way, or the one of that time that is done.
async fn in_the_way(
    pool: &PgPool,
    job: &'static str,
    scheduled_for: DateTime<Utc>,
) -> Result<Refused, sqlx::Error> {
    let running =
        sqlx::query("SELECT scheduled_for, started_at FROM jobs.runs WHERE job = $1 AND state = 'running'")
            .bind(job)
            .fetch_optional(pool)
            .await?;
    Ok(match running {
        Some(running) => Refused::Running {
            job,
            since: running.try_get("started_at")?,
            scheduled_for: running.try_get("scheduled_for")?,
        },
        None => Refused::Done { job, scheduled_for },
    })
}
