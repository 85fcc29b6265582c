//! How the OpenAPI document tells of what all commands share: headers taken, and refusals.

use platform::error::ErrorBody;
use utoipa::{IntoParams, IntoResponses, ToSchema};

/// Headers that every command takes.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "describes headers; the submission reads them")]
pub(crate) struct CommandHeaders {
    /// A value of the caller's choice, 1 to 255 visible ASCII characters, the same for every attempt at one
    /// request. The same key and body again get the stored answer with status 200 and
    /// `Idempotency-Replayed: true`; the same key with another body, 422. Kept 7 days at least.
    #[param(rename = "Idempotency-Key", value_type = String, required = false, min_length = 1, max_length = 255,
        pattern = "^[!-~]+$", example = "8f14e45f-order-1")]
    idempotency_key: Option<String>,
    /// The revision that the caller has seen, as `ETag` had it, or `*`; another one by now gets 412.
    #[param(rename = "If-Match", value_type = String, required = false,
        pattern = "^([*]|\"[0-9]{1,18}\"|[0-9]{1,18})$", example = "\"3\"")]
    if_match: Option<String>,
}

/// The same headers where the key must be given.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "describes headers; the submission reads them")]
pub(crate) struct KeyedCommandHeaders {
    /// A value of the caller's choice, 1 to 255 visible ASCII characters, the same for every attempt at this
    /// one order: however often it is sent, it is placed once.
    #[param(
        rename = "Idempotency-Key",
        min_length = 1,
        max_length = 255,
        pattern = "^[!-~]+$",
        example = "8f14e45f-order-1"
    )]
    idempotency_key: String,
    /// The cart's revision that the caller has seen, or `*`; another one by now is refused with 412.
    #[param(rename = "If-Match", value_type = String, required = false,
        pattern = "^([*]|\"[0-9]{1,18}\"|[0-9]{1,18})$", example = "\"3\"")]
    if_match: Option<String>,
}

/// Headers that commands take which change rows and no stream.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "describes headers; the submission reads them")]
pub(crate) struct RowCommandHeaders {
    /// A value of the caller's choice, 1 to 255 visible ASCII characters, the same for every attempt at one
    /// request. The same key and body again get the stored answer with status 200 and
    /// `Idempotency-Replayed: true`; the same key with another body, 422. Kept 7 days at least.
    #[param(rename = "Idempotency-Key", value_type = String, required = false, min_length = 1, max_length = 255,
        pattern = "^[!-~]+$", example = "8f14e45f-order-1")]
    idempotency_key: Option<String>,
    /// `*` or nothing: this has no revision, and one that is named is refused with 400.
    #[param(rename = "If-Match", value_type = AnyRevision, inline, required = false, example = "*")]
    if_match: Option<String>,
}

/// `*`, which asks only that there is something.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a header; the submission reads it")]
enum AnyRevision {
    #[schema(rename = "*")]
    Any,
}

/// Headers that uploads take: what they are done with has no revision yet.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "describes headers; the submission reads them")]
pub(crate) struct UploadHeaders {
    /// A value of the caller's choice, 1 to 255 visible ASCII characters: the same key and files again get the
    /// answer that the first upload got.
    #[param(rename = "Idempotency-Key", value_type = String, required = false, min_length = 1, max_length = 255,
        pattern = "^[!-~]+$", example = "8f14e45f-file-1")]
    idempotency_key: Option<String>,
}

/// What every command may answer beside its resource.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "describes answers; ApiError is what carries them")]
pub(crate) enum CommandRefusals {
    /// `invalid_json`, `body_incomplete`, `invalid_idempotency_key`, `idempotency_key_required`,
    /// `invalid_if_match`.
    #[response(status = 400)]
    BadRequest(ErrorBody),
    /// No valid access token or API key.
    #[response(status = 401)]
    Unauthorized(ErrorBody),
    /// `forbidden`: the caller may see it but not do this. `insufficient_scope`, `not_with_a_key`: the caller's API key
    /// may not, whatever its account may.
    #[response(status = 403)]
    Forbidden(ErrorBody),
    /// Every fault of the body, in `details`; or `idempotency_key_reused`.
    #[response(status = 422)]
    Invalid(ErrorBody),
    /// `queue_full`, `log_unavailable`, `changed_meanwhile`, `stopping`: nothing changed. `outcome_unknown`, `database_unavailable`:
    /// send the same request with the same key again. See `Retry-After`.
    #[response(status = 503)]
    Unavailable(ErrorBody),
}

/// What commands with a body may answer, too.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "describes answers; ApiError is what carries them")]
pub(crate) enum BodyRefusals {
    /// The body is larger than 1 MiB.
    #[response(status = 413)]
    TooLarge(ErrorBody),
    /// The body is not `application/json`.
    #[response(status = 415)]
    UnsupportedMediaType(ErrorBody),
}

/// What commands on something that exists may answer, too.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "describes answers; ApiError is what carries them")]
pub(crate) enum ExistingRefusals {
    /// Absent, or not for the caller to know of.
    #[response(status = 404)]
    NotFound(ErrorBody),
    /// `stale_revision`: `If-Match` names another revision than the last.
    #[response(status = 412)]
    StaleRevision(ErrorBody),
}
