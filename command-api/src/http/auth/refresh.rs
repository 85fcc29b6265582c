//! `POST /api/v1/auth/refresh`: a refresh token becomes an access token and a new refresh token.

use axum::{extract::State, response::Response};
use deserr::Deserr;
use platform::{
    access_log::{Access, Kind, RequestOrigin, Who},
    body::{Faults, Json},
    error::{ApiError, ErrorBody},
    http::Allowance,
};
use utoipa::ToSchema;

use super::{
    SessionFault, Tokens,
    account::account,
    family::{self, Rotation},
    secret::Secret,
    tokens,
};
use crate::http::{answers::BodyRefusals, state::CommandState};

/// A refresh token.
#[derive(Debug, Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({"refresh_token": "pXW2mZ0n8bq0c9JtT4v1yQ7f3kLr6sHd5aGeUiOoPzM"}))]
pub(crate) struct Refresh {
    /// The last one that was given.
    #[schema(value_type = String, max_length = 512, pattern = r"^[^\x00]*$")]
    pub(super) refresh_token: Secret,
}

/// Gives a new access token and a new refresh token; the old one is used up by it.
///
/// A refresh token lapses after 7 days unused, and a login after 30 days. The account's role is read anew.
#[utoipa::path(
    post, path = "/api/v1/auth/refresh", tag = "auth", request_body = Refresh, security(()),
    responses(
        (status = 200, body = Tokens, description = "The session goes on."),
        (status = 401, body = ErrorBody, description = "`invalid_refresh_token`: unknown, expired or revoked; \
            `refresh_token_reused`: it was used before, and all tokens of its login are revoked."),
        (status = 400, body = ErrorBody, description = "`invalid_json`, `body_incomplete`."),
        (status = 422, body = ErrorBody, description = "Every fault of the body."),
        (status = 429, body = ErrorBody, description = "`rate_limited`: thirty refreshes a minute have failed from \
            this address; see `Retry-After`."),
        (status = 503, body = ErrorBody, description = "`database_unavailable`."),
        BodyRefusals
    )
)]
pub(crate) async fn refresh(
    State(state): State<CommandState>,
    origin: RequestOrigin,
    allowance: Allowance,
    Json(Refresh { refresh_token: Secret(token) }): Json<Refresh>,
) -> Result<Response, ApiError> {
    let attempt = allowance.attempt_refresh()?;
    let now = state.clock.now();
    let mut transaction = platform::db::begin(&state.pool).await.map_err(SessionFault::from)?;
    let family = match family::rotate_in_tx(&mut transaction, &token, now).await? {
        Rotation::Rotated(family) => family,
        Rotation::Reused { family_id, account_id } => {
            // The revocation must stay although the request is refused.
            transaction.commit().await.map_err(SessionFault::from)?;
            // Which login, never which token.
            let request_id = &origin.context.request_id;
            tracing::warn!(%family_id, request_id, "a refresh token was used twice; its login is revoked");
            // The account is what it is about, and not who asked: that may be the thief.
            let reused_by =
                Access::refused(Kind::REFRESH_REUSED, Who::Anonymous, &origin, "refresh_token_reused");
            state.access_log.record(reused_by.of("account", account_id)).await?;
            metrics::counter!("iris_auth_failures_total", "reason" => "refresh_token_reused").increment(1);
            return Err(reused());
        }
        Rotation::Invalid => return Err(invalid()),
    };
    // Read anew: a role that was withdrawn ends with the access token, not with the login.
    let Some(identity) = account(&mut transaction, state.committer.personal(), family.account_id).await?
    else {
        return Err(invalid());
    };
    attempt.succeeded();
    let successor = family::issue(&mut transaction, &family, now).await?;
    transaction.commit().await.map_err(SessionFault::from)?;
    state.access_log.record(Access::allowed(Kind::TOKEN_REFRESHED, &identity, &origin)).await?;
    tokens(&state, &identity, &successor)
}

fn invalid() -> ApiError {
    metrics::counter!("iris_auth_failures_total", "reason" => "refresh_token").increment(1);
    ApiError::unauthorized_with("invalid_refresh_token", "The refresh token is not valid; log in again.")
}

fn reused() -> ApiError {
    let message = "The refresh token was used before, so its login has been ended; log in again.";
    ApiError::unauthorized_with("refresh_token_reused", message)
}
