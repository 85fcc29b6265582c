//! One key that seals: AES-256-GCM under a random nonce. What seals a process's secrets is [`crate::secrets`].

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey},
    hkdf::{HKDF_SHA256, KeyType, Salt},
};
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use thiserror::Error;

/// Says which key derivation and cipher made the bytes, so that they can be told apart when one changes.
pub(crate) const FORMAT: u8 = 1;
pub(crate) const KEY_BYTES: usize = 32;

/// Seals and opens. Cheap to share; shows nothing in `Debug`.
pub struct SealKey(RandomizedNonceKey);

/// The bytes were not sealed by this key for this purpose, or were altered. Says nothing more on purpose.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("the sealed value cannot be opened with this key")]
pub struct CannotOpen;

struct Length;

impl KeyType for Length {
    fn len(&self) -> usize {
        KEY_BYTES
    }
}

impl SealKey {
    /// A key from a secret of at least 32 bytes, separated from whatever else that secret is used for.
    ///
    /// # Source
    /// HKDF-SHA256, RFC 5869.
    pub fn derive(secret: &SecretString) -> Self {
        let salt = Salt::new(HKDF_SHA256, b"iris.seal.v1");
        let pseudo_random = salt.extract(secret.expose_secret().as_bytes());
        let mut key = [0_u8; KEY_BYTES];
        let output = pseudo_random.expand(&[b"aes-256-gcm"], Length);
        output.and_then(|output| output.fill(&mut key)).expect("32 bytes are far below HKDF's limit");
        Self::new(&key)
    }

    /// A key that is random already.
    pub(crate) fn new(key: &[u8; KEY_BYTES]) -> Self {
        Self(RandomizedNonceKey::new(&AES_256_GCM, key).expect("the key has AES-256's length"))
    }

    /// Seals `plain`. `about` names the row that it is for: sealed bytes that are moved to another row do
    /// not open there.
    ///
    /// # Panics
    /// If the operating system has no randomness to give.
    pub fn seal(&self, plain: &[u8], about: &[u8]) -> Vec<u8> {
        self.seal_behind(&[FORMAT], plain, about)
    }

    /// Seals `plain` for `about`, and puts `header` before it.
    pub(crate) fn seal_behind(&self, header: &[u8], plain: &[u8], about: &[u8]) -> Vec<u8> {
        let mut sealed = plain.to_vec();
        let nonce = self
            .0
            .seal_in_place_append_tag(Aad::from(about), &mut sealed)
            .expect("randomness and short input");
        [header, nonce.as_ref(), &sealed].concat()
    }

    /// Opens what [`Self::seal`] made for the same `about`.
    ///
    /// # Errors
    /// [`CannotOpen`], whatever the reason.
    pub fn open(&self, sealed: &[u8], about: &[u8]) -> Result<SecretSlice<u8>, CannotOpen> {
        let [FORMAT, rest @ ..] = sealed else { return Err(CannotOpen) };
        self.open_bare(rest, about)
    }

    /// Opens what stands behind a header.
    pub(crate) fn open_bare(&self, sealed: &[u8], about: &[u8]) -> Result<SecretSlice<u8>, CannotOpen> {
        let (nonce, ciphertext) = sealed.split_at_checked(NONCE_LEN).ok_or(CannotOpen)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| CannotOpen)?;
        let mut buffer = ciphertext.to_vec();
        let plain = self.0.open_in_place(nonce, Aad::from(about), &mut buffer).map_err(|_| CannotOpen)?;
        Ok(plain.to_vec().into())
    }
}

impl std::fmt::Debug for SealKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(secret: &str) -> SealKey {
        SealKey::derive(&secret.to_owned().into())
    }

    #[test]
    fn what_was_sealed_opens_with_the_same_key_for_the_same_row_alone() {
        let sealed = key("one secret of thirty-two bytes !").seal(b"whsec", b"row 1");
        let open = |secret, about: &[u8]| {
            key(secret).open(&sealed, about).map(|plain| plain.expose_secret().to_vec())
        };
        assert_eq!(open("one secret of thirty-two bytes !", b"row 1"), Ok(b"whsec".to_vec()));
        assert_eq!(open("one secret of thirty-two bytes !", b"row 2"), Err(CannotOpen));
        assert_eq!(open("another secret of thirty-two byt", b"row 1"), Err(CannotOpen));
    }

    #[test]
    fn every_altered_byte_is_noticed_and_nothing_is_sealed_twice_alike() {
        let key = key("one secret of thirty-two bytes !");
        let sealed = key.seal(b"whsec", b"row");
        assert_ne!(sealed, key.seal(b"whsec", b"row"));
        for place in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[place] ^= 1;
            assert!(key.open(&altered, b"row").is_err(), "byte {place}");
        }
        for length in 0..sealed.len() {
            assert!(key.open(&sealed[..length], b"row").is_err(), "cut to {length}");
        }
    }
}
