//! The access log: who got to see what, who logged in, who was refused. Rows of `audit.access_log`.
//!
//! What changes something is an event already, with its actor and request, and is not written here a second
//! time. What is written here leaves no other trace, so the kind of an access decides how surely it is kept
//! ([`Keeping`]): a secret, an export and personal data are shown only once the row is committed; the rest is
//! queued, and written a moment later by one task per process, in batches.
//!
//! [`AccessLog::record`] is the one way in.

mod access;
mod bound;
mod email_mark;
mod metrics;
mod origin;
mod retention;
mod writer;

use std::sync::{Arc, Mutex, PoisonError};

use secrecy::SecretString;
use sqlx::PgPool;
use thiserror::Error;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use self::{
    access::Row,
    bound::{Bound, Source},
    email_mark::EmailMarks,
};
pub use self::{
    access::{Access, Keeping, Kind, Outcome, Who},
    origin::{PeerAddress, RequestOrigin},
    retention::keep_retention,
    writer::AccessWriter,
};
pub(crate) use self::{metrics::describe as describe_metrics, origin::user_agent};
use crate::{clock::Clock, error::ApiError};

/// Rows that wait for the writer at most; beyond it they are dropped, counted and logged.
const QUEUE_ROWS_MAX: usize = 8_192;

/// The way into the access log; cheap to clone.
#[derive(Clone)]
pub struct AccessLog(Arc<Inner>);

struct Inner {
    pool: PgPool,
    clock: Arc<dyn Clock>,
    marks: EmailMarks,
    queue: Sender<Row>,
    bound: Arc<Mutex<Bound>>,
}

/// The row could not be written, so what it tells of must not happen.
#[derive(Debug, Error)]
#[error("the access log cannot be written")]
pub struct NotRecorded(#[from] sqlx::Error);

impl From<NotRecorded> for ApiError {
    fn from(failure: NotRecorded) -> Self {
        tracing::error!(cause = %failure.0, "an access is refused, for it cannot be recorded");
        let message = "This is shown only once it is recorded who asked for it; try again.";
        Self::unavailable("access_log_unavailable", message, 1)
    }
}

impl AccessLog {
    /// A log on `pool`, which must be allowed to insert into `audit.access_log`, and the writer of what is
    /// queued, which somebody has to run. `secret` keys the hashes of addresses that failed to log in.
    pub fn new(pool: PgPool, clock: Arc<dyn Clock>, secret: &SecretString) -> (Self, AccessWriter) {
        let (queue, waiting): (Sender<Row>, Receiver<Row>) = channel(QUEUE_ROWS_MAX);
        let bound = Arc::new(Mutex::new(Bound::default()));
        let writer = AccessWriter::new(pool.clone(), Arc::clone(&clock), waiting, Arc::clone(&bound));
        let marks = EmailMarks::derive(secret);
        (Self(Arc::new(Inner { pool, clock, marks, queue, bound })), writer)
    }

    /// Records an access, as surely as its kind asks.
    ///
    /// Returns once the row is committed where the kind is [`Keeping::BeforeTheAnswer`], else at once.
    ///
    /// # Errors
    /// The row could not be written; only of kinds that are kept before the answer.
    pub async fn record(&self, access: Access) -> Result<(), NotRecorded> {
        if access.kind.keeping() == Keeping::BeforeTheAnswer {
            let row = access.into_row(self.0.clock.now());
            writer::write(&self.0.pool, std::slice::from_ref(&row)).await?;
        } else {
            self.record_soon(access);
        }
        Ok(())
    }

    /// Queues an access of a kind that may be queued.
    pub(crate) fn record_soon(&self, access: Access) {
        let (kind, source) = (access.kind, Source::of(&access));
        let row = access.into_row(self.0.clock.now());
        // Anybody can cause these without being known: without a bound they could fill the disk.
        if kind.keeping() == Keeping::SoonAndBounded && !self.bound().takes(&source, row.at) {
            return;
        }
        self.enqueue(row);
    }

    /// A mark of an e-mail address that is the same for the same address, and cannot be turned back: what an
    /// address that failed to log in is told apart by.
    pub fn email_mark(&self, email: &str) -> String {
        self.0.marks.of(email)
    }

    fn enqueue(&self, row: Row) {
        let kind = row.kind;
        if self.0.queue.try_send(row).is_err() {
            metrics::dropped(kind, 1);
            tracing::error!(kind, "the access log's queue is full or its writer has ended: a row is dropped");
        }
    }

    fn bound(&self) -> std::sync::MutexGuard<'_, Bound> {
        // Counters alone are behind the lock: whoever panicked with it has left them usable.
        self.0.bound.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for AccessLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AccessLog(…)")
    }
}
