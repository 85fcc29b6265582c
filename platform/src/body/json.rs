//! Extractors for JSON bodies.

use axum::{
    extract::{FromRequest, Request},
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use bytes::{Bytes, BytesMut};
use deserr::Deserr;
use futures::StreamExt;
use serde::Serialize;

use super::{BODY_MAX_BYTES, faults::Faults, strict};
use crate::error::ApiError;

/// How much of a body that is too large is read after the limit.
const DRAINED_MAX_BYTES: usize = 32 * 1024 * 1024;

/// A JSON body, coming in or going out.
///
/// # Errors
/// Coming in: 413 over the route's limit, 415 without `application/json`, 400 `invalid_json`, and 422 with
/// every fault of the body.
#[derive(Debug, Clone, Copy)]
pub struct Json<T>(pub T);

impl<S: Send + Sync, T: Deserr<Faults>> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        // Forms of other sites can send text/plain without asking first; only JSON is ever read as JSON.
        require_json(request.headers())?;
        let bytes = read_body(request).await?;
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

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let media_type = require_json(request.headers());
        let bytes = read_body(request).await?;
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

/// The whole body, if it is not too large.
///
/// What is beyond the limit is read on and thrown away, up to a second bound: a client that is still sending
/// when the connection closes sees a broken pipe and never the 413. Memory stays at the limit, and the request's
/// time-out ends a client that sends slowly.
async fn read_body(request: Request) -> Result<Bytes, ApiError> {
    let mut pieces = request.into_body().into_data_stream();
    let mut body = BytesMut::new();
    let mut beyond_bytes = 0;
    while let Some(piece) = pieces.next().await {
        let incomplete =
            |_| ApiError::bad_request("body_incomplete", "The body ended before it was complete.");
        let piece = piece.map_err(incomplete)?;
        if beyond_bytes == 0 && body.len() + piece.len() <= BODY_MAX_BYTES {
            body.extend_from_slice(&piece);
            continue;
        }
        beyond_bytes += piece.len();
        if beyond_bytes > DRAINED_MAX_BYTES {
            break;
        }
    }
    if beyond_bytes > 0 { Err(ApiError::payload_too_large(BODY_MAX_BYTES)) } else { Ok(body.freeze()) }
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
