//! Extractors for JSON bodies.

use axum::{
    extract::{FromRequest, Request, rejection::BytesRejection},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use deserr::Deserr;
use serde::Serialize;

use super::{BODY_MAX_BYTES, faults::Faults, strict};
use crate::error::ApiError;

/// A JSON body, coming in or going out.
///
/// # Errors
/// Coming in: 413 over the route's limit, 415 without `application/json`, 400 `invalid_json`, and 422 with
/// every fault of the body.
#[derive(Debug, Clone, Copy)]
pub struct Json<T>(pub T);

impl<S: Send + Sync, T: Deserr<Faults>> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        // Forms of other sites can send text/plain without asking first; only JSON is ever read as JSON.
        require_json(request.headers())?;
        let bytes = read_body(request, state).await?;
        read_json(&bytes).map(Self)
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

/// A JSON body that may be left out, which counts as `T::default()`.
#[derive(Debug, Clone, Copy)]
pub struct OptionalJson<T>(pub T);

impl<S: Send + Sync, T: Deserr<Faults> + Default> FromRequest<S> for OptionalJson<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let media_type = require_json(request.headers());
        let bytes = read_body(request, state).await?;
        if bytes.is_empty() {
            return Ok(Self(T::default()));
        }
        media_type?;
        read_json(&bytes).map(Self)
    }
}

fn require_json(headers: &HeaderMap) -> Result<(), ApiError> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let essence = content_type.split(';').next().unwrap_or("").trim();
    if essence.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(ApiError::unsupported_media_type("application/json"))
}

async fn read_body<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, ApiError> {
    Bytes::from_request(request, state).await.map_err(|rejection: BytesRejection| {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            return ApiError::payload_too_large(BODY_MAX_BYTES);
        }
        ApiError::bad_request("body_incomplete", "The body ended before it was complete.")
    })
}

fn read_json<T: Deserr<Faults>>(bytes: &[u8]) -> Result<T, ApiError> {
    let value = strict::parse(bytes)?;
    let nul = strict::nul_faults(&value);
    match deserr::deserialize::<T, _, Faults>(value) {
        Ok(body) if nul.as_slice().is_empty() => Ok(body),
        Ok(_) => Err(nul.into()),
        Err(mut faults) => {
            // A typed field has already told of its own NUL.
            for fault in nul.into_vec() {
                if !faults.as_slice().iter().any(|known| known.field == fault.field) {
                    faults.push(fault);
                }
            }
            Err(faults.into())
        }
    }
}
