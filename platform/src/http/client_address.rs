//! Who is at the other end, where proxies stand between.

use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, HeaderName};
use ipnet::IpNet;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Where a request began: the peer, or whom trusted proxies name. The shell puts it into every request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

/// The proxies whose word is taken for where a request began (`TRUSTED_PROXIES`); none by default.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// Those with an address in one of `networks`.
    pub fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    /// Whether it is one of them.
    pub fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The client of a request that came from `peer` with these headers.
    ///
    /// Proxies append: what stands to the right was written last. So it is read from the right, for as long as a
    /// proxy of ours vouches for what stands left of it; the first that is none of ours is the client. Whatever
    /// stands further left was sent by the client itself and means nothing. Where a trusted proxy wrote something
    /// that is no address, that proxy counts as the client: better one caller too few than one of their choice.
    ///
    /// `Forwarded` (RFC 7239) is not read: two headers for one thing are two answers.
    pub(super) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        // A proxy may add a header of its own instead of appending to the one there: they count as one list.
        let values = headers.get_all(FORWARDED_FOR).iter().rev();
        let mut entries = values.flat_map(|value| value.as_bytes().rsplit(|byte| *byte == b','));
        while self.trusts(client) {
            match entries.next().map(address) {
                Some(Some(address)) => client = address,
                Some(None) | None => break,
            }
        }
        client
    }

    /// Whether the client's connection was encrypted, as far as a trusted proxy says so.
    pub(super) fn is_over_tls(&self, peer: IpAddr, headers: &HeaderMap) -> bool {
        let mut values = headers.get_all(FORWARDED_PROTO).iter();
        let said = values.next().is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"https"));
        // Two words for it, of which one is not the proxy's.
        said && values.next().is_none() && self.trusts(peer)
    }
}

/// One entry: an address, as some write it with a port or in brackets.
fn address(entry: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(entry).ok()?.trim_matches([' ', '\t']);
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let address = match bare {
        Some(inside) => IpAddr::V6(inside.parse().ok()?),
        None => text.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()))?,
    };
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests;
