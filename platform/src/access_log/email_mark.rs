//! Marks of e-mail addresses: so that repeated attempts on one address can be seen, and no address read.

use aws_lc_rs::{
    hkdf::{HKDF_SHA256, Salt},
    hmac::{HMAC_SHA256, Key, sign},
};
use secrecy::{ExposeSecret, SecretString};

/// Half of the hash: enough to tell addresses apart.
const MARK_BYTES: usize = 16;

pub(super) struct EmailMarks(Key);

impl EmailMarks {
    /// A key from a secret of at least 32 bytes, separated from whatever else that secret is used for.
    ///
    /// # Source
    /// HKDF-SHA256, RFC 5869.
    pub(super) fn derive(secret: &SecretString) -> Self {
        let salt = Salt::new(HKDF_SHA256, b"iris.access_log.v1");
        let pseudo_random = salt.extract(secret.expose_secret().as_bytes());
        let output = pseudo_random.expand(&[b"hmac-sha256"], HMAC_SHA256);
        Self(output.expect("32 bytes are far below HKDF's limit").into())
    }

    /// Keyed, for a plain hash of an address is undone by hashing all addresses that one can think of.
    pub(super) fn of(&self, email: &str) -> String {
        let tag = sign(&self.0, email.trim().to_lowercase().as_bytes());
        hex::encode(&tag.as_ref()[..MARK_BYTES])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_one_mark_per_key_and_does_not_stand_in_it() {
        let marks = EmailMarks::derive(&"one secret of thirty-two bytes !".into());
        let mark = marks.of("cook@iris.test");
        assert_eq!(mark, marks.of(" Cook@IRIS.test"));
        assert_eq!(mark.len(), 32);
        assert_ne!(mark, marks.of("cook@iris.tes"));
        assert_ne!(mark, EmailMarks::derive(&"another secret of thirty-two byt".into()).of("cook@iris.test"));
    }
}
