//! The secret of a key: made here, shown by one answer, and kept nowhere.
//!
//! The command brings its hash, which the append writes with the event; the log and the stored answer of an
//! `Idempotency-Key` have neither. So a repeated request gets the answer of then without the key, and a rotation makes
//! another one.

use platform::{access_log::Kind, auth::NewApiKey, error::ApiError};
use serde::Serialize;
use uuid::Uuid;

use crate::{
    domain::Command,
    http::{
        state::CommandState,
        submission::{Accepted, Asked},
    },
};

/// Submits a command that gives a key a secret, and shows the whole key in the answer.
pub(super) async fn submit_with_key<C: Command>(
    asked: Asked,
    state: &CommandState,
    body: &impl Serialize,
    key_id: Uuid,
    command: impl FnOnce([u8; 32]) -> C,
) -> Result<Accepted, ApiError> {
    let key = NewApiKey::generate(key_id);
    let reading = asked.access(Kind::SECRET_READ).of("api_key", key_id);
    let accepted = asked.submit(state, body, command(key.hash)).await?;
    if accepted.is_replayed() {
        // What was made just now is nobody's: the log has the secret of the earlier request.
        return Ok(accepted);
    }
    // No secret is shown whose showing is not on record. The key is in the log by now, so that is no error.
    match state.access_log.record(reading).await {
        Ok(()) => Ok(accepted.with_secret("key", key.text)),
        Err(error) => {
            tracing::error!(%error, "an API key is not shown, for that cannot be recorded");
            Ok(accepted)
        }
    }
}
