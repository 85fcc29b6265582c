//! Which URLs may be named at all.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use url::{Host, Url};

use super::address::Reach;

/// Longest URL, in characters, as given and as it is requested.
const CHARS_MAX: usize = 2_048;

/// Names that only mean something inside somebody's house.
///
/// # Source
/// RFC 6761, RFC 6762, RFC 8375, and ICANN's reservation of `internal`.
const LOCAL_NAMES: [&str; 4] = ["local", "internal", "localhost", "home.arpa"];

/// Decides on URLs, before any name is looked up.
#[derive(Clone, Debug, Default)]
pub struct UrlPolicy {
    reach: Reach,
}

/// Why a URL is not taken; a clause for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RefusedUrl {
    /// Not an absolute URL, or one that two programs may read differently.
    #[error("must be an absolute URL such as https://partner.example/iris")]
    Malformed,
    /// Longer than 2,048 characters.
    #[error("must have at most 2048 characters")]
    TooLong,
    /// Another scheme; also plain `http` to an address that is not in an allowed network.
    #[error("must begin with https://")]
    Scheme,
    /// A user or a password.
    #[error("must hold no user and no password")]
    Credentials,
    /// Something after `#`, which would never be sent.
    #[error("must hold no fragment")]
    Fragment,
    /// A port of a well-known service that is not the web.
    #[error("must use port 443, 8443 or one from 1024 on")]
    Port,
    /// An address that is neither public nor in an allowed network.
    #[error("must not name an address inside a private network")]
    Address,
    /// A name without a dot.
    #[error("must name a host in full, such as partner.example")]
    SingleLabel,
    /// A name that ends with a dot.
    #[error("must name a host without a dot at its end")]
    TrailingDot,
    /// A name that only means something inside a private network.
    #[error("must not name a host inside a private network")]
    LocalName,
}

impl RefusedUrl {
    /// A word for programs.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Malformed => "invalid_url",
            Self::TooLong => "url_too_long",
            Self::Scheme => "scheme_refused",
            Self::Credentials => "credentials_refused",
            Self::Fragment => "fragment_refused",
            Self::Port => "port_refused",
            Self::Address => "address_refused",
            Self::SingleLabel => "single_label_refused",
            Self::TrailingDot => "trailing_dot_refused",
            Self::LocalName => "local_name_refused",
        }
    }
}

impl UrlPolicy {
    /// With private networks that may be reached nevertheless.
    pub fn new(allowed_networks: Vec<IpNet>) -> Self {
        Self { reach: Reach::new(allowed_networks) }
    }

    /// The URL, if it may be requested as far as can be told without looking its name up. What its name
    /// stands for is judged by [`super::Egress`] at every request.
    ///
    /// Plain `http` goes to allowed networks alone: to an address in one, or to a name all of whose addresses
    /// turn out to be in one.
    ///
    /// # Errors
    /// [`RefusedUrl`].
    pub fn check(&self, url: &str) -> Result<Url, RefusedUrl> {
        // Before anything is parsed: the text is a stranger's, and may be of any length.
        if url.len() > CHARS_MAX * 4 || url.chars().count() > CHARS_MAX {
            return Err(RefusedUrl::TooLong);
        }
        // The standard drops line breaks and turns \ into /; other readers of the same text do not.
        if url.chars().any(|char| char.is_whitespace() || char.is_control() || char == '\\') {
            return Err(RefusedUrl::Malformed);
        }
        let url: Url = url.parse().map_err(|_| RefusedUrl::Malformed)?;
        if url.as_str().len() > CHARS_MAX {
            return Err(RefusedUrl::TooLong);
        }
        self.check_scheme(&url)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(RefusedUrl::Credentials);
        }
        if url.fragment().is_some() {
            return Err(RefusedUrl::Fragment);
        }
        check_port(&url)?;
        // The parsed host, never the text: 127.1, 2130706433 and １27.0.0.1 are all 127.0.0.1 by now.
        match url.host().ok_or(RefusedUrl::Malformed)? {
            Host::Ipv4(address) => self.check_address(address.into())?,
            Host::Ipv6(address) => self.check_address(address.into())?,
            Host::Domain(name) => self.check_name(name)?,
        }
        Ok(url)
    }

    fn check_scheme(&self, url: &Url) -> Result<(), RefusedUrl> {
        let allowed = match (url.scheme(), url.host()) {
            ("https", _) => true,
            // Whatever is sent in the clear stays inside networks that the operator vouches for.
            ("http", Some(Host::Ipv4(address))) => self.reach.is_allowed(address.into()),
            ("http", Some(Host::Ipv6(address))) => self.reach.is_allowed(address.into()),
            ("http", Some(Host::Domain(_))) => !self.reach.is_public_only(),
            _ => false,
        };
        if allowed { Ok(()) } else { Err(RefusedUrl::Scheme) }
    }

    fn check_address(&self, address: IpAddr) -> Result<(), RefusedUrl> {
        if self.reach.permits(address) { Ok(()) } else { Err(RefusedUrl::Address) }
    }

    fn check_name(&self, name: &str) -> Result<(), RefusedUrl> {
        let loopback = [IpAddr::from(Ipv4Addr::LOCALHOST), Ipv6Addr::LOCALHOST.into()];
        if name == "localhost" && loopback.into_iter().any(|address| self.reach.is_allowed(address)) {
            return Ok(());
        }
        // The same host by another name: what is counted and limited by name would be counted twice.
        if name.ends_with('.') {
            return Err(RefusedUrl::TrailingDot);
        }
        if is_local(name) {
            return Err(RefusedUrl::LocalName);
        }
        if !name.contains('.') {
            return Err(RefusedUrl::SingleLabel);
        }
        Ok(())
    }
}

fn is_local(name: &str) -> bool {
    let within =
        |zone| name.strip_suffix(zone).is_some_and(|rest: &str| rest.is_empty() || rest.ends_with('.'));
    LOCAL_NAMES.into_iter().any(within)
}

/// Mail, shells and databases must not be spoken to in the shape of a request that they half understand.
fn check_port(url: &Url) -> Result<(), RefusedUrl> {
    match url.port_or_known_default() {
        Some(443 | 1_024..) => Ok(()),
        // Only allowed networks are reached by http, and this is its port.
        Some(80) if url.scheme() == "http" => Ok(()),
        _ => Err(RefusedUrl::Port),
    }
}

#[cfg(test)]
mod tests;
