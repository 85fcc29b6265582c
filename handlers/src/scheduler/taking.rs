//! Taking runs up: what waits, and what a process left that died.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::{PgPool, Row as _, error::ErrorKind};
use uuid::Uuid;

use super::hold::Begun;

/// Takes one run up that waits or whose process died; `None` where there is none.
pub(super) async fn take_one(
    pool: &PgPool,
    jobs: &[&str],
    (holder, lease): (Uuid, Duration),
    now: DateTime<Utc>,
) -> Result<Option<Begun>, sqlx::Error> {
    // A row that somebody holds is left alone: its holder is saving, and alive.
    let row = sqlx::query(
        "UPDATE jobs.runs AS taken \
         SET state = 'running', holder = $2, fence = taken.fence + 1, attempt = taken.attempt + 1, \
             lease_until = clock_timestamp() + $3, not_before = NULL, started_at = $4, finished_at = NULL \
         FROM (SELECT r.run_id FROM jobs.runs r \
               WHERE r.job = ANY($1) AND r.state IN ('queued', 'running') \
                 AND (r.state = 'running' AND r.lease_until < clock_timestamp() \
                      OR r.state = 'queued' AND (r.not_before IS NULL OR r.not_before <= clock_timestamp()) \
                         AND NOT EXISTS (SELECT FROM jobs.runs other \
                                         WHERE other.job = r.job AND other.state = 'running')) \
               ORDER BY r.scheduled_for, r.run_id LIMIT 1 FOR UPDATE SKIP LOCKED) AS next \
         WHERE taken.run_id = next.run_id \
         RETURNING taken.job, taken.run_id, taken.scheduled_for, taken.attempt, taken.fence, taken.checkpoint, \
                   taken.done, taken.total",
    )
    .bind(jobs)
    .bind(holder)
    .bind(lease)
    .bind(now)
    .fetch_optional(pool)
    .await;
    match row {
        Ok(row) => row.as_ref().map(Begun::try_from_row).transpose(),
        // Somebody began another run of the job by hand at that moment: this one waits.
        Err(error) if is_second_run(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Ends runs for good whose process died at the last attempt: what kills whoever does it is not tried for ever.
/// Returns their jobs.
pub(super) async fn give_up(
    pool: &PgPool,
    jobs: &[&str],
    attempts_max: i32,
    now: DateTime<Utc>,
) -> Result<Vec<String>, sqlx::Error> {
    let rows = sqlx::query(
        "UPDATE jobs.runs \
         SET state = 'failed', finished_at = $3, holder = NULL, lease_until = NULL, fence = fence + 1, \
             error = 'the process died, for the last of ' || attempt || ' attempts' \
         WHERE job = ANY($1) AND state = 'running' AND lease_until < clock_timestamp() AND attempt >= $2 \
         RETURNING job",
    )
    .bind(jobs)
    .bind(attempts_max)
    .bind(now)
    .fetch_all(pool)
    .await?;
    rows.iter().map(|row| row.try_get("job")).collect()
}

/// The index that lets one run of a job be under way refused another.
pub(super) fn is_second_run(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| {
        error.kind() == ErrorKind::UniqueViolation && error.constraint() == Some("runs_one_at_a_time")
    })
}
