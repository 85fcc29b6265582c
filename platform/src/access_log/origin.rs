//! Where a request comes from.

use std::{convert::Infallible, net::IpAddr};

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};

use crate::http::{ClientAddress, RequestContext};

const USER_AGENT_CHARS_MAX: usize = 200;

/// The other end of the connection; the server puts it into every request.
///
/// Behind a proxy this is the proxy; [`ClientAddress`] is whom it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerAddress(pub IpAddr);

/// What the access log keeps of a request; an extractor behind the shell.
#[derive(Clone, Debug, Default)]
pub struct RequestOrigin {
    /// The request's id and trace.
    pub context: RequestContext,
    /// Where it began: the other end of the connection, or whom trusted proxies name.
    pub address: Option<IpAddr>,
    /// As the caller says, cut to 200 characters.
    pub user_agent: Option<String>,
}

impl RequestOrigin {
    /// Where a request with these parts comes from.
    pub fn read(parts: &Parts) -> Self {
        let context = parts.extensions.get::<RequestContext>().cloned().unwrap_or_default();
        let address = parts.extensions.get::<ClientAddress>().map(|client| client.0);
        Self { context, address, user_agent: user_agent(&parts.headers) }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for RequestOrigin {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self::read(parts))
    }
}

/// Only visible ASCII passes: what the caller writes here is read on somebody's terminal.
pub(crate) fn user_agent(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(header::USER_AGENT)?.to_str().ok()?;
    let visible = text.chars().filter(|char| char.is_ascii_graphic() || *char == ' ');
    Some(visible.take(USER_AGENT_CHARS_MAX).collect())
}
