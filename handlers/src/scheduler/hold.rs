//! One run in one process's hands: what is written to its row, and under which fence.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{PgPool, Row as _, postgres::PgRow};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::job::{Done, JobError, Lost, Record, Recording, Tally};

/// A transaction that has saved and then says nothing for so long is ended by Postgres: whoever takes the run over
/// waits for its row.
const IDLE_IN_TRANSACTION: &str = "30s";

/// A run that was begun, as its row has it.
#[derive(Clone, Debug)]
pub(super) struct Begun {
    pub(super) job: String,
    pub(super) run_id: Uuid,
    pub(super) scheduled_for: DateTime<Utc>,
    pub(super) attempt: i32,
    pub(super) fence: i64,
    pub(super) checkpoint: Option<Value>,
    pub(super) tally: Tally,
}

impl Begun {
    pub(super) fn try_from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            job: row.try_get("job")?,
            run_id: row.try_get("run_id")?,
            scheduled_for: row.try_get("scheduled_for")?,
            attempt: row.try_get("attempt")?,
            fence: row.try_get("fence")?,
            checkpoint: row.try_get("checkpoint")?,
            tally: Tally {
                done: row.try_get::<i64, _>("done")?.unsigned_abs(),
                total: row.try_get::<Option<i64>, _>("total")?.map(i64::unsigned_abs),
            },
        })
    }
}

/// A run as this process holds it. Every write names holder and fence: what a process that was paused still had under
/// way changes nothing once another has the run.
#[derive(Clone)]
pub(super) struct Hold {
    pub(super) pool: PgPool,
    pub(super) run_id: Uuid,
    pub(super) holder: Uuid,
    pub(super) fence: i64,
    pub(super) lease: Duration,
    /// Cancelled when the run is found to be another's.
    pub(super) stop: CancellationToken,
    /// How far it is, for whoever looks on in this process.
    pub(super) progress: watch::Sender<Tally>,
}

impl Record for Hold {
    fn save_in_tx<'a>(
        &'a self,
        tx: &'a mut sqlx::PgConnection,
        checkpoint: Option<&'a Value>,
        tally: Tally,
    ) -> Recording<'a> {
        Box::pin(async move {
            // Holds the row until the transaction ends: a takeover waits for it, and if it came before, holder and
            // fence are no longer these. The setting lasts for the transaction, so it is safe behind a pooler.
            let saved = sqlx::query(
                "UPDATE jobs.runs \
                 SET checkpoint = COALESCE($4, checkpoint), done = $5, total = $6, \
                     lease_until = clock_timestamp() + $7 \
                 WHERE run_id = $1 AND holder = $2 AND fence = $3 AND state = 'running' \
                 RETURNING set_config('idle_in_transaction_session_timeout', $8, true)",
            )
            .bind(self.run_id)
            .bind(self.holder)
            .bind(self.fence)
            .bind(checkpoint)
            .bind(i64::try_from(tally.done).unwrap_or(i64::MAX))
            .bind(tally.total.map(|total| i64::try_from(total).unwrap_or(i64::MAX)))
            .bind(self.lease)
            .bind(IDLE_IN_TRANSACTION)
            .fetch_all(tx)
            .await?;
            if saved.len() != 1 {
                self.stop.cancel();
                return Err(JobError::Lost(Lost));
            }
            self.progress.send_replace(tally);
            Ok(())
        })
    }
}

/// How a run leaves its holder's hands.
#[derive(Clone, Debug)]
pub(super) enum Leaving {
    Succeeded(Done),
    /// For good.
    Failed(String),
    /// To be tried again after that long.
    Retrying(String, Duration),
    /// The process ends in order; the attempt does not count.
    GivenBack,
    /// For good: whoever ran it by hand asked it to stop.
    StoppedByHand,
}

impl Hold {
    /// Holds on; false once the run is another's.
    pub(super) async fn renew(&self) -> Result<bool, sqlx::Error> {
        let renewed = sqlx::query(
            "UPDATE jobs.runs SET lease_until = clock_timestamp() + $4 \
             WHERE run_id = $1 AND holder = $2 AND fence = $3 AND state = 'running'",
        )
        .bind(self.run_id)
        .bind(self.holder)
        .bind(self.fence)
        .bind(self.lease)
        .execute(&self.pool)
        .await?;
        Ok(renewed.rows_affected() == 1)
    }

    /// Writes what became of it; false if it is another's by now, which then says what became of it.
    pub(super) async fn leave(&self, leaving: &Leaving, now: DateTime<Utc>) -> Result<bool, sqlx::Error> {
        let (state, outcome, error, wait) = match leaving {
            Leaving::Succeeded(outcome) => ("succeeded", Some(Value::Object(outcome.clone())), None, None),
            Leaving::Failed(error) => ("failed", None, Some(error.as_str()), None),
            Leaving::Retrying(error, wait) => ("queued", None, Some(error.as_str()), Some(*wait)),
            Leaving::GivenBack => ("queued", None, None, None),
            Leaving::StoppedByHand => ("failed", None, Some("stopped by hand"), None),
        };
        let uncounted = i32::from(matches!(leaving, Leaving::GivenBack));
        let ended = (state != "queued").then_some(now);
        let left = sqlx::query(
            "UPDATE jobs.runs \
             SET state = $4, outcome = $5, error = $6, not_before = clock_timestamp() + $7, finished_at = $8, \
                 attempt = attempt - $9, holder = NULL, lease_until = NULL \
             WHERE run_id = $1 AND holder = $2 AND fence = $3 AND state = 'running'",
        )
        .bind(self.run_id)
        .bind(self.holder)
        .bind(self.fence)
        .bind(state)
        .bind(outcome)
        .bind(error)
        .bind(wait)
        .bind(ended)
        .bind(uncounted)
        .execute(&self.pool)
        .await?;
        Ok(left.rows_affected() == 1)
    }
}
