//! The committer: one task per process that turns submissions into appends, a batch at a time.
//!
//! Whatever waits in the queue is decided together, one command after another on working copies (a
//! refused one harms no other), and appended in one statement. There is no timer: a lone command is a
//! batch of one. While one batch is on its way, the next gathers and is decided on what that one will
//! leave (`pipeline`); it is sent when that one has landed, or decided anew if it did not (`batch`).
//!
//! Invariants, and what keeps them:
//! - *A decision rests on what is true at its commit.* The append succeeds only if the log's head is
//!   exactly where the batch was decided ([`events::log::append`]); if another process wrote first,
//!   the batch locks the head, takes on what was written, and decides again. This holds for
//!   everything read, not only for what is written. What was decided on an append that failed is
//!   never sent: a head at the expected position proves nothing about what is before it.
//! - *An acknowledged command is in the log.* Answers are sent after the commit.
//! - *Nothing happens twice.* Answers to keyed commands commit with their events; after a connection
//!   died at the commit, the log is fenced and looked into before anything is said or tried again.
//! - *A refused command changes nothing.* Its unit is dropped.
//! - *Nothing about a person is recorded plain.* `sealing` seals it before it is queued, and `decide` fails a
//!   command whose events hold any that is not, but for what stood plain before there were keys.
//! - *What is sealed can be opened until it is erased.* `standing` holds against the table, as it is at the
//!   commit, the keys that a command was sealed with: what rests on another is not recorded.

mod batch;
mod cache;
mod draft;
mod flight;
mod lookups;
mod metrics;
mod pipeline;
mod sealing;
mod session;
mod standing;

use std::{sync::Arc, time::Duration};

use events::log::{FeedWindow, IdempotencyKey};
use platform::{
    clock::{Clock, Ids},
    personal::{PersonalKeys, Vault},
};
use sqlx::postgres::PgConnectOptions;
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::JoinHandle,
};
use uuid::Uuid;

use crate::domain::{Caller, Command, refusal::Refusal};

/// How many submissions wait at most; beyond that the caller is told to come back.
pub const QUEUE_MAX: usize = 2048;
/// How many submissions are decided together at most.
pub const BATCH_MAX: usize = 256;
/// How long a batch is tried again before its callers are told that it did not work.
pub const BATCH_PATIENCE: Duration = Duration::from_secs(15);

/// A command on its way to the log.
pub struct Submission {
    /// What is asked for.
    pub command: Box<dyn Command>,
    /// Who asks.
    pub caller: Caller,
    /// The client's key and the hash of its request.
    pub key: Option<RequestKey>,
    /// Of this command; its events carry it.
    pub command_id: Uuid,
    /// Canonical JSON of [`events::envelope::Metadata`].
    pub metadata: String,
}

/// An idempotency key, and what it was first used for.
#[derive(Clone, Debug)]
pub struct RequestKey {
    /// Scope and key.
    pub key: IdempotencyKey,
    /// SHA-256 of the canonical request.
    pub request_hash: [u8; 32],
}

/// What became of an accepted command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// HTTP status.
    pub status: u16,
    /// JSON.
    pub body: String,
    /// The resource's revision.
    pub revision: Option<i64>,
    /// The log's position as the command left it.
    pub position: i64,
    /// The answer is an earlier one, of the same key and request.
    pub replayed: bool,
}

/// Why there is no outcome.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// Refused; nothing changed.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The key was used for another request; nothing changed.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// Too many wait; nothing changed.
    #[error("too many commands are waiting")]
    QueueFull,
    /// The database could not be reached in time; nothing changed.
    #[error("the log could not be reached")]
    Unavailable,
    /// The database went away at the commit and did not come back in time: whether the command
    /// happened is not known. The same request with the same key tells.
    #[error("the outcome is not known")]
    OutcomeUnknown,
    /// What it was prepared on before it was queued has changed meanwhile: the keys that it is sealed with, or the
    /// contacts that it looked through. Nothing changed; made anew, the same request will do.
    #[error("what the command was prepared on has changed meanwhile")]
    Outdated,
    /// The process is stopping; nothing changed.
    #[error("the process is stopping")]
    Stopping,
    /// A fault of this program or of its log, already logged; nothing changed.
    #[error("internal fault")]
    Internal,
}

/// A submission with the way back to its caller.
struct Queued {
    submission: Submission,
    /// What its texts about people are sealed with.
    sealed_with: Vec<sealing::SealedWith>,
    reply: oneshot::Sender<Result<Outcome, SubmitError>>,
}

/// The way into the log; clones share one queue.
#[derive(Clone)]
pub struct Committer {
    queue: mpsc::Sender<Queued>,
    head: watch::Receiver<i64>,
    feed: FeedWindow,
    personal: PersonalKeys,
}

impl Committer {
    /// Starts the task. It ends once every clone is dropped and the queue is empty, so a stopping
    /// process finishes what it accepted.
    ///
    /// `vault` wraps the keys of people.
    pub fn start(
        database: PgConnectOptions,
        vault: Arc<Vault>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
    ) -> (Self, JoinHandle<()>) {
        metrics::describe();
        let (queue, submissions) = mpsc::channel(QUEUE_MAX);
        let (head_sender, head) = watch::channel(0);
        let personal = PersonalKeys::connecting(database.clone(), vault);
        let look_ups = session::LookUps::new(database.clone());
        let session = session::Session::new(database);
        let told = batch::Told { head: head_sender, feed: FeedWindow::default() };
        let feed = told.feed.clone();
        let task = tokio::spawn(pipeline::run(submissions, session, look_ups, clock, ids, told));
        (Self { queue, head, feed, personal }, task)
    }

    /// Seals what the command says of people, submits, and waits for the answer.
    ///
    /// # Errors
    /// [`SubmitError`]; in all cases but [`SubmitError::OutcomeUnknown`] nothing changed.
    pub async fn submit(&self, mut submission: Submission) -> Result<Outcome, SubmitError> {
        let sealed_with = sealing::seal(&self.personal, submission.command.as_mut()).await?;
        let (reply, answer) = oneshot::channel();
        self.queue.try_send(Queued { submission, sealed_with, reply }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => SubmitError::QueueFull,
            mpsc::error::TrySendError::Closed(_) => SubmitError::Stopping,
        })?;
        answer.await.unwrap_or(Err(SubmitError::OutcomeUnknown))
    }

    /// The keys of people: what opens the answers.
    pub fn personal(&self) -> &PersonalKeys {
        &self.personal
    }

    /// The log's head as this process last moved it: wakes projections without asking the database.
    pub fn head(&self) -> watch::Receiver<i64> {
        self.head.clone()
    }

    /// The newest events, once anybody follows by it: what this process records is in it before [`Self::head`] says so.
    pub fn feed(&self) -> FeedWindow {
        self.feed.clone()
    }
}
