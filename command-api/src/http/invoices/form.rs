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

#[cfg(test)]
mod tests {
    use axum::{body::Body, http::header};
    use proptest::prelude::*;

    use super::*;

    /// All parts of what came, or why not.
    fn read(content_type: &str, body: Vec<u8>) -> Result<Vec<(String, Bytes)>, ApiError> {
        let request = Request::post("/").header(header::CONTENT_TYPE, content_type).body(Body::from(body));
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let mut form = Form::of(request.expect("a request"), 1_000).await?;
            let mut parts = Vec::new();
            while let Some(part) = form.next().await? {
                let _shown = part.unknown("file");
                parts.push((part.name.clone(), part.bytes().await?));
            }
            Ok(parts)
        })
    }

    proptest! {
        /// Whatever is sent as a form, the answer blames it and not us.
        #[test]
        fn no_form_panics(
            boundary in "[A-Za-z0-9'()+_,./:=? -]{0,72}",
            body in "(--b|--\r\n|\r\n|Content-Disposition: form-data; name=|\"file\"|; filename=\"|Content-Type: |[ -~]{0,8}|\0|å){0,24}",
            bytes in prop::collection::vec(any::<u8>(), 0..200),
        ) {
            let types = [format!("multipart/form-data; boundary={boundary}"), "multipart/form-data; boundary=b".to_owned()];
            for content_type in types {
                for body in [body.clone().into_bytes(), bytes.clone(), [b"--b\r\n", &bytes[..]].concat()] {
                    if let Err(error) = read(&content_type, body) {
                        let told = (error.kind().status().as_u16(), error.code().to_owned());
                        prop_assert!(matches!(told.0, 400 | 413 | 415), "{told:?}");
                    }
                }
            }
        }

        #[test]
        fn what_is_sent_arrives(parts in prop::collection::vec(("[a-z_]{1,12}", prop::collection::vec(any::<u8>(), 0..64)), 0..4)) {
            let mut body = Vec::new();
            for (name, bytes) in &parts {
                let head = format!("--never-in-it\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n");
                body.extend([head.as_bytes(), bytes, b"\r\n"].concat());
            }
            body.extend(b"--never-in-it--\r\n");
            let arrived = read("multipart/form-data; boundary=never-in-it", body).unwrap();
            let arrived: Vec<_> = arrived.into_iter().map(|(name, bytes)| (name, bytes.to_vec())).collect();
            prop_assert_eq!(arrived, parts);
        }
    }
}
