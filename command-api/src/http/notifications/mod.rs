//! What people are told, and how: their inbox, their choices, their devices.
//!
//! Choices are facts and go through the log. What was read, and which devices there are, are rows: nobody
//! will ever ask for their history, and a token that is gone must be gone.

mod keyed_rows;
mod language;
pub(crate) mod mark_all_read;
pub(crate) mod mark_read;
pub(crate) mod register_device;
pub(crate) mod remove_device;
pub(crate) mod set_preferences;
pub(crate) mod unsubscribe;
mod unsubscribe_page;

use events::{
    log::{Retry, retry_of},
    values::AccountId,
};
use platform::error::ApiError;

use super::submission::Asked;

/// Why a row could not be read or written, though the request was right.
#[derive(Debug, thiserror::Error)]
enum RowFault {
    /// The database refused or does not answer.
    #[error("notifications cannot be read or written")]
    Database(#[from] sqlx::Error),
    /// The account's stream holds what this version cannot read.
    #[error("an account cannot be read")]
    Account(#[from] events::fold::UnreadableEvent),
}

impl From<RowFault> for ApiError {
    fn from(fault: RowFault) -> Self {
        match &fault {
            RowFault::Database(error) if retry_of(error) != Retry::Never => {
                tracing::warn!(%error, "notifications: database not reachable");
                Self::unavailable("database_unavailable", "The database does not answer; try again.", 1)
            }
            _ => Self::internal(&fault),
        }
    }
}

/// Who asks; nobody touches anything here but their own.
fn own_account(asked: &Asked) -> AccountId {
    asked.caller.account_id().expect("a request is made by an account")
}
