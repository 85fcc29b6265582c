//! How the jobs stand: what became of each one's last run.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::{PgPool, Row as _};

/// The newest run of a job that was not skipped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastRun {
    /// The time that it is of.
    pub scheduled_for: DateTime<Utc>,
    /// `queued`, `running`, `succeeded` or `failed`.
    pub state: String,
    /// How often it was begun.
    pub attempt: i32,
    /// When it was last begun.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended for good.
    pub finished_at: Option<DateTime<Utc>>,
    /// What it has done.
    pub done: i64,
    /// Of how much, where that is known.
    pub total: Option<i64>,
    /// Why it failed, the last time.
    pub error: Option<String>,
}

impl LastRun {
    /// How long it took, or has taken until `now`; `None` before it begins.
    pub fn took(&self, now: DateTime<Utc>) -> Option<Duration> {
        let until = self.finished_at.unwrap_or(now);
        (until - self.started_at?).to_std().ok()
    }
}

/// The newest run of that job.
///
/// # Errors
/// The database does not answer.
pub async fn last_run(pool: &PgPool, job: &str) -> Result<Option<LastRun>, sqlx::Error> {
    let row = sqlx::query(
        "SELECT scheduled_for, state, attempt, started_at, finished_at, done, total, error FROM jobs.runs \
         WHERE job = $1 AND state <> 'skipped' ORDER BY scheduled_for DESC LIMIT 1",
    )
    .bind(job)
    .fetch_optional(pool)
    .await?;
    row.map(|row| {
        Ok(LastRun {
            scheduled_for: row.try_get("scheduled_for")?,
            state: row.try_get("state")?,
            attempt: row.try_get("attempt")?,
            started_at: row.try_get("started_at")?,
            finished_at: row.try_get("finished_at")?,
            done: row.try_get("done")?,
            total: row.try_get("total")?,
            error: row.try_get("error")?,
        })
    })
    .transpose()
}

/// When a run of that job last succeeded.
pub(super) async fn last_success(pool: &PgPool, job: &str) -> Result<Option<DateTime<Utc>>, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT finished_at FROM jobs.runs \
         WHERE job = $1 AND state = 'succeeded' AND finished_at IS NOT NULL \
         ORDER BY finished_at DESC LIMIT 1",
    )
    .bind(job)
    .fetch_optional(pool)
    .await
}
