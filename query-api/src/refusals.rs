//! Refusals that several reads share, and how the OpenAPI document tells of them.

use platform::error::{ApiError, ErrorBody};
use utoipa::{IntoParams, IntoResponses};
use uuid::Uuid;

/// 404 for `what`, in the same words whether it does not exist or is not for the caller to know of.
pub(crate) fn not_found(what: &'static str, id: Uuid) -> ApiError {
    let name = format!("{}{}", what[..1].to_ascii_uppercase(), &what[1..]);
    let code = format!("{}_not_found", what.replace(' ', "_"));
    ApiError::not_found(code, format!("{name} {id} was not found."))
}

/// What every read may answer beside its resource.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "describes answers; ApiError is what carries them")]
pub(crate) enum ReadRefusals {
    /// A header or a query string that cannot be read: `invalid_min_position`, `invalid_query`.
    #[response(status = 400)]
    BadRequest(ErrorBody),
    /// No valid access token or API key.
    #[response(status = 401)]
    Unauthorized(ErrorBody),
    /// `unknown_role`: the token is no account's. `insufficient_scope`, `not_with_a_key`: the caller's API key may not,
    /// whatever its account may.
    #[response(status = 403)]
    Forbidden(ErrorBody),
    /// `read_model_behind`: `Iris-Min-Position`, or what the log held when the request came, was not reached
    /// within 2 s. `took_too_long`: more than 5 s; ask for less. `database_unavailable`. See `Retry-After`.
    #[response(status = 503)]
    Unavailable(ErrorBody),
}

/// What a read of a single resource may answer, too.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "describes answers; ApiError is what carries them")]
pub(crate) enum ResourceRefusals {
    /// `If-None-Match` names this revision.
    #[response(status = 304)]
    NotModified,
    /// Absent, or not for the caller to know of.
    #[response(status = 404)]
    NotFound(ErrorBody),
}

/// What a read of the log itself may answer, too.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "describes answers; ApiError is what carries them")]
pub(crate) enum HistoryRefusals {
    /// `history_archived`: events that it takes are archived; the message names the file.
    #[response(status = 409)]
    Archived(ErrorBody),
}

/// What a list may answer, too.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "describes answers; ApiError is what carries them")]
pub(crate) enum ListRefusals {
    /// Parameters out of bounds, unknown, repeated or unreadable; `invalid_cursor`.
    #[response(status = 422)]
    Invalid(ErrorBody),
}

/// Headers that every read understands.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "describes headers; the reader reads them")]
pub(crate) struct ReadHeaders {
    /// The position that the answer must have seen: `Iris-Position` of a command's answer. Waits up to 2 s.
    #[param(rename = "Iris-Min-Position", value_type = i64, required = false, minimum = 0, example = 1)]
    min_position: Option<i64>,
}

/// Headers that reads of single resources understand, too.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "describes headers; the answer compares them")]
pub(crate) struct ResourceHeaders {
    /// The `ETag` of what the caller has.
    #[param(rename = "If-None-Match", value_type = String, required = false, example = "\"3\"")]
    if_none_match: Option<String>,
}
