//! Consumers of public events.
//!
//! A consumer sees every public event once, in the order of positions. Its effects and its position move
//! in one transaction (`fanout.followers`): the position is its inbox, and whatever dies, an event has
//! had its effect exactly once. Effects that leave the database (a request, a mail) are queued as rows in
//! that transaction, and done from there.

mod batch;
mod commit;
mod follow;
mod gathering;
mod line;
mod listener;
mod metrics;
mod run;

use std::{pin::Pin, time::Duration};

use events::StreamKind;
use sqlx::PgConnection;

pub use batch::Batch;
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
    /// How long what comes is gathered after a batch, before the next one: the first event after a lull is taken at
    /// once. As long as whoever waits for its effects can bear; the longer, the less an event costs.
    pub pace: Duration,
    /// Whether an effect must outlive the database's crash once [`Consumer::handled`] knows of it.
    pub durability: Durability,
}

/// What a commit waits for. Effects and position are one transaction either way: what a crash of the database takes
/// back comes again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// For the disk: what is sent for these effects says which of them it is sent for, and must say the same again.
    Flushed,
    /// For nothing: whatever rests on these effects and is itself flushed flushes them before it.
    Derived,
}

/// What a consumer makes of public events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hearing {
    /// Something.
    All,
    /// Nothing, as far as it knows: unless inner events of the same stretch say otherwise.
    NobodyListens,
    /// Nothing ever: it takes inner events alone.
    InnerAlone,
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

    /// What it makes of the public events after that position; what it makes nothing of is not read.
    fn hearing(&self, _after: i64) -> Hearing {
        Hearing::All
    }

    /// False where it would make nothing of the batch: then its position moves, and nothing else happens.
    fn concerns(&self, batch: &Batch) -> bool {
        !batch.is_empty()
    }

    /// False where it would look nothing of the batch up in [`ConsumerIdentity::read_models`], and need not wait for
    /// them. Asked of what concerns it alone.
    fn leans_on_read_models(&self, _batch: &Batch) -> bool {
        !self.identity().read_models.is_empty()
    }

    /// Takes the batch into account, in the caller's transaction. An event that it can make nothing of is
    /// logged, counted and passed over: it must not stop what comes after it.
    ///
    /// # Errors
    /// Nothing was done; the same batch, or a longer one, comes again.
    fn handle_in_tx<'a>(&'a self, tx: &'a mut PgConnection, batch: &'a Batch) -> Handling<'a>;

    /// Told once the batch is committed, or passed over: whoever does its queued effects can be woken.
    fn handled(&self, _upto: i64) {}
}
