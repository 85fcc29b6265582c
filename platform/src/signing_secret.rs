//! Secrets that sign webhooks, so that a receiver knows who sent them and that nothing was altered.
//!
//! # Source
//! Standard Webhooks 1.0: symmetric signatures (`v1`, HMAC-SHA256), secrets of 24 to 64 bytes in standard
//! base64 after `whsec_`.

mod verify;

use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, Mac};
use rand::{TryRngCore, rngs::OsRng};
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use sha2::Sha256;
use thiserror::Error;

pub use self::verify::{NotSigned, Signed, TOLERANCE_S};

/// The header with the message's id: the same on every attempt, so that a receiver can tell repeats.
pub const ID_HEADER: &str = "webhook-id";
/// The header with the second of the attempt, since 1970: what is older than a few minutes is refused.
pub const TIMESTAMP_HEADER: &str = "webhook-timestamp";
/// The header with the signatures, see [`signature_header`].
pub const SIGNATURE_HEADER: &str = "webhook-signature";

const PREFIX: &str = "whsec_";
const GENERATED_BYTES: usize = 32;

/// A secret shared with one receiver. Shows nothing in `Debug`.
#[derive(Clone)]
pub struct SigningSecret(SecretSlice<u8>);

/// Why a text is no signing secret. Never quotes it.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum InvalidSecret {
    /// Another beginning. `v1,whsec_…`, a signature's version pasted before it, is one of these.
    #[error("must begin with whsec_")]
    Prefix,
    /// What follows is not standard base64 with its padding.
    #[error("must be standard base64 after whsec_")]
    Encoding,
    /// Too easily guessed, or longer than receivers' libraries take.
    #[error("must have 24 to 64 bytes")]
    Length,
}

impl SigningSecret {
    /// A new one: 32 bytes from the operating system.
    ///
    /// # Panics
    /// If the operating system has no randomness to give.
    pub fn generate() -> Self {
        let mut bytes = vec![0_u8; GENERATED_BYTES];
        OsRng.try_fill_bytes(&mut bytes).expect("the operating system gives randomness");
        Self(bytes.into())
    }

    /// From its bytes, as [`Self::expose_bytes`] gave them.
    ///
    /// # Errors
    /// [`InvalidSecret::Length`].
    pub fn try_from_bytes(bytes: &[u8]) -> Result<Self, InvalidSecret> {
        match bytes.len() {
            24..=64 => Ok(Self(bytes.to_vec().into())),
            _ => Err(InvalidSecret::Length),
        }
    }

    /// From its text, `whsec_…`.
    ///
    /// # Errors
    /// [`InvalidSecret`]. A text without the prefix is not taken for a secret of its own, as some receivers'
    /// libraries would: both sides would then sign with different bytes.
    pub fn parse(text: &str) -> Result<Self, InvalidSecret> {
        let encoded = text.strip_prefix(PREFIX).ok_or(InvalidSecret::Prefix)?;
        let bytes = BASE64_STANDARD.decode(encoded).map_err(|_| InvalidSecret::Encoding)?;
        Self::try_from_bytes(&bytes)
    }

    /// Its text, `whsec_…`, for the one answer that shows it.
    pub fn to_text(&self) -> SecretString {
        format!("{PREFIX}{}", BASE64_STANDARD.encode(self.0.expose_secret())).into()
    }

    /// Its bytes, for sealing.
    pub fn expose_bytes(&self) -> &[u8] {
        self.0.expose_secret()
    }

    /// One signature, `v1,` and standard base64.
    ///
    /// `id` must hold no full stop: the parts are joined by it, and another split would sign alike.
    pub fn sign(&self, id: &str, timestamp_s: i64, body: &[u8]) -> String {
        debug_assert!(!id.contains('.'), "the id must not hold the separator");
        let mut mac =
            Hmac::<Sha256>::new_from_slice(self.expose_bytes()).expect("HMAC takes keys of any length");
        mac.update(format!("{id}.{timestamp_s}.").as_bytes());
        mac.update(body);
        format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()))
    }
}

impl std::fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningSecret(…)")
    }
}

/// The value of [`SIGNATURE_HEADER`]: a signature by each secret, in the given order, which is the newest
/// first. While a secret is being replaced, the receiver finds its own among them.
///
/// Every token has a comma: receivers' libraries in Python fail on one that has none.
pub fn signature_header(secrets: &[SigningSecret], id: &str, timestamp_s: i64, body: &[u8]) -> String {
    let signatures: Vec<String> = secrets.iter().map(|secret| secret.sign(id, timestamp_s, body)).collect();
    signatures.join(" ")
}

#[cfg(test)]
mod tests;
