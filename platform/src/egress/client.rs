//! The HTTP client, with everything off that would reach further than one request.

use std::time::Duration;

use reqwest::{Certificate, Client, ClientBuilder, redirect, retry, tls};

use super::{
    EgressError, EgressSettings,
    address::Reach,
    resolve::{Accepted, Names},
};

/// A connection that rests for longer is closed: it stays on the address that was judged when it began.
const IDLE_MAX: Duration = Duration::from_secs(30);
/// Resting connections per host.
const IDLE_CONNECTIONS_MAX: usize = 32;

/// A client for URLs that the policy took, to the addresses that are `accepted`.
///
/// Heads of answers are bounded by hyper: 100 headers, about 400 KiB.
pub(super) fn client(
    settings: &EgressSettings,
    reach: Reach,
    accepted: Accepted,
    roots: &[Certificate],
) -> Result<Client, EgressError> {
    let names = Names::try_new(settings.nameserver, reach, accepted)?;
    let client = ClientBuilder::new()
        .user_agent(&settings.user_agent)
        .connect_timeout(settings.connect_timeout)
        .dns_resolver(names)
        // A redirect is the easiest way around all checks: https://partner.example says "see 169.254.169.254".
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        // A proxy of the environment would look names up itself, and reach what we must not.
        .no_proxy()
        // Defence in depth: the policy has already sent plain http to the other client.
        .https_only(accepted == Accepted::PublicAndAllowed)
        .tls_version_min(tls::Version::TLS_1_2)
        .tls_certs_merge(roots.iter().cloned())
        // One request at a time per connection: no peer holds many answers open, or resets them in bulk.
        .http1_only()
        .referer(false)
        // Kilobytes that unpack to gigabytes. Said here, because another crate may switch the features on.
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate()
        .pool_idle_timeout(IDLE_MAX)
        .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX);
    Ok(client.build()?)
}
