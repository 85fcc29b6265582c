//! Why a command on an endpoint failed although the request was right.

use events::log::{Retry, archived, retry_of};
use platform::error::ApiError;

/// What is looked up or stored beside the log cannot be.
#[derive(Debug, thiserror::Error)]
#[error("secrets, deliveries or the log's end cannot be read or written")]
pub(super) struct LookUpFailure(#[from] sqlx::Error);

impl From<LookUpFailure> for ApiError {
    fn from(failure: LookUpFailure) -> Self {
        if let Some(said) = archived(&failure.0) {
            return Self::conflict("history_archived", said);
        }
        if retry_of(&failure.0) == Retry::Never {
            return Self::internal(&failure);
        }
        tracing::warn!(error = %failure.0, "webhook endpoints: database not reachable");
        Self::unavailable("database_unavailable", "The database does not answer; nothing changed.", 1)
    }
}
