//! `Identity` as a handler's argument.

use std::sync::Arc;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};

use super::{AuthFailure, CallerSlot, Identity, IdentityProvider};
use crate::{error::ApiError, http::RequestContext};

/// The caller, or 401; the reason goes to the log and to `iris_auth_failures_total`, never to the caller.
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
        Ok(identity)
    }
}

fn refuse(failure: AuthFailure, parts: &Parts) -> ApiError {
    let request_id = parts.extensions.get::<RequestContext>().map_or("", |context| &context.request_id);
    tracing::info!(reason = %failure, request_id, "caller not authenticated");
    metrics::counter!("iris_auth_failures_total", "reason" => reason(failure)).increment(1);
    ApiError::unauthorized()
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
    }
}
