//! Which addresses may be reached.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// What a stranger must not make us talk to: ourselves, our neighbours, the cloud's own services.
///
/// # Source
/// IANA's registry of special-purpose IPv4 addresses, without those that are globally reachable.
const INNER_V4: [Ipv4Net; 16] = [
    v4(0, 0, 0, 0, 8),
    v4(10, 0, 0, 0, 8),
    v4(100, 64, 0, 0, 10),
    v4(127, 0, 0, 0, 8),
    // The metadata services of clouds, which hand out keys to whoever asks, are in here.
    v4(169, 254, 0, 0, 16),
    v4(172, 16, 0, 0, 12),
    v4(192, 0, 0, 0, 24),
    v4(192, 0, 2, 0, 24),
    v4(192, 88, 99, 0, 24),
    v4(192, 168, 0, 0, 16),
    v4(198, 18, 0, 0, 15),
    v4(198, 51, 100, 0, 24),
    v4(203, 0, 113, 0, 24),
    v4(224, 0, 0, 0, 4),
    v4(240, 0, 0, 0, 4),
    // Looks public, and is what a virtual machine on Azure reaches its host's services by.
    v4(168, 63, 129, 16, 32),
];

/// All that is public in IPv6: whatever is outside of it is refused without being listed.
const GLOBAL_V6: Ipv6Net = v6([0x2000, 0, 0], 3);

/// What is refused inside of [`GLOBAL_V6`].
const INNER_V6: [Ipv6Net; 5] = [
    // Protocol assignments: Teredo, which carries an IPv4 address, benchmarks, hash identifiers.
    v6([0x2001, 0, 0], 23),
    v6([0x2001, 0xdb8, 0], 32),
    // 6to4 carries an IPv4 address and is given up; nobody has a server there.
    v6([0x2002, 0, 0], 16),
    // Documentation.
    v6([0x3fff, 0, 0], 20),
    // The old test network.
    v6([0x3ffe, 0, 0], 16),
];

/// What stands for an IPv4 address behind a translator: judged by that.
const TRANSLATED: Ipv6Net = v6([0x64, 0xff9b, 0], 96);

/// What may be reached: public addresses, and private networks that the operator names.
#[derive(Clone, Debug, Default)]
pub(super) struct Reach {
    allowed_networks: Vec<IpNet>,
}

impl Reach {
    pub(super) fn new(allowed_networks: Vec<IpNet>) -> Self {
        Self { allowed_networks }
    }

    /// Nothing private may be reached.
    pub(super) fn is_public_only(&self) -> bool {
        self.allowed_networks.is_empty()
    }

    /// The address is in a network that the operator names.
    pub(super) fn is_allowed(&self, address: IpAddr) -> bool {
        let address = judged(address);
        self.allowed_networks.iter().any(|network| network.contains(&address))
    }

    /// The address may be reached.
    pub(super) fn permits(&self, address: IpAddr) -> bool {
        self.is_allowed(address) || is_public(address)
    }
}

fn is_public(address: IpAddr) -> bool {
    match judged(address) {
        IpAddr::V4(address) => !INNER_V4.iter().any(|network| network.contains(&address)),
        IpAddr::V6(address) => {
            GLOBAL_V6.contains(&address)
                && !INNER_V6.iter().any(|network| network.contains(&address))
                && !is_isatap(address)
        }
    }
}

/// The address that packets to this one arrive at: `::ffff:127.0.0.1` is 127.0.0.1 to the machine.
fn judged(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) if TRANSLATED.contains(&address) => {
            let [.., a, b, c, d] = address.octets();
            Ipv4Addr::new(a, b, c, d).into()
        }
        other => other,
    }
}

/// Any prefix, then `0:5efe` or `200:5efe` and an IPv4 address that a router may unpack.
///
/// # Source
/// RFC 5214, section 6.1.
fn is_isatap(address: Ipv6Addr) -> bool {
    let [.., high, low, _, _] = address.segments();
    matches!(high, 0 | 0x0200) && low == 0x5efe
}

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6([a, b, c]: [u16; 3], prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0), prefix)
}

#[cfg(test)]
mod tests;
