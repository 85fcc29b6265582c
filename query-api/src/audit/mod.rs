//! What auditors read: what happened, by whom, and how things stood at any time; seals and proofs; who got to see what.
//!
//! The rest of this crate serves read models. What is asked here only the log can answer, so this folder alone
//! reads it, and reads nothing that the log does not say: names of organisations apart, which are those of today. That
//! somebody looked is itself on record.

pub(crate) mod access;
mod access_rows;
pub(crate) mod as_of;
pub(crate) mod events;
mod export;
mod filter;
mod metrics;
mod names;
pub(crate) mod proofs;
pub(crate) mod seals;
pub(crate) mod story;
mod story_text;
pub(crate) mod streams;
mod tracing;
pub(crate) mod verify;
pub(crate) mod views;
mod who;
mod words;

use ::events::values::Role;
use platform::{access_log::Kind, error::ApiError};
use serde_json::Value;
use uuid::Uuid;

use crate::{access::sees_everything, reader::Reader};
pub(crate) use export::Exports;
pub(crate) use metrics::describe as describe_metrics;
pub(crate) use story::STORIES_MAX;
pub use words::in_words;
pub(crate) use words::unit_word;

/// 403 for everybody but `ADMIN` and `AUDITOR`: that there is a log is no secret, what is in it is.
pub(crate) fn expect_auditor(role: Role) -> Result<(), ApiError> {
    if sees_everything(role) {
        return Ok(());
    }
    Err(ApiError::forbidden("auditor_only", "Only an auditor or an administrator may see this."))
}

/// Puts on record that the caller was shown history: of what, and which part of it.
async fn looked_at(
    reader: &Reader,
    what: &'static str,
    id: impl Into<Option<Uuid>>,
    told: Value,
) -> Result<(), ApiError> {
    reader.record(reader.access(Kind::HISTORY_READ).of(what, id).with(told)).await
}
