//! Requests to addresses that somebody else chose: webhooks and whatever else lets a stranger name a URL.

mod url;

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use ipnet::IpNet;

pub use self::url::{RefusedUrl, UrlPolicy};

/// How requests are made.
#[derive(Clone, Debug)]
pub struct EgressSettings {
    /// Private networks that may be reached nevertheless.
    pub allowed_networks: Vec<IpNet>,
    /// `User-Agent`.
    pub user_agent: String,
    /// Until a connection stands, name lookup included.
    pub connect_timeout: Duration,
    /// Until the last byte of the answer.
    pub total_timeout: Duration,
    /// Bytes of the answer's body that are read; the rest is not waited for.
    pub response_bytes_max: usize,
}

/// Makes requests; cheap to clone, shares its connections.
#[derive(Clone, Debug)]
pub struct Egress {
    client: reqwest::Client,
    policy: UrlPolicy,
    response_bytes_max: usize,
}

/// The HTTP client cannot be built.
#[derive(Debug, thiserror::Error)]
#[error("the client for outgoing requests cannot be built")]
pub struct EgressError(#[from] reqwest::Error);

/// What came of a request.
#[derive(Debug)]
pub struct Sent {
    /// The answer, or why there is none.
    pub result: Result<Received, SendFailure>,
    /// Until the answer's headers were there.
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
    /// The beginning of its body.
    pub body: Bytes,
    /// There was more of it.
    pub truncated: bool,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendFailure {
    /// The URL or the address that its name has is not to be reached.
    AddressRefused,
    /// The name has no address.
    Dns,
    /// Nobody accepts connections.
    Connect,
    /// No trust between the two.
    Tls,
    /// Too slow.
    Timeout,
    /// The connection broke, or what came was no HTTP.
    Broken,
}

impl SendFailure {
    /// As it stands in the attempt log.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AddressRefused => "address_refused",
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::Broken => "broken",
        }
    }
}

impl Egress {
    /// A client with its own connections.
    ///
    /// # Errors
    /// The TLS provider cannot be set up.
    pub fn try_new(settings: &EgressSettings) -> Result<Self, EgressError> {
        let client = reqwest::Client::builder()
            .user_agent(&settings.user_agent)
            .connect_timeout(settings.connect_timeout)
            .timeout(settings.total_timeout)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()?;
        let policy = UrlPolicy::new(settings.allowed_networks.clone());
        Ok(Self { client, policy, response_bytes_max: settings.response_bytes_max })
    }

    /// Which URLs it takes.
    pub fn policy(&self) -> &UrlPolicy {
        &self.policy
    }

    /// Makes one request; never follows a redirect, never retries.
    pub async fn send(&self, method: Method, url: &str, headers: HeaderMap, body: Bytes) -> Sent {
        let begun = Instant::now();
        let Ok(url) = self.policy.check(url) else {
            return Sent {
                result: Err(SendFailure::AddressRefused),
                headers_after: None,
                total: begun.elapsed(),
            };
        };
        let request = self.client.request(method, url).headers(headers).body(body);
        let mut response = match request.send().await {
            Ok(response) => response,
            Err(error) => {
                return Sent { result: Err(failure(&error)), headers_after: None, total: begun.elapsed() };
            }
        };
        let headers_after = Some(begun.elapsed());
        let (status, headers) = (response.status(), response.headers().clone());
        let mut received = Vec::new();
        let mut truncated = false;
        let result = loop {
            match response.chunk().await {
                Ok(Some(chunk)) => {
                    let room = self.response_bytes_max - received.len();
                    received.extend_from_slice(&chunk[..chunk.len().min(room)]);
                    if chunk.len() > room || received.len() == self.response_bytes_max {
                        truncated = true;
                        break Ok(());
                    }
                }
                Ok(None) => break Ok(()),
                Err(error) => break Err(failure(&error)),
            }
        };
        let result = result.map(|()| Received { status, headers, body: received.into(), truncated });
        Sent { result, headers_after, total: begun.elapsed() }
    }
}

fn failure(error: &reqwest::Error) -> SendFailure {
    if error.is_timeout() {
        SendFailure::Timeout
    } else if error.is_connect() {
        SendFailure::Connect
    } else {
        SendFailure::Broken
    }
}
