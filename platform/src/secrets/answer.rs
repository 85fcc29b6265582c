//! What key providers over HTTP have in common: a bounded request, a bounded answer, and what a failure means.

use std::time::Duration;

use http::StatusCode;
use reqwest::{Client, RequestBuilder, Response, redirect};
use secrecy::{SecretSlice, SecretString};
use serde::{Deserialize as _, Deserializer};

use super::ProviderError;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// For a request with all of its answer.
pub(super) const TOTAL_TIMEOUT: Duration = Duration::from_secs(10);
/// A wrapped key has some hundred bytes.
const ANSWER_BYTES_MAX: usize = 64 * 1_024;

/// An answer, whatever it says.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    /// May hold a key.
    pub(super) body: SecretSlice<u8>,
}

/// A client that follows no redirect: what is asked holds a token and a key, and goes to nobody but whom the
/// configuration names.
pub(super) fn client() -> Result<Client, reqwest::Error> {
    Client::builder()
        .user_agent(concat!("iris/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(TOTAL_TIMEOUT)
        .redirect(redirect::Policy::none())
        .no_proxy()
        .build()
}

/// Sends, and reads the whole answer.
pub(super) async fn ask(provider: &'static str, request: RequestBuilder) -> Result<Answer, ProviderError> {
    // The URL stays out of what is said: whoever reads the log knows the setting.
    let unanswered = |error: &reqwest::Error| {
        let reason = match error {
            error if error.is_timeout() => "no answer in time",
            error if error.is_connect() => "no connection",
            _ => "the connection broke off",
        };
        unavailable(provider, reason)
    };
    let mut response: Response = request.send().await.map_err(|error| unanswered(&error))?;
    let status = response.status();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| unanswered(&error))? {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(refused(provider, "its answer is too long"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { status, body: body.into() })
}

/// Later it may answer.
pub(super) fn unavailable(provider: &'static str, reason: impl Into<String>) -> ProviderError {
    ProviderError::Unavailable { provider, reason: reason.into() }
}

/// It said no.
pub(super) fn refused(provider: &'static str, reason: impl Into<String>) -> ProviderError {
    ProviderError::Refused { provider, reason: reason.into() }
}

/// What a status says of asking again. The body is not quoted: what answers may not be what was meant, and echo the
/// request.
pub(super) fn failure(provider: &'static str, status: StatusCode, word: &str) -> ProviderError {
    let reason = if word.is_empty() { format!("status {status}") } else { format!("{word} ({status})") };
    if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
        unavailable(provider, reason)
    } else {
        refused(provider, reason)
    }
}

/// A text that is a key.
pub(super) fn secret<'de, D: Deserializer<'de>>(text: D) -> Result<SecretString, D::Error> {
    String::deserialize(text).map(Into::into)
}
