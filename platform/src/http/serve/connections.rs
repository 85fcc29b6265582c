//! How many connections there are, in all and from one address.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use metrics::{counter, describe_counter, describe_gauge, gauge};
use nix::sys::resource::{Resource, getrlimit};

use crate::http::{TrustedProxies, limits::Network};

/// Most connections of a process, at some 50 kB each while a head or a small body comes in.
const CONNECTIONS_MAX: usize = 8_192;
/// Most of them from one address (IPv6: one /64): 16 of them are needed to take all.
const PER_ADDRESS_MAX: usize = 512;
/// Files that a process opens besides: its pool, NATS, requests of its own, uploads.
const OTHER_FILES: usize = 256;

const OPEN: &str = "iris_connections";
const REFUSED: &str = "iris_connections_refused_total";

/// Says what the metrics of connections mean.
pub(crate) fn describe() {
    describe_gauge!(OPEN, "Connections that clients hold open to this process.");
    describe_counter!(
        REFUSED,
        "Connections closed as soon as they were made, by reason: process (there were as many as there may be), \
         address (as many from that address)."
    );
}

/// How many connections may be open at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bounds {
    pub(super) in_all: usize,
    pub(super) per_address: usize,
}

impl Bounds {
    /// The documented ones, or as many as the process may open files for, if these are fewer.
    pub(super) fn of_this_process() -> Self {
        let files = getrlimit(Resource::RLIMIT_NOFILE)
            .map_or(usize::MAX, |(soft, _)| usize::try_from(soft).unwrap_or(usize::MAX));
        Self::for_files(files)
    }

    /// Out of files, a process can neither accept a connection nor open one to its database.
    fn for_files(files: usize) -> Self {
        let in_all = CONNECTIONS_MAX.min(files.saturating_sub(OTHER_FILES)).max(1);
        Self { in_all, per_address: PER_ADDRESS_MAX.min(in_all / 2).max(1) }
    }
}

/// The connections that are open.
#[derive(Clone, Debug)]
pub(super) struct Connections(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    bounds: Bounds,
    trusted: TrustedProxies,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    in_all: usize,
    /// Of addresses that have one: no longer than `in_all`.
    by_network: HashMap<Network, usize>,
}

/// A connection that was let in; it is counted until this is dropped.
#[derive(Debug)]
pub(super) struct Admitted {
    connections: Connections,
    network: Option<Network>,
}

impl Connections {
    pub(super) fn new(bounds: Bounds, trusted: TrustedProxies) -> Self {
        Self(Arc::new(Inner { bounds, trusted, open: Mutex::default() }))
    }

    /// Lets a peer in; `None` where there are enough, and the caller closes the connection.
    ///
    /// Closed at once and not kept waiting: a client is told that this process is full while it can still go to
    /// another, and nothing is spent on it. Proxies of ours are counted in all only, for everybody comes by them.
    pub(super) fn admit(&self, peer: IpAddr) -> Option<Admitted> {
        let network = (!self.0.trusted.trusts(peer)).then(|| Network::from(peer));
        let mut open = self.open();
        if open.in_all >= self.0.bounds.in_all {
            counter!(REFUSED, "reason" => "process").increment(1);
            return None;
        }
        if let Some(network) = network {
            let of_network = open.by_network.entry(network).or_default();
            if *of_network >= self.0.bounds.per_address {
                counter!(REFUSED, "reason" => "address").increment(1);
                return None;
            }
            *of_network += 1;
        }
        open.in_all += 1;
        gauge!(OPEN).increment(1);
        Some(Admitted { connections: self.clone(), network })
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        let mut open = self.connections.open();
        open.in_all -= 1;
        gauge!(OPEN).decrement(1);
        let Some(network) = self.network else { return };
        let of_network = open.by_network.get_mut(&network).expect("it was counted when it was let in");
        *of_network -= 1;
        if *of_network == 0 {
            open.by_network.remove(&network);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connections() -> Connections {
        let trusted = TrustedProxies::new(vec!["10.0.0.0/8".parse().unwrap()]);
        Connections::new(Bounds { in_all: 4, per_address: 2 }, trusted)
    }

    fn admit(connections: &Connections, peer: &str) -> Option<Admitted> {
        connections.admit(peer.parse().unwrap())
    }

    #[test]
    fn one_address_has_its_share_and_a_place_that_is_left_is_free_again() {
        let connections = connections();
        let first = admit(&connections, "192.0.2.1").unwrap();
        let second = admit(&connections, "::ffff:192.0.2.1").unwrap();
        assert!(admit(&connections, "192.0.2.1").is_none());
        let other = admit(&connections, "192.0.2.2").unwrap();
        drop(first);
        let third = admit(&connections, "192.0.2.1").unwrap();
        drop((second, other, third));
        assert!(connections.open().by_network.is_empty(), "nothing is remembered of who is gone");
        assert_eq!(connections.open().in_all, 0);
    }

    #[test]
    fn all_together_have_theirs_and_proxies_are_not_counted_as_one_address() {
        let connections = connections();
        let held: Vec<_> = (0..4).filter_map(|_| admit(&connections, "10.0.0.1")).collect();
        assert_eq!(held.len(), 4);
        assert!(admit(&connections, "10.0.0.1").is_none() && admit(&connections, "192.0.2.1").is_none());
    }

    #[test]
    fn there_are_no_more_than_files_may_be_opened() {
        assert_eq!(Bounds::for_files(usize::MAX), Bounds { in_all: 8_192, per_address: 512 });
        assert_eq!(Bounds::for_files(1_024), Bounds { in_all: 768, per_address: 384 });
        assert_eq!(Bounds::for_files(100), Bounds { in_all: 1, per_address: 1 });
    }
}
