//! A job, and one run of it.

use std::{pin::Pin, sync::Arc};

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::Surroundings;

/// A run under way.
pub type Running<'a> = Pin<Box<dyn Future<Output = Result<Done, JobError>> + Send + 'a>>;

/// What is done by the clock.
pub trait Job: Send + Sync + 'static {
    /// Its name in `jobs.runs`, metrics and on the command line; never changes.
    fn name(&self) -> &'static str;

    /// When, as a cron expression of five fields in the time of Stockholm.
    fn cron(&self) -> &'static str;

    /// Does it, for the time that the run is of. A run that was cut short is done again, from its checkpoint: what it
    /// does a second time must change nothing.
    fn run<'a>(&'a self, run: &'a Run) -> Running<'a>;
}

/// One run of a job: the time that it is of, and what was done of it.
pub struct Run {
    /// Of this run alone; the same when it is taken up again.
    pub run_id: Uuid,
    /// The time that it is of. What a job does depends on this, not on when it comes to do it.
    pub scheduled_for: DateTime<Utc>,
    /// What an earlier process left of it, by [`Run::save_in_tx`].
    pub checkpoint: Option<Value>,
    /// Cancelled when the process is to end, or the run is no longer this process's.
    pub stop: CancellationToken,
    /// What it stands on.
    pub surroundings: Surroundings,
    /// Whoever keeps the record.
    pub record: Arc<dyn Record>,
}

/// Done so far, of how much.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// So many.
    pub done: u64,
    /// Of so many, where that is known.
    pub total: Option<u64>,
}

/// What a run came to: names and numbers, for its record and whoever reads it.
pub type Done = serde_json::Map<String, Value>;

/// The run is another process's by now: nothing more may be done of it here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("another process has taken the run over")]
pub struct Lost;

/// Why a run came to nothing; what it had saved stays.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// It was asked to stop.
    #[error("stopped")]
    Stopped,
    /// See there.
    #[error(transparent)]
    Lost(#[from] Lost),
    /// The database.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// Anything else, in words.
    #[error("{0}")]
    Failed(String),
}

/// A check, or a save, under way.
pub type Recording<'a> = Pin<Box<dyn Future<Output = Result<(), JobError>> + Send + 'a>>;

/// The record of a run; the scheduler's, so that what runs by hand is on record as well.
pub trait Record: Send + Sync + 'static {
    /// Saves what is done, in the transaction that does it, and holds the run's row until it ends: a process that
    /// was paused, and whose run another has taken over, commits nothing.
    fn save_in_tx<'a>(
        &'a self,
        tx: &'a mut PgConnection,
        checkpoint: Option<&'a Value>,
        tally: Tally,
    ) -> Recording<'a>;
}

impl Run {
    /// Saves what is done in the caller's transaction, which does it; see [`Record::save_in_tx`].
    ///
    /// # Errors
    /// [`JobError::Lost`]: nothing of the transaction may be committed.
    pub async fn save_in_tx(
        &self,
        tx: &mut PgConnection,
        checkpoint: Option<&Value>,
        tally: Tally,
    ) -> Result<(), JobError> {
        self.record.save_in_tx(tx, checkpoint, tally).await
    }

    /// Ends the run where the process is to end.
    ///
    /// # Errors
    /// [`JobError::Stopped`].
    pub fn expect_going_on(&self) -> Result<(), JobError> {
        if self.stop.is_cancelled() { Err(JobError::Stopped) } else { Ok(()) }
    }
}
