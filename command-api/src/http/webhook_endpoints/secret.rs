//! Signing secrets: sealed before the command that names them, shown by its answer.
//!
//! The log and the stored answer hold only a secret's id. Its row is written first: should the process
//! die in between, a secret is left that no stream names, and that signs nothing. The other way round, an
//! endpoint would be left that nothing can be signed for.
//!
//! Once the command is in the log, nothing makes its answer an error: who read "nothing changed" would go on
//! verifying with a secret that no longer signs.

use events::webhook_endpoint::seal_about;
use platform::{
    access_log::{Access, Kind},
    error::ApiError,
    seal::CannotOpen,
    secrets::OpenError,
    signing_secret::SigningSecret,
};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use uuid::Uuid;

use super::failure::LookUpFailure;
use crate::{
    domain::Command,
    http::{
        state::CommandState,
        submission::{Accepted, Asked},
    },
};

/// What an answer tells of the endpoint's secrets.
#[derive(Deserialize)]
struct Told {
    id: Uuid,
    signing_secrets: Vec<ToldSecret>,
}

#[derive(Deserialize)]
struct ToldSecret {
    secret_id: Uuid,
}

/// Submits a command that gives an endpoint a new secret, and shows that secret in the answer.
///
/// A repeated `Idempotency-Key` gets the answer it got then, with the secret of then while it can be read.
pub(super) async fn submit_with_secret<C: Command>(
    asked: Asked,
    state: &CommandState,
    body: &impl Serialize,
    endpoint_id: Uuid,
    command: impl FnOnce(Uuid) -> C,
) -> Result<Accepted, ApiError> {
    let (secret_id, secret) = (state.ids.next(), SigningSecret::generate());
    store(state, endpoint_id, secret_id, &secret).await?;
    let reading = asked.access(Kind::SECRET_READ);
    let accepted = match asked.submit(state, body, command(secret_id)).await {
        Ok(accepted) => accepted,
        Err(refused) => {
            // If nobody knows whether it happened, the log may name this secret.
            if refused.code() != "outcome_unknown" {
                forget(state, secret_id).await;
            }
            return Err(refused);
        }
    };
    let told =
        accepted.read::<Told>().and_then(|told| Some((told.id, told.signing_secrets.first()?.secret_id)));
    let Some((endpoint_id, current)) = told else { return Ok(accepted) };
    if current == secret_id {
        // Shown from memory, not read back.
        return Ok(show(state, accepted, reading.of("webhook_endpoint", endpoint_id), secret.to_text()).await);
    }
    // The answer is an earlier request's.
    forget(state, secret_id).await;
    Ok(match open(state, endpoint_id, current).await {
        Some(secret) => show(state, accepted, reading.of("webhook_endpoint", endpoint_id), secret).await,
        None => accepted,
    })
}

/// No secret is shown whose showing is not on record: the answer is then without it, and a rotation makes
/// another one.
async fn show(state: &CommandState, accepted: Accepted, reading: Access, secret: SecretString) -> Accepted {
    match state.access_log.record(reading).await {
        Ok(()) => accepted.with_secret("secret", secret),
        Err(error) => {
            tracing::error!(%error, "a signing secret is not shown, for that cannot be recorded");
            accepted
        }
    }
}

async fn store(
    state: &CommandState,
    endpoint_id: Uuid,
    secret_id: Uuid,
    secret: &SigningSecret,
) -> Result<(), LookUpFailure> {
    let sealed = state.seal.seal(secret.expose_bytes(), &seal_about(endpoint_id, secret_id));
    let sql =
        "INSERT INTO webhooks.secrets (secret_id, endpoint_id, sealed, created_at) VALUES ($1, $2, $3, $4)";
    let query = sqlx::query(sql).bind(secret_id).bind(endpoint_id).bind(sealed).bind(state.clock.now());
    let written = query.execute(&state.pool).await?.rows_affected();
    if written == 1 { Ok(()) } else { Err(sqlx::Error::RowNotFound.into()) }
}

/// Deletes a secret that no stream names. If that fails it stays, and signs nothing: the caller's answer
/// does not depend on it.
async fn forget(state: &CommandState, secret_id: Uuid) {
    let deleted = sqlx::query("DELETE FROM webhooks.secrets WHERE secret_id = $1").bind(secret_id);
    if let Err(error) = deleted.execute(&state.pool).await {
        tracing::warn!(%error, %secret_id, "an unused signing secret could not be deleted");
    }
}

/// The secret's text; `None` where the endpoint was deleted since, where its data key cannot be had, or where the
/// database does not answer: a rotation makes a secret anew.
async fn open(state: &CommandState, endpoint_id: Uuid, secret_id: Uuid) -> Option<SecretString> {
    let sealed = match sealed(&state.pool, secret_id).await {
        Ok(sealed) => sealed?,
        Err(error) => {
            tracing::warn!(%error, %secret_id, "a signing secret cannot be read to be shown again");
            return None;
        }
    };
    let opened =
        state.seal.open_sealed(&sealed, &seal_about(endpoint_id, secret_id)).await.and_then(|plain| {
            Ok(SigningSecret::try_from_bytes(plain.expose_secret()).map_err(|_| CannotOpen)?)
        });
    match opened {
        Ok(secret) => Some(secret.to_text()),
        Err(error @ OpenError::NotNow(_)) => {
            tracing::warn!(%error, %secret_id, "a signing secret cannot be shown at present");
            None
        }
        Err(error) => {
            tracing::error!(%error, %secret_id, "a signing secret cannot be shown");
            None
        }
    }
}

async fn sealed(pool: &PgPool, secret_id: Uuid) -> Result<Option<Vec<u8>>, sqlx::Error> {
    let sql = "SELECT sealed FROM webhooks.secrets WHERE secret_id = $1";
    sqlx::query_scalar(sql).bind(secret_id).fetch_optional(pool).await
}
