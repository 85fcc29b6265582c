//! New secrets, and their text.

use base64::{Engine, prelude::BASE64_STANDARD};
use rand::{TryRngCore, rngs::OsRng};
use secrecy::{ExposeSecret, SecretSlice, SecretString};

const SECRET_BYTES: usize = 32;

/// A secret shared with one receiver. Shows nothing in `Debug`.
///
/// # Source
/// Standard Webhooks 1.0: 24 to 64 bytes, as text in standard base64 after `whsec_`.
pub(super) struct SigningSecret(SecretSlice<u8>);

impl SigningSecret {
    /// A new one: 32 bytes from the operating system.
    ///
    /// # Panics
    /// If the operating system has no randomness to give.
    pub(super) fn generate() -> Self {
        let mut bytes = vec![0_u8; SECRET_BYTES];
        OsRng.try_fill_bytes(&mut bytes).expect("the operating system gives randomness");
        Self(bytes.into())
    }

    /// From its bytes, as they were sealed.
    pub(super) fn from_bytes(bytes: SecretSlice<u8>) -> Self {
        Self(bytes)
    }

    /// Its text, `whsec_…`, for the one answer that shows it.
    pub(super) fn to_text(&self) -> SecretString {
        format!("whsec_{}", BASE64_STANDARD.encode(self.0.expose_secret())).into()
    }

    /// Its bytes, for sealing.
    pub(super) fn expose_bytes(&self) -> &[u8] {
        self.0.expose_secret()
    }
}
