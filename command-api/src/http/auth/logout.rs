//! `POST /api/v1/auth/logout`: a login ends.

use axum::{extract::State, http::StatusCode};
use platform::{
    access_log::{Access, Kind, RequestOrigin},
    body::Json,
    error::{ApiError, ErrorBody},
};

use super::{SessionFault, account::account, family, refresh::Refresh, secret::Secret};
use crate::http::{answers::BodyRefusals, state::CommandState};

/// Ends the login that the refresh token belongs to; its access tokens lapse by themselves.
#[utoipa::path(
    post, path = "/api/v1/auth/logout", tag = "auth", request_body = Refresh, security(()),
    responses(
        (status = 204, description = "The login is over, or never was."),
        (status = 400, body = ErrorBody, description = "`invalid_json`, `body_incomplete`."),
        (status = 422, body = ErrorBody, description = "Every fault of the body."),
        (status = 503, body = ErrorBody, description = "`database_unavailable`."),
        BodyRefusals
    )
)]
pub(crate) async fn log_out(
    State(state): State<CommandState>,
    origin: RequestOrigin,
    Json(Refresh { refresh_token: Secret(token) }): Json<Refresh>,
) -> Result<StatusCode, ApiError> {
    let mut connection = state.pool.acquire().await.map_err(SessionFault::from)?;
    let ended = family::revoke(&mut connection, &token, state.clock.now()).await?;
    if let Some(account_id) = ended
        && let Some(identity) = account(&mut connection, state.committer.personal(), account_id).await?
    {
        state.access_log.record(Access::allowed(Kind::LOGOUT, &identity, &origin)).await?;
    }
    // Whether there was such a token is nobody's business.
    Ok(StatusCode::NO_CONTENT)
}
