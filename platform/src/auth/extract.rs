//! `Identity` as a handler's argument.

use std::sync::Arc;

use axum::{
    extract::{FromRequestParts, MatchedPath},
    http::{HeaderMap, header, request::Parts},
};

use super::{AuthFailure, CallerSlot, Identity, IdentityProvider, KeyReach};
use crate::{
    error::ApiError,
    http::{Allowance, RequestContext},
};

/// Seconds after which whoever vouches for callers may have come back.
const RETRY_S: u32 = 2;

/// The caller, or 401, 403 or 503; the reason goes to the log and to `iris_auth_failures_total`, never to the caller.
///
/// A key is let in as far as it reaches: 403 `not_with_a_key`, `insufficient_scope`.
impl<S: Send + Sync> FromRequestParts<S> for Identity {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let Some(provider) = parts.extensions.get::<Arc<dyn IdentityProvider>>() else {
            // Fail closed: a router without a provider knows nobody.
            tracing::error!("a route wants an identity, but its router has no identity provider");
            return Err(ApiError::unauthorized());
        };
        let verified = match bearer(&parts.headers) {
            Ok(token) => provider.verify(token).await,
            Err(failure) => Err(failure),
        };
        let identity = verified.map_err(|failure| refuse(failure, parts))?;
        if let Some(caller) = parts.extensions.get::<CallerSlot>() {
            caller.fill(&identity);
        }
        // Whoever it is that vouches, and whatever was shown: a token and a key count for the same account.
        if let Some(allowance) = parts.extensions.get::<Allowance>() {
            allowance.charge_account(identity.subject)?;
        }
        within_reach(&identity, parts)?;
        Ok(identity)
    }
}

/// Fails closed: a router that was not told how far keys reach, and a request that matched no route, have none.
fn within_reach(identity: &Identity, parts: &Parts) -> Result<(), ApiError> {
    let Some(key) = &identity.key else { return Ok(()) };
    let reach = parts.extensions.get::<KeyReach>().copied().unwrap_or_default();
    let route = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
    reach.check(key, &parts.method, route)
}

fn refuse(failure: AuthFailure, parts: &Parts) -> ApiError {
    if let Some(caller) = parts.extensions.get::<CallerSlot>() {
        caller.fill_refused(failure);
    }
    let request_id = parts.extensions.get::<RequestContext>().map_or("", |context| &context.request_id);
    tracing::info!(reason = %failure, request_id, "caller not authenticated");
    metrics::counter!("iris_auth_failures_total", "reason" => reason(failure)).increment(1);
    answer(failure)
}

/// The same 401 for everybody who is not believed. Who is believed and has no account learns so, for there is
/// somebody to ask then; where nothing is known of the token, it may be tried again.
fn answer(failure: AuthFailure) -> ApiError {
    match failure {
        AuthFailure::NotLinked => ApiError::forbidden(
            "account_not_linked",
            "This login belongs to no account; ask your administrator for an invitation.",
        ),
        AuthFailure::AccountDisabled => {
            ApiError::forbidden("account_disabled", "This account is disabled; ask your administrator.")
        }
        AuthFailure::ProviderUnavailable => ApiError::unavailable(
            "identity_provider_unavailable",
            "Logins cannot be checked at present; try again.",
            RETRY_S,
        ),
        // Not 401: a machine would throw away a key that is good.
        AuthFailure::NotLookedUp => {
            ApiError::unavailable("database_unavailable", "The database does not answer; try again.", 1)
        }
        _ => ApiError::unauthorized(),
    }
}

fn bearer(headers: &HeaderMap) -> Result<&str, AuthFailure> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next().ok_or(AuthFailure::Missing)?;
    // Two credentials in one request: a proxy and we might believe different ones.
    if values.next().is_some() {
        return Err(AuthFailure::NotBearer);
    }
    let (scheme, token) =
        value.to_str().ok().and_then(|text| text.split_once(' ')).ok_or(AuthFailure::NotBearer)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(AuthFailure::NotBearer);
    }
    Ok(token.trim())
}

const fn reason(failure: AuthFailure) -> &'static str {
    match failure {
        AuthFailure::Missing => "missing",
        AuthFailure::NotBearer => "not_bearer",
        AuthFailure::TooLong => "too_long",
        AuthFailure::Malformed => "malformed",
        AuthFailure::WrongAlgorithm => "wrong_algorithm",
        AuthFailure::BadSignature => "bad_signature",
        AuthFailure::Expired => "expired",
        AuthFailure::NotYetValid => "not_yet_valid",
        AuthFailure::Foreign => "foreign",
        AuthFailure::UnknownKey => "unknown_key",
        AuthFailure::WrongParty => "wrong_party",
        AuthFailure::NoSession => "no_session",
        AuthFailure::SessionPending => "session_pending",
        AuthFailure::NotLinked => "account_not_linked",
        AuthFailure::AccountDisabled => "account_disabled",
        AuthFailure::ProviderUnavailable => "provider_unavailable",
        AuthFailure::Key(key) => key.why.name(),
        AuthFailure::NotLookedUp => "not_looked_up",
    }
}
