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
use mail_parser::MessageParser;
use platform::error::ApiError;

use self::folder::Folder;

/// Our own pages: one inline style, the mail in a frame from here, nothing else.
const PAGE_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'";
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
    Ok(answer(page.await?.into_string(), PAGE_POLICY))
}

async fn show(State(folder): State<Folder>, Path(name): Path<String>) -> Result<Response, ApiError> {
    let page = blocking(move || {
        let raw = folder.read(&name)?;
        Ok(raw.and_then(|raw| MessageParser::default().parse(&raw).map(|mail| page::mail(&name, &mail))))
    });
    Ok(answer(page.await?.ok_or_else(no_such_mail)?.into_string(), PAGE_POLICY))
}

async fn show_html(State(folder): State<Folder>, Path(name): Path<String>) -> Result<Response, ApiError> {
    let part = blocking(move || {
        let raw = folder.read(&name)?;
        Ok(raw.and_then(|raw| Some(MessageParser::default().parse(&raw)?.body_html(0)?.into_owned())))
    });
    Ok(answer(part.await?.ok_or_else(no_such_mail)?, MAIL_POLICY))
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

fn answer(page: String, policy: &'static str) -> Response {
    let mut response = Response::new(Body::from(page));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

#[cfg(test)]
mod tests;
