use proptest::prelude::*;

use super::*;

/// Secret, id, timestamp, body, signature: as published by Standard Webhooks and by Svix.
const PUBLISHED: [(&str, &str, i64, &str, &str); 2] = [
    (
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1_614_265_330,
        r#"{"test": 2432232314}"#,
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    ),
    (
        "whsec_plJ3nmyCDGBKInavdOK15jsl",
        "msg_loFOjxBNrRLzqYUf",
        1_731_705_121,
        r#"{"event_type":"ping","data":{"success":true}}"#,
        "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=",
    ),
];

#[test]
fn the_published_examples_are_signed_as_published() {
    for (secret, id, timestamp_s, body, expected) in PUBLISHED {
        // The second's secret has 18 bytes, from before the standard set a least length.
        let bytes = BASE64_STANDARD.decode(secret.strip_prefix(PREFIX).unwrap()).unwrap();
        let signed = SigningSecret(bytes.into()).sign(id, timestamp_s, body.as_bytes());
        assert_eq!(signed, expected);
    }
}

#[test]
fn whatever_is_altered_alters_the_signature() {
    let secret = SigningSecret::generate();
    let genuine = secret.sign("msg_1", 1_700_000_000, b"{\"qty\":1}");
    assert_eq!(genuine, secret.sign("msg_1", 1_700_000_000, b"{\"qty\":1}"));
    for altered in [
        secret.sign("msg_2", 1_700_000_000, b"{\"qty\":1}"),
        secret.sign("msg_1", 1_700_000_001, b"{\"qty\":1}"),
        secret.sign("msg_1", 1_700_000_000, b"{\"qty\":2}"),
        secret.sign("msg_1", 1_700_000_000, b""),
        SigningSecret::generate().sign("msg_1", 1_700_000_000, b"{\"qty\":1}"),
    ] {
        assert_ne!(altered, genuine);
    }
}

#[test]
fn while_a_secret_is_replaced_both_sign_the_newest_first() {
    let (newest, old) = (SigningSecret::generate(), SigningSecret::generate());
    let body = "Göteborg".as_bytes();
    let header = signature_header(&[newest.clone(), old.clone()], "msg_1", 7, body);
    let tokens: Vec<&str> = header.split(' ').collect();
    assert_eq!(tokens, [newest.sign("msg_1", 7, body), old.sign("msg_1", 7, body)]);
    assert!(tokens.iter().all(|token| token.starts_with("v1,")));
    assert_eq!(signature_header(std::slice::from_ref(&old), "msg_1", 7, body), tokens[1]);
}

#[test]
fn a_secret_survives_its_text() {
    let secret = SigningSecret::generate();
    assert_eq!(secret.expose_bytes().len(), 32);
    let text = secret.to_text();
    assert_eq!(text.expose_secret().len(), "whsec_".len() + 44);
    let parsed = SigningSecret::parse(text.expose_secret()).unwrap();
    assert_eq!(parsed.expose_bytes(), secret.expose_bytes());
    assert_ne!(SigningSecret::generate().expose_bytes(), secret.expose_bytes());
}

#[test]
fn what_is_no_secret_is_refused_for_what_it_is() {
    let of = |bytes: usize| format!("whsec_{}", BASE64_STANDARD.encode(vec![7; bytes]));
    for bytes in [24, 32, 64] {
        assert!(SigningSecret::parse(&of(bytes)).is_ok(), "{bytes} bytes");
    }
    for (text, why) in [
        (of(23), InvalidSecret::Length),
        (of(65), InvalidSecret::Length),
        ("whsec_".to_owned(), InvalidSecret::Length),
        (String::new(), InvalidSecret::Prefix),
        (format!("v1,{}", of(32)), InvalidSecret::Prefix),
        (of(32).replace("whsec_", ""), InvalidSecret::Prefix),
        (format!("{} ", of(32)), InvalidSecret::Encoding),
        (of(32).replace('=', ""), InvalidSecret::Encoding),
        ("whsec_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_".to_owned(), InvalidSecret::Encoding),
    ] {
        assert_eq!(SigningSecret::parse(&text).map(|_| ()), Err(why), "{text}");
    }
}

#[test]
fn nothing_of_a_secret_is_shown() {
    let secret = SigningSecret::generate();
    let shown = format!("{secret:?} {:?}", secret.to_text());
    assert!(!shown.contains(secret.to_text().expose_secret()));
    assert!(shown.starts_with("SigningSecret(…)"));
}

proptest! {
    #[test]
    fn a_secret_is_shown_as_it_is_read(bytes in prop::collection::vec(any::<u8>(), 0..80), text in any::<String>(), encoded in "whsec_[A-Za-z0-9+/=]{0,90}") {
        let secret = SigningSecret::try_from_bytes(&bytes);
        prop_assert_eq!(secret.is_ok(), (24..=64).contains(&bytes.len()));
        if let Ok(secret) = secret {
            let again = SigningSecret::parse(secret.to_text().expose_secret()).unwrap();
            prop_assert_eq!(again.expose_bytes(), bytes);
        }
        prop_assert!(SigningSecret::parse(&text).is_err());
        if let Ok(secret) = SigningSecret::parse(&encoded) {
            let shown = secret.to_text();
            prop_assert_eq!(shown.expose_secret(), encoded);
        }
    }
}
