use super::*;

fn policy(networks: &[&str]) -> UrlPolicy {
    UrlPolicy::new(networks.iter().map(|network| network.parse().unwrap()).collect())
}

fn refusal(policy: &UrlPolicy, url: &str) -> RefusedUrl {
    policy.check(url).expect_err(url)
}

#[test]
fn public_https_urls_are_taken_as_they_are() {
    for url in [
        "https://partner.example/iris?tenant=7",
        "https://partner.example:8443/",
        "https://partner.example:1024/",
        "https://1.1.1.1/",
        "https://[2606:4700::1111]/",
        "https://xn--gteborg-90a.example/",
    ] {
        assert_eq!(policy(&[]).check(url).expect(url).as_str(), url);
    }
}

#[test]
fn each_fault_is_refused_for_what_it_is() {
    let long = format!("https://partner.example/{}", "a".repeat(2_048));
    let grows = format!("https://partner.example/{}", "å".repeat(1_000));
    for (url, why) in [
        ("", RefusedUrl::Malformed),
        ("partner.example/iris", RefusedUrl::Malformed),
        ("/iris", RefusedUrl::Malformed),
        ("https://", RefusedUrl::Malformed),
        ("https://partner.example/a b", RefusedUrl::Malformed),
        ("https://part\nner.example/", RefusedUrl::Malformed),
        (" https://partner.example/", RefusedUrl::Malformed),
        ("https:\\\\partner.example\\", RefusedUrl::Malformed),
        ("https://1.2.3.400/", RefusedUrl::Malformed),
        (&long, RefusedUrl::TooLong),
        (&grows, RefusedUrl::TooLong),
        ("http://partner.example/", RefusedUrl::Scheme),
        ("http://127.0.0.1/", RefusedUrl::Scheme),
        ("ftp://partner.example/", RefusedUrl::Scheme),
        ("file:///etc/passwd", RefusedUrl::Scheme),
        ("unix:/run/nats.sock", RefusedUrl::Scheme),
        ("https://user@partner.example/", RefusedUrl::Credentials),
        ("https://:secret@partner.example/", RefusedUrl::Credentials),
        ("https://partner.example@10.0.0.1/", RefusedUrl::Credentials),
        ("https://partner.example/#top", RefusedUrl::Fragment),
        ("https://partner.example:22/", RefusedUrl::Port),
        ("https://partner.example:80/", RefusedUrl::Port),
        ("https://partner.example:1023/", RefusedUrl::Port),
        ("https://partner.example:0/", RefusedUrl::Port),
        ("https://10.0.0.1/", RefusedUrl::Address),
        ("https://partner/", RefusedUrl::SingleLabel),
        ("https://partner.example./", RefusedUrl::TrailingDot),
        ("https://localhost./", RefusedUrl::TrailingDot),
        ("https://localhost/", RefusedUrl::LocalName),
        ("https://LOCALHOST/", RefusedUrl::LocalName),
        ("https://iris.localhost/", RefusedUrl::LocalName),
        ("https://printer.local/", RefusedUrl::LocalName),
        ("https://metadata.google.internal/", RefusedUrl::LocalName),
        ("https://internal/", RefusedUrl::LocalName),
        ("https://nas.home.arpa/", RefusedUrl::LocalName),
    ] {
        assert_eq!(refusal(&policy(&[]), url), why, "{url}");
    }
}

#[test]
fn names_that_only_look_local_are_taken() {
    for url in ["https://mylocal.example/", "https://notlocal.se/", "https://localhost.example/"] {
        assert!(policy(&[]).check(url).is_ok(), "{url}");
    }
}

#[test]
fn plain_http_and_private_addresses_are_for_allowed_networks_alone() {
    let policy = policy(&["10.1.0.0/16"]);
    for url in
        ["http://10.1.2.3/", "http://10.1.2.3:8080/", "https://10.1.2.3/", "http://hooks.corp.example/"]
    {
        assert!(policy.check(url).is_ok(), "{url}");
    }
    assert_eq!(refusal(&policy, "http://10.2.0.1/"), RefusedUrl::Scheme);
    assert_eq!(refusal(&policy, "http://1.1.1.1/"), RefusedUrl::Scheme);
    assert_eq!(refusal(&policy, "https://10.2.0.1/"), RefusedUrl::Address);
    assert_eq!(refusal(&policy, "https://10.1.2.3:80/"), RefusedUrl::Port);
    assert_eq!(refusal(&policy, "http://10.1.2.3:25/"), RefusedUrl::Port);
    assert_eq!(refusal(&policy, "http://localhost/"), RefusedUrl::LocalName, "loopback is another network");
}

#[test]
fn localhost_is_taken_where_a_loopback_address_is_allowed() {
    for networks in [["127.0.0.0/8"], ["::1/128"]] {
        assert!(policy(&networks).check("http://localhost:8080/").is_ok());
        assert_eq!(refusal(&policy(&networks), "http://iris.localhost:8080/"), RefusedUrl::LocalName);
    }
}

#[test]
fn every_refusal_has_its_own_code_and_clause() {
    let all = [
        RefusedUrl::Malformed,
        RefusedUrl::TooLong,
        RefusedUrl::Scheme,
        RefusedUrl::Credentials,
        RefusedUrl::Fragment,
        RefusedUrl::Port,
        RefusedUrl::Address,
        RefusedUrl::SingleLabel,
        RefusedUrl::TrailingDot,
        RefusedUrl::LocalName,
    ];
    let codes: std::collections::BTreeSet<_> = all.iter().map(|refused| refused.code()).collect();
    let clauses: std::collections::BTreeSet<_> = all.iter().map(ToString::to_string).collect();
    assert_eq!((codes.len(), clauses.len()), (all.len(), all.len()));
    assert!(clauses.iter().all(|clause| clause.starts_with("must ")));
}
