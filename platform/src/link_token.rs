//! Links that carry their own permission: what a token says was said by this program, for one purpose.

use aws_lc_rs::{
    hkdf::{HKDF_SHA256, Salt},
    hmac::{HMAC_SHA256, Key, sign as tag_of, verify as verify_tag},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret, SecretString};

/// The purpose of links that end mails of a kind; the payload is `account_id:kind`.
pub const UNSUBSCRIBE: &str = "unsubscribe";

/// No token of ours is longer, in bytes; what is, is not looked at.
const TOKEN_MAX_BYTES: usize = 1024;

/// Signs tokens and verifies them. Cheap to share; shows nothing in `Debug`.
pub struct LinkKey(Key);

impl LinkKey {
    /// A key from a secret of at least 32 bytes, separated from whatever else that secret is used for.
    ///
    /// # Source
    /// HKDF-SHA256, RFC 5869.
    pub fn derive(secret: &SecretString) -> Self {
        let salt = Salt::new(HKDF_SHA256, b"iris.link.v1");
        let pseudo_random = salt.extract(secret.expose_secret().as_bytes());
        let output = pseudo_random.expand(&[b"hmac-sha256"], HMAC_SHA256);
        Self(output.expect("32 bytes are far below HKDF's limit").into())
    }

    /// A token that says `payload`, for whoever asks [`Self::verify`] with the same purpose. It does not
    /// lapse, and hides nothing: the payload can be read by whoever holds it.
    pub fn sign(&self, purpose: &str, payload: &str) -> String {
        let tag = tag_of(&self.0, &message(purpose, payload.as_bytes()));
        format!("{}.{}", URL_SAFE_NO_PAD.encode(payload), URL_SAFE_NO_PAD.encode(tag))
    }

    /// What the token says; `None` for whatever this key did not sign for that purpose.
    pub fn verify(&self, purpose: &str, token: &str) -> Option<String> {
        let (payload, tag) = Some(token).filter(|token| token.len() <= TOKEN_MAX_BYTES)?.split_once('.')?;
        let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
        let tag = URL_SAFE_NO_PAD.decode(tag).ok()?;
        // Compares in constant time: how long it takes tells nothing of how much of a guess was right.
        verify_tag(&self.0, &message(purpose, &payload), &tag).ok()?;
        String::from_utf8(payload).ok()
    }
}

/// The purpose's length stands first: no purpose and payload together read like another pair.
fn message(purpose: &str, payload: &[u8]) -> Vec<u8> {
    let length = u64::try_from(purpose.len()).expect("lengths fit into 64 bits");
    [&length.to_be_bytes(), purpose.as_bytes(), payload].concat()
}

impl std::fmt::Debug for LinkKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LinkKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(secret: &str) -> LinkKey {
        LinkKey::derive(&secret.to_owned().into())
    }

    const SECRET: &str = "one secret of thirty-two bytes !";

    #[test]
    fn a_token_says_its_payload_to_its_own_key_and_purpose_alone() {
        let token = key(SECRET).sign("unsubscribe", "åsa:stock_low");
        assert_eq!(key(SECRET).verify("unsubscribe", &token).as_deref(), Some("åsa:stock_low"));
        assert_eq!(key(SECRET).verify("invite", &token), None);
        assert_eq!(key("another secret of thirty-two byt").verify("unsubscribe", &token), None);
        assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)), "{token}");
    }

    #[test]
    fn a_purpose_cannot_borrow_from_the_payload() {
        let token = key(SECRET).sign("a", "bc");
        let (_, tag) = token.split_once('.').unwrap();
        let moved = format!("{}.{tag}", URL_SAFE_NO_PAD.encode("c"));
        assert_eq!(key(SECRET).verify("ab", &moved), None);
    }

    #[test]
    fn whatever_was_not_signed_says_nothing() {
        let key = key(SECRET);
        let token = key.sign("unsubscribe", "payload");
        for place in 0..token.len() {
            let mut altered = token.clone().into_bytes();
            altered[place] = if altered[place] == b'A' { b'B' } else { b'A' };
            assert_eq!(key.verify("unsubscribe", std::str::from_utf8(&altered).unwrap()), None, "{place}");
            assert_eq!(key.verify("unsubscribe", &token[..place]), None, "cut to {place}");
        }
        for bad in ["", ".", "..", "é.é", &format!("{token}."), &"A".repeat(5_000)] {
            assert_eq!(key.verify("unsubscribe", bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_signed_is_said_and_nothing_else(payload in ".{0,200}", purpose in "[a-z]{1,12}", forged in any::<String>()) {
            let key = key(SECRET);
            let token = key.sign(&purpose, &payload);
            prop_assert_eq!(key.verify(&purpose, &token), Some(payload));
            prop_assert_eq!(key.verify(&format!("{purpose}x"), &token), None);
            prop_assert_eq!(key.verify(&purpose, &forged), None);
            prop_assert_eq!(key.verify(&purpose, &format!("{token}{forged}x")), None);
        }

        #[test]
        fn no_token_panics(token in "[A-Za-z0-9_.=-]{0,120}") {
            prop_assert_eq!(key(SECRET).verify("unsubscribe", &token), None);
        }
    }
}
