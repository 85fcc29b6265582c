//! The log: append, load, feed.
//!
//! Promises:
//! - Positions are dense and in commit order. [`append`] moves the head row and inserts in one
//!   statement, and the row stays locked until commit; so a reader that has seen N has seen every
//!   event up to N, and no reader ever looks for gaps.
//! - All of an [`Append`] is recorded, or nothing of it.
//! - An append succeeds only if the head is exactly where its decisions saw it. Whatever they read,
//!   in whichever stream, is therefore still true at its commit; nothing can be overlooked.
//! - An event never changes: grants and a trigger refuse it.
//! - Where old events are in files, whoever would need them gets an error that names them, never a shorter history.

mod api_keys;
mod append;
mod archived;
mod check;
mod claims;
mod claims_of_log;
mod copy;
mod feed;
mod head;
mod history;
mod idempotency;
mod partitions;
mod streams;
mod window;
mod window_memory;
mod within;

pub use api_keys::{ApiKeyChanges, ApiKeyRow};
pub use append::{Append, NewPersonKey, StateSnapshot, append, contains_event};
pub use archived::{ArchivedRange, archived, archived_between, expect_events};
pub use check::check_log;
pub use claims::{Claim, ClaimChange, holders_of};
pub use claims_of_log::ClaimsOfLog;
pub use copy::copy_events;
pub(crate) use copy::{Row, Unreadable, copy_rows};
pub use feed::{FeedBatch, position_at, read_feed, read_whole_feed};
pub use head::{Head, fence, lock_head, read_head};
pub(crate) use history::read_routed;
pub use history::{EventFilter, count_stream, read_hashes, read_stream_part, read_stretch, time_of};
pub use idempotency::{IdempotencyKey, StoredAnswer, find_answers, forget_answers_before};
pub use partitions::{is_without_partition, make_partitions};
pub use streams::{StreamHistory, load_streams, read_origins, read_stream};
pub use window::{FeedWindow, SharedStretch, WindowBounds};
pub use within::{Allowance, read_beside, read_stream_within};

/// Whether doing the same again can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// Another writer was there first, or the database asks for it: nothing happened, do it again.
    Now,
    /// The connection is gone: what was under way may or may not have happened.
    OutcomeUnknown,
    /// It will fail again.
    Never,
}

/// What a failed statement means for its caller.
pub fn retry_of(error: &sqlx::Error) -> Retry {
    let Some(database) = error.as_database_error() else {
        return match error {
            sqlx::Error::Io(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::WorkerCrashed => Retry::OutcomeUnknown,
            // No connection was had, so nothing was sent.
            sqlx::Error::PoolTimedOut => Retry::Now,
            _ => Retry::Never,
        };
    };
    match database.code().as_deref() {
        // Made by then, see `make_partitions`.
        Some("23514") if is_without_partition(error) => Retry::Now,
        // unique violation: another instance wrote the stream or the key; serialisation failure;
        // deadlock; lock not available; insufficient resources
        Some("23505" | "40001" | "40P01" | "55P03" | "53000" | "53100" | "53200" | "53300") => Retry::Now,
        // admin shutdown, crash shutdown, cannot connect now, connection exceptions, idle-in-transaction
        Some("57P01" | "57P02" | "57P03" | "57P05" | "25P03") => Retry::OutcomeUnknown,
        Some(code) if code.starts_with("08") => Retry::OutcomeUnknown,
        _ => Retry::Never,
    }
}
