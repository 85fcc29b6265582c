use proptest::prelude::*;

use super::*;

/// Refused ranges, as the registries print them.
const REFUSED_V4: [&str; 15] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
];

const REFUSED_V6: [&str; 14] = [
    "::/8",
    "64:ff9b:1::/48",
    "100::/64",
    "2001::/32",
    "2001:db8::/32",
    "2002::/16",
    "3fff::/20",
    "5f00::/16",
    "fc00::/7",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
    "4000::/2",
    "8000::/1",
];

/// Any address of a network: `bits` fill what the prefix leaves.
fn within(network: IpNet, bits: u128) -> IpAddr {
    match network {
        IpNet::V4(network) => {
            let host = u32::try_from(bits & u128::from(u32::MAX)).unwrap();
            Ipv4Addr::from_bits(network.network().to_bits() | (host & network.hostmask().to_bits())).into()
        }
        IpNet::V6(network) => {
            Ipv6Addr::from_bits(network.network().to_bits() | (bits & network.hostmask().to_bits())).into()
        }
    }
}

/// Every way to write an IPv4 address into an IPv6 one that something on the way may unpack.
fn embedded(address: Ipv4Addr) -> Vec<IpAddr> {
    let low = u128::from(address.to_bits());
    let prefix = |text: &str| text.parse::<Ipv6Addr>().unwrap().to_bits();
    [
        prefix("::ffff:0:0") | low,
        prefix("::") | low,
        prefix("64:ff9b::") | low,
        prefix("64:ff9b:1::") | low,
        prefix("2002::") | (low << 80),
        prefix("2a00:1450::5efe:0:0") | low,
        prefix("2a00:1450::200:5efe:0:0") | low,
        // Teredo: the server's address plain, the client's inverted.
        prefix("2001::") | (low << 64),
        prefix("2001::") | (low ^ u128::from(u32::MAX)),
    ]
    .into_iter()
    .map(|bits| Ipv6Addr::from_bits(bits).into())
    .collect()
}

fn network(text: &str) -> IpNet {
    text.parse().unwrap()
}

proptest! {
    #[test]
    fn no_address_of_a_refused_range_passes_in_any_embedding(range in 0..REFUSED_V4.len(), bits: u128) {
        let reach = Reach::default();
        let address = within(network(REFUSED_V4[range]), bits);
        prop_assert!(!reach.permits(address), "{address}");
        let IpAddr::V4(address) = address else { unreachable!("a range of IPv4") };
        for embedded in embedded(address) {
            prop_assert!(!reach.permits(embedded), "{address} as {embedded}");
        }
    }

    #[test]
    fn no_address_of_a_refused_ipv6_range_passes(range in 0..REFUSED_V6.len(), bits: u128) {
        let address = within(network(REFUSED_V6[range]), bits);
        prop_assert!(!Reach::default().permits(address), "{address}");
    }

    #[test]
    fn all_other_ipv4_addresses_pass_plain_and_as_those_of_a_translator(bits: u32) {
        let address = Ipv4Addr::from_bits(bits);
        prop_assume!(!REFUSED_V4.iter().any(|range| network(range).contains(&IpAddr::from(address))));
        prop_assume!(address != Ipv4Addr::new(168, 63, 129, 16));
        prop_assert!(Reach::default().permits(address.into()));
        prop_assert!(Reach::default().permits(embedded(address)[0]));
        prop_assert!(Reach::default().permits(embedded(address)[2]));
    }

    #[test]
    fn an_allowed_network_lets_in_its_own_addresses_and_no_others(bits: u128) {
        let reach = Reach::new(vec![network("10.1.0.0/16"), network("fd00:1::/32")]);
        for allowed in ["10.1.0.0/16", "fd00:1::/32"] {
            let address = within(network(allowed), bits);
            prop_assert!(reach.permits(address) && reach.is_allowed(address), "{address}");
        }
        for other in ["10.2.0.0/16", "127.0.0.0/8", "fd00:2::/32", "169.254.0.0/16"] {
            prop_assert!(!reach.permits(within(network(other), bits)));
        }
    }
}

#[test]
fn well_known_public_addresses_pass_and_are_not_allowed_networks() {
    let reach = Reach::new(vec![network("10.0.0.0/8")]);
    for text in ["1.1.1.1", "93.184.216.34", "172.32.0.1", "2606:4700::1111", "2a00:1450:400f::200e"] {
        let address = text.parse().unwrap();
        assert!(reach.permits(address) && !reach.is_allowed(address), "{text}");
    }
}

#[test]
fn the_metadata_services_of_clouds_are_refused() {
    for text in [
        "169.254.169.254",
        "169.254.170.2",
        "100.100.100.200",
        "192.0.0.192",
        "168.63.129.16",
        "fd00:ec2::254",
    ] {
        assert!(!Reach::default().permits(text.parse().unwrap()), "{text}");
    }
}
