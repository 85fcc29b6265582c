//! Consumers of public events.
//!
//! A consumer sees every public event once, in the order of positions. Its effects and its position move
//! in one transaction (`fanout.followers`): the position is its inbox, and whatever dies, an event has
//! had its effect exactly once. Effects that leave the database (a request, a mail) are queued as rows in
//! that transaction, and done from there.

mod commit;
mod follow;
mod line;
mod listener;
mod metrics;
mod run;

use std::pin::Pin;

use chrono::{DateTime, Utc};
use events::{RecordedEvent, StreamKind, public::PublicEvent};
use sqlx::PgConnection;

pub use run::{Settings, run, run_with};

/// Where a consumer begins that has never run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// With the first event of the log.
    Origin,
    /// With what happens from now on: nobody wants mail about last year.
    Head,
}

/// What is fixed about a consumer.
#[derive(Debug)]
pub struct ConsumerIdentity {
    /// Its name in `fanout.followers`; never changes.
    pub name: &'static str,
    /// Where it begins.
    pub start: Start,
    /// Read models that it looks things up in, by their names in `read.checkpoints`: it goes only as far as
    /// all of them have.
    pub read_models: &'static [&'static str],
    /// Kinds of streams whose inner events it is given, too, from the log.
    pub inner_kinds: &'static [StreamKind],
}

/// What happened between two positions.
#[derive(Debug)]
pub struct Batch {
    /// What was handled before, up to here.
    pub after: i64,
    /// All up to here is in this batch.
    pub upto: i64,
    /// Public events, in the order of positions.
    pub public: Vec<PublicEvent>,
    /// Inner events of [`ConsumerIdentity::inner_kinds`], in the order of positions.
    pub inner: Vec<RecordedEvent>,
    /// When it is handled.
    pub now: DateTime<Utc>,
}

/// A consumer at work.
pub type Handling<'a> = Pin<Box<dyn Future<Output = Result<(), HandleError>> + Send + 'a>>;

/// Why a batch was not handled; it is tried again, until it is.
#[derive(Debug, thiserror::Error)]
pub enum HandleError {
    /// The database.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// What the database holds is not what this program writes.
    #[error("{0}")]
    Corrupt(String),
}

/// What reacts to public events.
pub trait Consumer: Send + Sync + 'static {
    /// Who it is.
    fn identity(&self) -> &'static ConsumerIdentity;

    /// Takes the batch into account, in the caller's transaction. An event that it can make nothing of is
    /// logged, counted and passed over: it must not stop what comes after it.
    ///
    /// # Errors
    /// Nothing was done; the same batch, or a longer one, comes again.
    fn handle_in_tx<'a>(&'a self, tx: &'a mut PgConnection, batch: &'a Batch) -> Handling<'a>;

    /// Told once the batch is committed: whoever does its queued effects can be woken.
    fn handled(&self, _upto: i64) {}
}
