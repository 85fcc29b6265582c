//! The last look at an answer: every refusal gets the one shape, every answer its headers.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};
use chrono::{DateTime, Utc};

use super::context::{REQUEST_ID, RequestContext};
use crate::error::ApiError;

/// Writes the body of a refusal; other answers pass unchanged.
///
/// A refusal is an `ApiError` left in the extensions, or an error status whose body is the framework's own
/// text. An error status with a body in another form (a health report, say) is somebody's answer and stays.
pub(super) fn shape(mut response: Response, context: &RequestContext, at: DateTime<Utc>) -> Response {
    let Some(error) = refusal(&mut response) else { return response };
    if let Some(cause) = error.cause() {
        tracing::error!(
            cause,
            request_id = context.request_id,
            trace_id = context.trace_id(),
            "request failed"
        );
    }
    let body = serde_json::to_vec(&error.body(at, &context.request_id)).expect("an error body is plain JSON");
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_LENGTH);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    *response.status_mut() = error.kind().status();
    *response.body_mut() = Body::from(body);
    response
}

fn refusal(response: &mut Response) -> Option<ApiError> {
    if let Some(error) = response.extensions_mut().remove::<ApiError>() {
        return Some(error);
    }
    let content_type = response.headers().get(header::CONTENT_TYPE);
    let plain = content_type.is_none_or(|value| value.as_bytes().starts_with(b"text/plain"));
    if plain { ApiError::from_status(response.status()) } else { None }
}

/// Names the request in its answer.
pub(super) fn name(headers: &mut HeaderMap, context: &RequestContext) {
    let id = HeaderValue::from_str(&context.request_id).expect("only header-safe characters pass as an id");
    headers.insert(REQUEST_ID, id);
}
