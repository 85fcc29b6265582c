//! `POST /api/v1/auth/dev/login`: a password becomes a session.

use axum::{extract::State, response::Response};
use deserr::Deserr;
use platform::{
    access_log::{Access, Kind, RequestOrigin, Who},
    body::{Faults, Json},
    error::{ApiError, ErrorBody},
    http::Allowance,
};
use serde_json::json;
use utoipa::ToSchema;

use super::{SessionFault, Tokens, account::account_of_email, family, provider, secret::Secret, tokens};
use crate::http::{answers::BodyRefusals, fields::EmailAddress, state::CommandState};

/// Who wants to log in.
#[derive(Debug, Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({"email": "restaurant@iris.test", "password": "iris-dev"}))]
pub(crate) struct Credentials {
    /// The account's address, in any case.
    #[schema(value_type = String, format = "email")]
    email: EmailAddress,
    /// Its password.
    #[schema(value_type = String, format = "password", max_length = 512, pattern = r"^[^\x00]*$")]
    password: Secret,
}

/// Logs in with an address of `DEV_USERS` and its password. Exists only with `AUTH_PROVIDER=local`.
#[utoipa::path(
    post, path = "/api/v1/auth/dev/login", tag = "auth", request_body = Credentials, security(()),
    responses(
        (status = 200, body = Tokens, description = "A session."),
        (status = 401, body = ErrorBody, description = "`invalid_credentials`: says not which of the two is wrong."),
        (status = 400, body = ErrorBody, description = "`invalid_json`, `body_incomplete`."),
        (status = 422, body = ErrorBody, description = "Every fault of the body."),
        (status = 429, body = ErrorBody, description = "`rate_limited`: ten logins a minute to one account, or \
            thirty to any, have failed from this address; see `Retry-After`."),
        (status = 503, body = ErrorBody, description = "`database_unavailable`."),
        BodyRefusals
    )
)]
pub(crate) async fn log_in(
    State(state): State<CommandState>,
    origin: RequestOrigin,
    allowance: Allowance,
    Json(credentials): Json<Credentials>,
) -> Result<Response, ApiError> {
    let Credentials { email, password: Secret(password) } = credentials;
    // Before the password is looked at: guessing must not cost us a bcrypt for each guess.
    let attempt = allowance.attempt_login(email.key())?;
    // The password comes first, and the account is looked up only once it was right: an unknown address,
    // a known one with a wrong password and one without an account all cost one bcrypt and get the same
    // answer, so neither words nor time tell which addresses exist.
    if !provider(&state)?.is_right(email.key(), &password).await {
        return Err(invalid_credentials(&state, email.key(), &origin).await?);
    }
    let now = state.clock.now();
    let mut transaction = platform::db::begin(&state.pool).await.map_err(SessionFault::from)?;
    let Some(identity) = account_of_email(&mut transaction, state.committer.personal(), email.key()).await?
    else {
        tracing::warn!("a login of DEV_USERS has no account, or one that is disabled");
        return Err(invalid_credentials(&state, email.key(), &origin).await?);
    };
    attempt.succeeded();
    let refresh = family::begin(&mut transaction, state.ids.next(), identity.subject, now).await?;
    transaction.commit().await.map_err(SessionFault::from)?;
    state.access_log.record(Access::allowed(Kind::LOGIN, &identity, &origin)).await?;
    tokens(&state, &identity, &refresh)
}

async fn invalid_credentials(
    state: &CommandState,
    email: &str,
    origin: &RequestOrigin,
) -> Result<ApiError, ApiError> {
    metrics::counter!("iris_auth_failures_total", "reason" => "credentials").increment(1);
    // Not the address, which may be anybody's, or a password typed into the wrong field: a mark of it, by
    // which attempts on one address are told from attempts on many.
    let mark = state.access_log.email_mark(email);
    let failed = Access::refused(Kind::LOGIN_FAILED, Who::Anonymous, origin, "invalid_credentials");
    state.access_log.record(failed.with(json!({ "email_mark": mark }))).await?;
    Ok(ApiError::unauthorized_with("invalid_credentials", "Address or password is wrong."))
}
