//! The one shape in which this program refuses: what, why, where in the body, and under which request.

mod body;
mod kind;

use std::{borrow::Cow, error::Error, fmt::Write as _, sync::Arc};

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};

pub use self::{
    body::{ErrorBody, Fault},
    kind::ErrorKind,
};

/// A refusal on its way to the caller.
///
/// As a response it is bare: the HTTP shell, which knows the request's id and the time, writes the body.
#[derive(Debug, Clone)]
pub struct ApiError {
    kind: ErrorKind,
    code: Cow<'static, str>,
    message: String,
    details: Vec<Fault>,
    retry_after_s: Option<u32>,
    /// For the log alone; never rendered.
    cause: Option<Arc<str>>,
}

impl ApiError {
    /// A refusal of any kind; the named constructors read better where one fits.
    pub fn new(kind: ErrorKind, code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self {
            kind,
            code: code.into(),
            message: message.into(),
            details: Vec::new(),
            retry_after_s: None,
            cause: None,
        }
    }

    /// 422 with all faults of a request; the code is `invalid`, or that of the only fault without a field.
    pub fn validation(details: Vec<Fault>) -> Self {
        let (code, message) = match details.as_slice() {
            [only] if only.field.is_empty() => (only.code.clone(), only.message.clone()),
            [only] => (Cow::Borrowed("invalid"), format!("{}: {}", only.field, only.message)),
            many => (Cow::Borrowed("invalid"), format!("{} things are wrong; see details.", many.len())),
        };
        Self { details, ..Self::new(ErrorKind::Validation, code, message) }
    }

    /// 422 with a code of its own and no single field to blame.
    pub fn unprocessable(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Validation, code, message)
    }

    /// 400: not JSON, or a header that cannot be read.
    pub fn bad_request(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::BadRequest, code, message)
    }

    /// 401; says the same for every cause, so that it tells an attacker nothing.
    pub fn unauthorized() -> Self {
        Self::new(ErrorKind::Unauthorized, "unauthorized", "A valid access token is needed.")
    }

    /// 401 for a failed login or refresh, with a code and message of its own.
    pub fn unauthorized_with(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unauthorized, code, message)
    }

    /// 403: the caller may see it but not do this.
    pub fn forbidden(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Forbidden, code, message)
    }

    /// 404: absent, or not for this caller to know of.
    pub fn not_found(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::NotFound, code, message)
    }

    /// 409: the state of the resource forbids it.
    pub fn conflict(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Conflict, code, message)
    }

    /// 409 with a fault per line concerned.
    pub fn conflict_with(
        code: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
        details: Vec<Fault>,
    ) -> Self {
        Self { details, ..Self::conflict(code, message) }
    }

    /// 412: `If-Match` names another revision.
    pub fn precondition_failed(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::PreconditionFailed, code, message)
    }

    /// 413 for a body over `limit_bytes`.
    pub fn payload_too_large(limit_bytes: usize) -> Self {
        let message = format!("The body may have at most {limit_bytes} bytes.");
        Self::new(ErrorKind::PayloadTooLarge, "payload_too_large", message)
    }

    /// 415, naming the media type that is wanted.
    pub fn unsupported_media_type(wanted: &str) -> Self {
        let message = format!("The content type must be {wanted}.");
        Self::new(ErrorKind::UnsupportedMediaType, "unsupported_media_type", message)
    }

    /// 429 with `Retry-After`.
    pub fn too_many_requests(
        code: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
        retry_after_s: u32,
    ) -> Self {
        Self { retry_after_s: Some(retry_after_s), ..Self::new(ErrorKind::TooManyRequests, code, message) }
    }

    /// 503 with `Retry-After`.
    pub fn unavailable(
        code: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
        retry_after_s: u32,
    ) -> Self {
        Self { retry_after_s: Some(retry_after_s), ..Self::new(ErrorKind::ServiceUnavailable, code, message) }
    }

    /// 500 that says nothing of the inside; the shell logs `cause` and its sources once, with the request id.
    pub fn internal(cause: &dyn Error) -> Self {
        Self { cause: Some(chain(cause).into()), ..Self::internal_without_cause() }
    }

    /// 500 whose cause has been logged already.
    pub(crate) fn internal_without_cause() -> Self {
        Self::new(
            ErrorKind::Internal,
            "internal",
            "Something went wrong on our side; the request id finds it in the log.",
        )
    }

    /// The refusal for a status that the framework answered by itself; `None` below 400.
    pub(crate) fn from_status(status: StatusCode) -> Option<Self> {
        let (kind, code, message) = match status {
            StatusCode::NOT_FOUND => (ErrorKind::NotFound, "not_found", "There is nothing here."),
            StatusCode::METHOD_NOT_ALLOWED => (
                ErrorKind::MethodNotAllowed,
                "method_not_allowed",
                "This route does not answer this method; see Allow.",
            ),
            StatusCode::PAYLOAD_TOO_LARGE => {
                (ErrorKind::PayloadTooLarge, "payload_too_large", "The body is too large.")
            }
            StatusCode::UNSUPPORTED_MEDIA_TYPE => (
                ErrorKind::UnsupportedMediaType,
                "unsupported_media_type",
                "The content type is not one of this route's.",
            ),
            StatusCode::UNPROCESSABLE_ENTITY => {
                (ErrorKind::Validation, "invalid", "The request is not valid.")
            }
            StatusCode::UNAUTHORIZED => return Some(Self::unauthorized()),
            StatusCode::SERVICE_UNAVAILABLE => {
                return Some(Self::unavailable("unavailable", "Not available now.", 1));
            }
            other if other.is_client_error() => {
                (ErrorKind::BadRequest, "bad_request", "The request cannot be read.")
            }
            other if other.is_server_error() => return Some(Self::internal_without_cause()),
            _ => return None,
        };
        Some(Self::new(kind, code, message))
    }

    /// The same with details.
    #[must_use]
    pub fn with_details(self, details: Vec<Fault>) -> Self {
        Self { details, ..self }
    }

    /// The same with `Retry-After`.
    #[must_use]
    pub fn with_retry_after(self, retry_after_s: u32) -> Self {
        Self { retry_after_s: Some(retry_after_s), ..self }
    }

    /// Which of the sixteen.
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The stable machine word.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The sentence for people.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What is wrong in detail, in the order found.
    pub fn details(&self) -> &[Fault] {
        &self.details
    }

    /// Seconds after which trying again makes sense.
    pub const fn retry_after_s(&self) -> Option<u32> {
        self.retry_after_s
    }

    /// What to log, if the cause is an inner one.
    pub(crate) fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }

    /// The body as it goes out.
    pub fn body(&self, at: DateTime<Utc>, request_id: &str) -> ErrorBody {
        ErrorBody {
            error: self.kind.name(),
            code: self.code.clone(),
            message: self.message.clone(),
            status: self.kind.status().as_u16(),
            timestamp: at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
            request_id: request_id.to_owned(),
            details: self.details.clone(),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.kind.status().into_response();
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.kind == ErrorKind::Unauthorized {
            // RFC 9110 section 11.6.1: a 401 must say which scheme would be accepted.
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// An error with its sources in one line, the outermost first.
fn chain(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        let _ = write!(line, ": {source}");
        next = source.source();
    }
    line
}

#[cfg(test)]
mod tests;
