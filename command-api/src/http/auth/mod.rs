//! Logins of the local identity provider: a password becomes a session, a session becomes access tokens. And what other
//! providers tell of theirs.
//!
//! The routes of the local provider exist only with `AUTH_PROVIDER=local`; other providers log in elsewhere.

mod account;
pub(crate) mod clerk;
mod family;
pub(crate) mod login;
pub(crate) mod logout;
mod provider;
pub(crate) mod refresh;
mod secret;

use axum::{http::StatusCode, response::Response};
use platform::{auth::Identity, body::Json, error::ApiError};
use secrecy::ExposeSecret;
use serde::Serialize;
use utoipa::ToSchema;

use self::family::NewToken;
pub use self::provider::LocalLogin;
use super::state::CommandState;

/// What a login or refresh gives.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "access_token": "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.…", "token_type": "Bearer", "expires_in": 900,
    "refresh_token": "pXW2mZ0n8bq0c9JtT4v1yQ7f3kLr6sHd5aGeUiOoPzM"
}))]
pub(crate) struct Tokens {
    /// For the header `Authorization: Bearer …`.
    access_token: String,
    /// `Bearer`.
    token_type: &'static str,
    /// Seconds until the access token lapses.
    expires_in: u64,
    /// For one call of `/auth/refresh`, within 7 days.
    refresh_token: String,
}

/// The provider; without one the router has no such routes.
fn provider(state: &CommandState) -> Result<&LocalLogin, ApiError> {
    state.local.as_deref().ok_or_else(|| ApiError::not_found("route_not_found", "There is no such route."))
}

fn tokens(state: &CommandState, identity: &Identity, refresh: &NewToken) -> Result<Response, ApiError> {
    use axum::response::IntoResponse;
    let (access_token, expires_in) = provider(state)?.access_token(identity, state.clock.now());
    let refresh_token = refresh.token.expose_secret().to_owned();
    let body = Tokens { access_token, token_type: "Bearer", expires_in, refresh_token };
    // The shell adds Cache-Control: no-store (RFC 6749 section 5.1).
    Ok((StatusCode::OK, Json(body)).into_response())
}

/// Why a session could not be looked after, though the request was right.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SessionFault {
    /// The database refused or does not answer.
    #[error("sessions cannot be read or written")]
    Database(#[from] sqlx::Error),
    /// The account's stream holds what this version cannot read.
    #[error("an account cannot be read")]
    Account(#[from] events::fold::UnreadableEvent),
    /// The account's address cannot be opened.
    #[error(transparent)]
    Personal(#[from] platform::personal::PersonalError),
    /// The operating system gave no random bytes.
    #[error("no random bytes were to be had")]
    Random(#[from] std::io::Error),
}

impl From<SessionFault> for ApiError {
    fn from(fault: SessionFault) -> Self {
        use events::log::{Retry, retry_of};
        match &fault {
            SessionFault::Database(error) if retry_of(error) != Retry::Never => {
                tracing::warn!(%error, "sessions: database not reachable");
                Self::unavailable("database_unavailable", "The database does not answer; try again.", 1)
            }
            _ => Self::internal(&fault),
        }
    }
}
