//! Forms with files: their parts, one after the other.

use axum::{
    extract::{
        FromRequest, Multipart, Request,
        multipart::{Field, MultipartError},
    },
    http::StatusCode,
};
use bytes::{Bytes, BytesMut};
use platform::{
    body::FromText,
    error::{ApiError, Fault},
};
use uuid::Uuid;

/// A form that is coming in, of at most so many bytes.
pub(crate) struct Form {
    parts: Multipart,
    body_max_bytes: usize,
}

/// A part of it.
pub(crate) struct Part<'a> {
    /// What the form calls it.
    pub(crate) name: String,
    /// What its sender calls the file; a claim, and no more than that.
    pub(crate) file_name: Option<String>,
    field: Field<'a>,
    body_max_bytes: usize,
}

impl Form {
    /// # Errors
    /// 415 where it is no form.
    pub(crate) async fn of(request: Request, body_max_bytes: usize) -> Result<Self, ApiError> {
        let parts = Multipart::from_request(request, &()).await;
        let parts = parts.map_err(|_| ApiError::unsupported_media_type("multipart/form-data"))?;
        Ok(Self { parts, body_max_bytes })
    }

    /// The next part; none at the end.
    ///
    /// # Errors
    /// 400 `invalid_multipart`, 413.
    pub(crate) async fn next(&mut self) -> Result<Option<Part<'_>>, ApiError> {
        let body_max_bytes = self.body_max_bytes;
        let field = self.parts.next_field().await.map_err(|error| unreadable(&error, body_max_bytes))?;
        Ok(field.map(|field| Part {
            name: field.name().unwrap_or_default().to_owned(),
            file_name: field.file_name().map(ToOwned::to_owned),
            field,
            body_max_bytes,
        }))
    }
}

impl Part<'_> {
    /// All of it. Its content type is the sender's claim, and not looked at.
    ///
    /// # Errors
    /// 400 `invalid_multipart`, 413.
    pub(crate) async fn bytes(mut self) -> Result<Bytes, ApiError> {
        let mut bytes = BytesMut::new();
        while let Some(piece) =
            self.field.chunk().await.map_err(|error| unreadable(&error, self.body_max_bytes))?
        {
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes.freeze())
    }

    /// It, as an id.
    ///
    /// # Errors
    /// As [`Self::bytes`]; 422 `invalid_id`.
    pub(crate) async fn id(self) -> Result<Uuid, ApiError> {
        let name = self.name.clone();
        let bytes = self.bytes().await?;
        let text = std::str::from_utf8(&bytes).unwrap_or_default();
        Uuid::from_text(text.trim()).map_err(|invalid| one_fault(&name, invalid.code, &invalid.message))
    }

    /// What a part is told that this form does not have.
    pub(crate) fn unknown(&self, known: &str) -> ApiError {
        let shown: String = self.name.chars().filter(|c| !c.is_control()).take(64).collect();
        one_fault(&shown, "unknown_field", &format!("Is not known here; known are: {known}."))
    }
}

/// 422 for one part of the form.
pub(crate) fn one_fault(field: &str, code: &'static str, message: &str) -> ApiError {
    ApiError::validation(vec![Fault::new(field, code, message)])
}

/// Sets a value that may stand once.
///
/// # Errors
/// 422 `repeated`.
pub(crate) fn set_once<T>(place: &mut Option<T>, field: &str, value: T) -> Result<(), ApiError> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(one_fault(field, "repeated", "Stands more than once.")),
    }
}

fn unreadable(error: &MultipartError, body_max_bytes: usize) -> ApiError {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        return ApiError::payload_too_large(body_max_bytes);
    }
    ApiError::bad_request("invalid_multipart", "The form cannot be read: it is malformed or ended early.")
}
