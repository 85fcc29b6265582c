//! `/dev/mails`: the mails that would have been sent, for whoever develops.
//!
//! There is no login here, and mails hold names, addresses and links that act. So these routes exist only
//! where mails go into a folder, and never in production (`process.rs` decides).

mod folder;
mod page;

use std::{io, path::PathBuf};

use axum::{
    Router,
    body::Body,
    extract::{Path, State},
    http::{HeaderValue, header},
    response::Response,
    routing::get,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use mail_parser::MessageParser;
use platform::error::ApiError;
use sha2::{Digest, Sha256};

use self::folder::Folder;

/// A mail's own HTML is not trusted: `sandbox` takes scripts, forms and this origin away from it even where it
/// is opened by itself, and nothing is fetched from elsewhere.
const MAIL_POLICY: &str = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'self'";

/// The list, a mail, and its HTML by itself.
pub fn routes(folder: PathBuf) -> Router {
    Router::new()
        .route("/dev/mails", get(list))
        .route("/dev/mails/{name}", get(show))
        .route("/dev/mails/{name}/html", get(show_html))
        .with_state(Folder(folder))
}

async fn list(State(folder): State<Folder>) -> Result<Response, ApiError> {
    let page = blocking(move || {
        let mut rows = Vec::new();
        for filed in folder.newest()? {
            // Between looking and reading a file may go away.
            if let Some(raw) = folder.read(&filed.name)? {
                rows.push(page::row(
                    &filed,
                    &MessageParser::default().parse_headers(&raw).unwrap_or_default(),
                ));
            }
        }
        Ok(page::list(&rows))
    });
    Ok(own_page(page.await?.into_string()))
}

async fn show(State(folder): State<Folder>, Path(name): Path<String>) -> Result<Response, ApiError> {
    let page = blocking(move || {
        let raw = folder.read(&name)?;
        Ok(raw.and_then(|raw| MessageParser::default().parse(&raw).map(|mail| page::mail(&name, &mail))))
    });
    Ok(own_page(page.await?.ok_or_else(no_such_mail)?.into_string()))
}

async fn show_html(State(folder): State<Folder>, Path(name): Path<String>) -> Result<Response, ApiError> {
    let part = blocking(move || {
        let raw = folder.read(&name)?;
        Ok(raw.and_then(|raw| Some(MessageParser::default().parse(&raw)?.body_html(0)?.into_owned())))
    });
    let policy = HeaderValue::from_static(MAIL_POLICY);
    let mut response = answer(part.await?.ok_or_else(no_such_mail)?, policy);
    // As `frame-ancestors` of the policy says: the page of the mail shows it in a frame.
    response.headers_mut().insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN"));
    Ok(response)
}

fn no_such_mail() -> ApiError {
    ApiError::not_found("mail_not_found", "There is no such mail.")
}

/// Files are read off the threads that answer requests.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, ApiError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| ApiError::internal(&error))?.map_err(|error| ApiError::internal(&error))
}

fn own_page(page: String) -> Response {
    answer(page, page_policy())
}

/// Our own pages: one style, by its hash, the mail in a frame from here, nothing else.
fn page_policy() -> HeaderValue {
    let style = STANDARD.encode(Sha256::digest(page::STYLE));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; frame-src 'self'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    );
    HeaderValue::from_str(&policy).expect("base64 is a header value")
}

/// The rest of what browsers are told is the shell's to say.
fn answer(page: String, policy: HeaderValue) -> Response {
    let mut response = Response::new(Body::from(page));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}

#[cfg(test)]
mod tests;
