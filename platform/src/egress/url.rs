//! Which URLs may be named at all.

use ipnet::IpNet;
use reqwest::Url;

/// Decides on URLs, before any name is looked up.
#[derive(Clone, Debug, Default)]
pub struct UrlPolicy {
    allowed_networks: Vec<IpNet>,
}

/// Why a URL is not taken; a clause for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RefusedUrl {
    /// Not an absolute URL.
    #[error("must be an absolute URL such as https://partner.example/iris")]
    Malformed,
    /// Another scheme.
    #[error("must begin with https://")]
    Scheme,
}

impl RefusedUrl {
    /// A word for programs.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Malformed => "invalid_url",
            Self::Scheme => "scheme_refused",
        }
    }
}

impl UrlPolicy {
    /// With private networks that may be reached nevertheless.
    pub fn new(allowed_networks: Vec<IpNet>) -> Self {
        Self { allowed_networks }
    }

    /// The URL, if it may be requested as far as can be told without looking its name up.
    ///
    /// # Errors
    /// [`RefusedUrl`].
    pub fn check(&self, url: &str) -> Result<Url, RefusedUrl> {
        let url: Url = url.parse().map_err(|_| RefusedUrl::Malformed)?;
        match url.scheme() {
            "https" => Ok(url),
            "http" if !self.allowed_networks.is_empty() => Ok(url),
            _ => Err(RefusedUrl::Scheme),
        }
    }
}
