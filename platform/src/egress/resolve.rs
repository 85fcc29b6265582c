//! Names to addresses. The addresses that are judged are those that are dialled: there is no second look-up
//! that could be answered differently.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use hickory_resolver::{
    TokioResolver,
    config::{LookupIpStrategy, NameServerConfig, ResolveHosts, ResolverConfig},
    net::{NetError, runtime::TokioRuntimeProvider},
    proto::rr,
    system_conf::read_system_conf,
};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use thiserror::Error;
use tokio::time::timeout;

use super::address::Reach;

/// For one name, all questions to all servers together. A name's own servers belong to strangers, too, and
/// may be as slow as they like.
const BUDGET: Duration = Duration::from_secs(3);
/// For one question to one server.
const QUESTION_TIMEOUT: Duration = Duration::from_secs(1);
/// A name that moved is found within this, whatever its owner said.
const FOUND_TTL_MAX: Duration = Duration::from_mins(1);
/// A name that was not there is asked for again after this.
const MISSING_TTL_MAX: Duration = Duration::from_secs(10);
/// Of many addresses, as many are dialled: an answer with hundreds would have us knock at strangers' doors.
const DIALLED_MAX: usize = 8;

/// Which addresses a name may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Accepted {
    /// Public ones and those of allowed networks.
    PublicAndAllowed,
    /// Those of allowed networks.
    AllowedAlone,
}

/// Why a name has no address for us.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub(super) enum Unresolved {
    /// It has none, or nobody said so in time.
    #[error("the name has no address")]
    NoAddress,
    /// One of its addresses must not be reached.
    #[error("the name has an address that must not be reached")]
    Refused,
}

/// Looks names up for the HTTP client; cheap to clone, shares its cache.
#[derive(Clone)]
pub(super) struct Names {
    resolver: TokioResolver,
    reach: Reach,
    accepted: Accepted,
}

impl Names {
    /// Asks `nameserver`, else those of the system as they are now.
    pub(super) fn try_new(
        nameserver: Option<SocketAddr>,
        reach: Reach,
        accepted: Accepted,
    ) -> Result<Self, NetError> {
        let provider = TokioRuntimeProvider::default();
        let mut builder = TokioResolver::builder_with_config(nameservers(nameserver), provider);
        let options = builder.options_mut();
        // Names mean what the world says that they mean, not what this machine's file says.
        options.use_hosts_file = ResolveHosts::Never;
        options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
        options.timeout = QUESTION_TIMEOUT;
        options.positive_max_ttl = Some(FOUND_TTL_MAX);
        options.negative_max_ttl = Some(MISSING_TTL_MAX);
        Ok(Self { resolver: builder.build()?, reach, accepted })
    }

    /// What to dial for `name`: not empty, and every one of them may be reached.
    pub(super) async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, Unresolved> {
        let mut found = match name {
            // Never asked for: a nameserver's answer would be no better than ours. The policy lets it pass
            // only where a loopback address is allowed.
            "localhost" => self.loopback(),
            name => timeout(BUDGET, self.look_up(name)).await.unwrap_or_default(),
        };
        if found.is_empty() {
            return Err(Unresolved::NoAddress);
        }
        // One forbidden address condemns the name: with the rest alone, who answers could try until the
        // connection happens to go where it must not.
        if !found.iter().all(|address| self.accepts(*address)) {
            return Err(Unresolved::Refused);
        }
        found.truncate(DIALLED_MAX);
        Ok(found)
    }

    async fn look_up(&self, name: &str) -> Vec<IpAddr> {
        let Ok(mut name) = rr::Name::from_ascii(name) else { return Vec::new() };
        // Complete as it is: no search domain is tried behind it.
        name.set_fqdn(true);
        self.resolver.lookup_ip(name).await.map(|found| found.iter().collect()).unwrap_or_default()
    }

    fn accepts(&self, address: IpAddr) -> bool {
        match self.accepted {
            Accepted::PublicAndAllowed => self.reach.permits(address),
            Accepted::AllowedAlone => self.reach.is_allowed(address),
        }
    }

    fn loopback(&self) -> Vec<IpAddr> {
        let both = [IpAddr::from(Ipv4Addr::LOCALHOST), Ipv6Addr::LOCALHOST.into()];
        both.into_iter().filter(|address| self.reach.is_allowed(*address)).collect()
    }
}

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        let names = self.clone();
        Box::pin(async move {
            let found = names.addresses(name.as_str()).await?;
            // Port 0: the client puts the URL's in its place.
            let found = found.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(found) as Addrs)
        })
    }
}

fn nameservers(given: Option<SocketAddr>) -> ResolverConfig {
    let servers = match given {
        Some(given) => {
            let mut server = NameServerConfig::udp_and_tcp(given.ip());
            server.connections.iter_mut().for_each(|connection| connection.port = given.port());
            vec![server]
        }
        // Without a file that names one, the C library asks this machine, too.
        None => read_system_conf().map_or_else(
            |_| vec![NameServerConfig::udp_and_tcp(Ipv4Addr::LOCALHOST.into())],
            |(config, _)| config.name_servers,
        ),
    };
    ResolverConfig::from_name_servers(servers)
}
