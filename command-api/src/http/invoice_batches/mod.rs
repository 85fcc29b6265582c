//! Many invoices at once.

pub(crate) mod create;
pub(crate) mod files;
pub(crate) mod status;

use axum::{
    http::HeaderValue,
    response::{IntoResponse, Response},
};
use platform::{body::Json, error::ApiError};

use super::{
    invoices::{form::one_fault, refused::database},
    refused::refused,
};
use crate::{
    committer::SubmitError,
    invoices::batch::{Seen, UploadError},
};

/// The batch with the position that a reader waits for.
fn shown(seen: &Seen) -> Response {
    let mut response = Json(&seen.resource).into_response();
    response.headers_mut().insert("iris-position", HeaderValue::from(seen.position));
    response
}

fn not_sent(error: UploadError) -> ApiError {
    match error {
        UploadError::Archive(name, fault) => {
            let message = format!("{name}: {fault}.");
            ApiError::unprocessable(fault.code(), message)
        }
        UploadError::NoFiles => one_fault("file", "missing", "Is missing, or a ZIP has none."),
        UploadError::TooManyFiles => {
            one_fault("file", "too_many_files", "Must be at most 2000, those in ZIPs counted.")
        }
        UploadError::NotFound(refusal) => refused(SubmitError::Refused(*refusal)),
        UploadError::KeyReused => refused(SubmitError::KeyReused),
        UploadError::Database(error) => database(&error),
        error @ (UploadError::Store(_) | UploadError::Measurer(_)) => ApiError::internal(&error),
    }
}
