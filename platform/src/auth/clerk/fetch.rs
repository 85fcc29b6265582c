//! Asking Clerk for its keys: one small answer, soon, from that address and no other.

use std::time::Duration;

use thiserror::Error;

use super::jwks::{KeySet, UnusableSet};

/// Clerk's set has some 700 bytes.
const BODY_MAX_BYTES: usize = 64 * 1024;

/// Where keys come from.
#[derive(Debug)]
pub(super) struct KeySource {
    client: reqwest::Client,
    url: String,
}

/// Why there is no new set.
#[derive(Debug, Error)]
pub(super) enum FetchError {
    #[error("no answer: {0}")]
    Http(#[source] reqwest::Error),
    #[error("the answer has status {0}")]
    Status(u16),
    #[error("the answer has more than {BODY_MAX_BYTES} bytes")]
    TooLarge,
    #[error(transparent)]
    Unusable(#[from] UnusableSet),
}

impl KeySource {
    pub(super) fn try_new(url: String, deadline: Duration) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .user_agent(concat!("iris/", env!("CARGO_PKG_VERSION")))
            .timeout(deadline)
            // Another place may be anybody's: the operator named this one.
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            // The bound on the body is one on what was unpacked.
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .no_deflate()
            .build()?;
        Ok(Self { client, url })
    }

    pub(super) async fn fetch(&self) -> Result<KeySet, FetchError> {
        let mut response = self.client.get(&self.url).send().await.map_err(FetchError::Http)?;
        if response.status() != reqwest::StatusCode::OK {
            return Err(FetchError::Status(response.status().as_u16()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(FetchError::Http)? {
            // Read piece by piece, so that an endless answer ends here and not in memory.
            if body.len() + chunk.len() > BODY_MAX_BYTES {
                return Err(FetchError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(KeySet::parse(&body)?)
    }
}
