use axum::http::HeaderValue;
use proptest::prelude::*;

use super::*;

fn proxies() -> TrustedProxies {
    TrustedProxies::new(vec!["10.0.0.0/8".parse().unwrap(), "2001:db8:aaaa::/48".parse().unwrap()])
}

fn forwarded(values: &[&[u8]]) -> HeaderMap {
    let value = |bytes: &&[u8]| (FORWARDED_FOR, HeaderValue::from_bytes(bytes).unwrap());
    values.iter().map(value).collect()
}

fn client(peer: &str, values: &[&str]) -> String {
    let values: Vec<&[u8]> = values.iter().map(|value| value.as_bytes()).collect();
    proxies().client(peer.parse().unwrap(), &forwarded(&values)).to_string()
}

#[test]
fn the_client_is_whom_the_last_trusted_proxy_names() {
    let cases: &[(&str, &[&str], &str)] = &[
        // Nobody stands between, whatever the caller says.
        ("192.0.2.9", &[], "192.0.2.9"),
        ("192.0.2.9", &["203.0.113.1"], "192.0.2.9"),
        ("192.0.2.9", &["10.0.0.1"], "192.0.2.9"),
        ("2001:db8:bbbb::1", &["203.0.113.1"], "2001:db8:bbbb::1"),
        // One proxy.
        ("10.0.0.1", &["203.0.113.1"], "203.0.113.1"),
        ("2001:db8:aaaa::1", &["2001:db8:bbbb::7"], "2001:db8:bbbb::7"),
        ("::ffff:10.0.0.1", &["203.0.113.1"], "203.0.113.1"),
        ("10.0.0.1", &["::ffff:203.0.113.1"], "203.0.113.1"),
        // What the client has written itself stands further left.
        ("10.0.0.1", &["1.1.1.1, 203.0.113.1"], "203.0.113.1"),
        ("10.0.0.1", &["1.1.1.1", "203.0.113.1"], "203.0.113.1"),
        ("10.0.0.1", &["10.9.9.9, 203.0.113.1"], "203.0.113.1"),
        ("10.0.0.1", &["garbage, \"', 203.0.113.1"], "203.0.113.1"),
        // Several proxies, in one header or in several.
        ("10.0.0.1", &["1.1.1.1, 203.0.113.1, 10.0.0.2"], "203.0.113.1"),
        ("10.0.0.1", &["1.1.1.1, 203.0.113.1", "10.0.0.2, 10.0.0.3"], "203.0.113.1"),
        ("10.0.0.1", &["203.0.113.1,2001:db8:aaaa::2"], "203.0.113.1"),
        // Ports, brackets, blanks.
        ("10.0.0.1", &["203.0.113.1:4711"], "203.0.113.1"),
        ("10.0.0.1", &["[2001:db8:bbbb::7]:443"], "2001:db8:bbbb::7"),
        ("10.0.0.1", &[" [2001:db8:bbbb::7] "], "2001:db8:bbbb::7"),
        ("10.0.0.1", &["203.0.113.1 ,\t10.0.0.2"], "203.0.113.1"),
        // A proxy that names nobody stands for whoever is behind it.
        ("10.0.0.1", &[], "10.0.0.1"),
        ("10.0.0.1", &[""], "10.0.0.1"),
        ("10.0.0.1", &["unknown"], "10.0.0.1"),
        ("10.0.0.1", &["203.0.113.1, unknown"], "10.0.0.1"),
        ("10.0.0.1", &["203.0.113.1, _hidden, 10.0.0.2"], "10.0.0.2"),
        ("10.0.0.1", &["203.0.113.1,"], "10.0.0.1"),
        ("10.0.0.1", &["[203.0.113.1]"], "10.0.0.1"),
        ("10.0.0.1", &["203.0.113.1:99999"], "10.0.0.1"),
        ("10.0.0.1", &["203.0.113.01"], "10.0.0.1"),
        ("10.0.0.1", &["203.0.113.1 203.0.113.2"], "10.0.0.1"),
        ("10.0.0.1", &["fe80::1%eth0"], "10.0.0.1"),
        // Everybody is ours: the one furthest away.
        ("10.0.0.1", &["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
    ];
    for (peer, values, expected) in cases {
        assert_eq!(client(peer, values), *expected, "{peer} {values:?}");
    }
}

#[test]
fn without_trusted_proxies_the_header_means_nothing() {
    let nobody = TrustedProxies::default();
    let headers = forwarded(&[b"203.0.113.1"]);
    for peer in ["127.0.0.1", "10.0.0.1", "::1"] {
        let peer: IpAddr = peer.parse().unwrap();
        assert_eq!(nobody.client(peer, &headers), peer);
    }
}

#[test]
fn tls_is_believed_of_trusted_proxies_alone() {
    let told = |peer: &str, words: &[&'static str]| {
        let value = |word: &&'static str| (FORWARDED_PROTO, HeaderValue::from_static(word));
        proxies().is_over_tls(peer.parse().unwrap(), &words.iter().map(value).collect())
    };
    assert!(told("10.0.0.1", &["https"]) && told("10.0.0.1", &["HTTPS"]));
    for words in [&[][..], &["http"], &["https, http"], &["https", "http"], &["wss"]] {
        assert!(!told("10.0.0.1", words), "{words:?}");
    }
    assert!(!told("192.0.2.9", &["https"]));
}

proptest! {
    #[test]
    fn no_header_moves_a_peer_that_is_not_trusted(values in any_values()) {
        let peer: IpAddr = "192.0.2.9".parse().unwrap();
        prop_assert_eq!(proxies().client(peer, &headers_of(&values)), peer);
    }

    #[test]
    fn whatever_a_client_writes_its_proxy_has_the_last_word(values in any_values(), client in any::<u32>()) {
        let client = IpAddr::from(client.to_be_bytes());
        prop_assume!(!proxies().trusts(client));
        let mut headers = headers_of(&values);
        headers.append(FORWARDED_FOR, HeaderValue::from_str(&client.to_string()).unwrap());
        prop_assert_eq!(proxies().client("10.0.0.1".parse().unwrap(), &headers), client);
    }

    #[test]
    fn the_client_is_the_peer_or_an_address_that_stands_there(values in any_values()) {
        let peer: IpAddr = "10.0.0.1".parse().unwrap();
        let found = proxies().client(peer, &headers_of(&values));
        let named = values.iter().flat_map(|value| value.split(|byte| *byte == b',')).filter_map(address);
        prop_assert!(found == peer || named.into_iter().any(|address| address == found));
    }
}

/// Bytes as they may come, and lists that look right.
fn any_values() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let entry = prop_oneof![
        "[ \t]?(10|203)\\.[0-9]{1,3}\\.0\\.[0-9](:[0-9]{1,5})?[ \t]?",
        "\\[?[0-9a-f:]{2,12}\\]?(:[0-9]{1,5})?",
        "[ -~]{0,20}",
    ];
    let list = prop::collection::vec(entry, 0..5).prop_map(|entries| entries.join(",").into_bytes());
    let bytes = prop::collection::vec(any::<u8>(), 0..40);
    prop::collection::vec(prop_oneof![list, bytes], 0..4)
}

fn headers_of(values: &[Vec<u8>]) -> HeaderMap {
    let value = |bytes: &Vec<u8>| Some((FORWARDED_FOR, HeaderValue::from_bytes(bytes).ok()?));
    values.iter().filter_map(value).collect()
}
