//! Opening what HTTP answers hold: the only edge where clients are shown personal texts.

use axum::{
    body::{Body, HttpBody as _, to_bytes},
    extract::{Request, State},
    http::header,
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use super::{PersonalError, PersonalKeys, envelope};
use crate::error::ApiError;

/// A layer that opens every envelope of a JSON answer, or shows `null` where the person was erased.
///
/// Answers that are not JSON, or are streamed and so of no known length, pass as they are.
pub async fn open_answers(State(keys): State<PersonalKeys>, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    if !is_json(&response) {
        return response;
    }
    // Such bodies are in memory already: nothing is waited for.
    let Some(length) = response.body().size_hint().exact() else { return response };
    let (mut head, body) = response.into_parts();
    let limit = usize::try_from(length).unwrap_or(usize::MAX);
    let bytes = match to_bytes(body, limit).await {
        Ok(bytes) => bytes,
        Err(error) => return ApiError::internal(&error).into_response(),
    };
    let text = match std::str::from_utf8(&bytes) {
        Ok(text) if envelope::may_hold(text) => text,
        _ => return Response::from_parts(head, Body::from(bytes)),
    };
    match keys.open_json(text).await {
        Ok(opened) => {
            head.headers.remove(header::CONTENT_LENGTH);
            Response::from_parts(head, Body::from(opened))
        }
        Err(error) => ApiError::from(error).into_response(),
    }
}

fn is_json(response: &Response) -> bool {
    let content_type = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    content_type.is_some_and(|value| value.split(';').next() == Some("application/json"))
}

impl From<PersonalError> for ApiError {
    fn from(error: PersonalError) -> Self {
        match &error {
            PersonalError::Database(
                sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_),
            ) => {
                tracing::warn!(%error, "keys of people: database not reachable");
                Self::unavailable("database_unavailable", "The database does not answer; try again.", 1)
            }
            PersonalError::KeyNotNow(_) => {
                tracing::warn!(%error, "keys of people: a data key cannot be had");
                Self::unavailable("key_unavailable", "A key that is needed cannot be had; try again.", 1)
            }
            _ => Self::internal(&error),
        }
    }
}
