//! Requests to addresses that somebody else chose: webhooks and whatever else lets a stranger name a URL.
//!
//! Such a stranger may name our own network, may answer without end, drop by drop or not at all. So: the URL
//! is judged ([`UrlPolicy`]), the addresses that its name has are judged and are those dialled (`resolve`),
//! redirects are not followed, and time and bytes are bounded whatever comes.

mod address;
mod client;
mod failure;
mod resolve;
mod url;

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use ::url::Url;
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use ipnet::IpNet;
use reqwest::{Certificate, Client, RequestBuilder, Response};
use tokio::time::timeout;

use self::{address::Reach, client::client, resolve::Accepted};
pub use self::{
    failure::SendFailure,
    url::{RefusedUrl, UrlPolicy},
};

/// How requests are made.
#[derive(Clone, Debug)]
pub struct EgressSettings {
    /// Private networks that may be reached nevertheless.
    pub allowed_networks: Vec<IpNet>,
    /// `User-Agent`.
    pub user_agent: String,
    /// Until a connection stands, name lookup and TLS included.
    pub connect_timeout: Duration,
    /// Until the last byte of the answer, all before it included.
    pub total_timeout: Duration,
    /// Bytes of the answer's body that are read; the rest is not waited for.
    pub response_bytes_max: usize,
    /// Who is asked for names; where absent, the system's nameservers as they are at the start.
    pub nameserver: Option<SocketAddr>,
}

/// Makes requests; cheap to clone, shares its connections.
#[derive(Clone, Debug)]
pub struct Egress {
    encrypted: Client,
    /// Where there are allowed networks, to those.
    plain: Option<Client>,
    policy: UrlPolicy,
    total_timeout: Duration,
    response_bytes_max: usize,
}

/// The HTTP client cannot be built.
#[derive(Debug, thiserror::Error)]
#[error("the client for outgoing requests cannot be built")]
pub struct EgressError(#[source] Box<dyn std::error::Error + Send + Sync>);

/// What came of a request.
#[derive(Debug)]
pub struct Sent {
    /// The answer, or why there is none. A redirect is an answer like any other.
    pub result: Result<Received, SendFailure>,
    /// Until the answer's headers were there; also where its body then failed.
    pub headers_after: Option<Duration>,
    /// Until it was over.
    pub total: Duration,
}

/// An answer.
#[derive(Debug)]
pub struct Received {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// The beginning of its body, byte for byte as sent: nothing is decompressed.
    pub body: Bytes,
    /// There was more of it, or it was full and nothing said that it ended there.
    pub truncated: bool,
}

impl Egress {
    /// A client with its own connections.
    ///
    /// # Errors
    /// The TLS provider cannot be set up.
    pub fn try_new(settings: &EgressSettings) -> Result<Self, EgressError> {
        Self::trusting(settings, &[])
    }

    /// Trusts `roots` beside those of the system.
    fn trusting(settings: &EgressSettings, roots: &[Certificate]) -> Result<Self, EgressError> {
        let reach = Reach::new(settings.allowed_networks.clone());
        let client = |accepted| client(settings, reach.clone(), accepted, roots);
        let encrypted = client(Accepted::PublicAndAllowed)?;
        let plain = (!reach.is_public_only()).then(|| client(Accepted::AllowedAlone)).transpose()?;
        Ok(Self {
            encrypted,
            plain,
            policy: UrlPolicy::new(settings.allowed_networks.clone()),
            total_timeout: settings.total_timeout,
            response_bytes_max: settings.response_bytes_max,
        })
    }

    /// Which URLs it takes.
    pub fn policy(&self) -> &UrlPolicy {
        &self.policy
    }

    /// Makes one request; never follows a redirect, never retries.
    pub async fn send(&self, method: Method, url: &str, headers: HeaderMap, body: Bytes) -> Sent {
        let begun = Instant::now();
        let mut headers_after = None;
        let result = match self.request(method, url) {
            Some(request) => {
                let request = request.headers(headers).body(body);
                let exchange = self.exchange(request, begun, &mut headers_after);
                // Around everything: a body that drips would never run into a time-out of single reads.
                timeout(self.total_timeout, exchange).await.unwrap_or(Err(SendFailure::Timeout))
            }
            None => Err(SendFailure::AddressRefused),
        };
        Sent { result, headers_after, total: begun.elapsed() }
    }

    /// Nothing where the URL is refused. It was checked when it was saved, but the rules may be others now.
    fn request(&self, method: Method, url: &str) -> Option<RequestBuilder> {
        let url: Url = self.policy.check(url).ok()?;
        let client = if url.scheme() == "http" { self.plain.as_ref()? } else { &self.encrypted };
        Some(client.request(method, url))
    }

    async fn exchange(
        &self,
        request: RequestBuilder,
        begun: Instant,
        headers_after: &mut Option<Duration>,
    ) -> Result<Received, SendFailure> {
        let response = request.send().await.map_err(|error| SendFailure::of(&error))?;
        *headers_after = Some(begun.elapsed());
        let (status, headers) = (response.status(), response.headers().clone());
        let (body, truncated) = self.beginning(response).await?;
        Ok(Received { status, headers, body, truncated })
    }

    /// As much of the body as is wanted. Holds that and one chunk more, however long the body is; dropping
    /// the answer before its end closes the connection.
    async fn beginning(&self, mut response: Response) -> Result<(Bytes, bool), SendFailure> {
        let announced = response.content_length();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| SendFailure::of(&error))? {
            let room = self.response_bytes_max - body.len();
            body.extend_from_slice(&chunk[..chunk.len().min(room)]);
            if chunk.len() >= room {
                let whole = announced.is_some_and(|bytes| bytes == body.len() as u64);
                return Ok((body.into(), !whole));
            }
        }
        Ok((body.into(), false))
    }
}

impl From<reqwest::Error> for EgressError {
    fn from(error: reqwest::Error) -> Self {
        Self(Box::new(error))
    }
}

impl From<hickory_resolver::net::NetError> for EgressError {
    fn from(error: hickory_resolver::net::NetError) -> Self {
        Self(Box::new(error))
    }
}

#[cfg(test)]
mod tests;
