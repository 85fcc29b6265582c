//! The keys that sign seals.

use std::{fmt, str::FromStr};

use aws_lc_rs::{
    rand,
    signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

const KEY_BYTES: usize = 32;

/// An Ed25519 signature, RFC 8032.
pub type Signature = [u8; 64];

/// The text is no key: not the base64 of 32 bytes. Quotes nothing, for it may be a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not the base64 of a key of 32 bytes")]
pub struct NotAKey;

/// Signs seals; shows nothing in `Debug`.
pub struct SigningKey {
    pair: Ed25519KeyPair,
    public: PublicKey,
}

impl SigningKey {
    /// A new secret key as base64, as the environment takes it.
    ///
    /// # Panics
    /// If the operating system has no randomness to give.
    pub fn generate() -> String {
        let mut secret = [0_u8; KEY_BYTES];
        rand::fill(&mut secret).expect("the operating system has randomness");
        STANDARD.encode(secret)
    }

    /// The key whose secret of 32 bytes this is the base64 of; white space around it is let pass.
    ///
    /// # Errors
    /// [`NotAKey`].
    pub fn from_base64(secret: &str) -> Result<Self, NotAKey> {
        let secret: [u8; KEY_BYTES] = decoded(secret)?;
        let pair = Ed25519KeyPair::from_seed_unchecked(&secret).map_err(|_| NotAKey)?;
        let public = pair.public_key().as_ref().try_into().map_err(|_| NotAKey)?;
        Ok(Self { pair, public: PublicKey(public) })
    }

    /// The key that checks what this one signs.
    pub fn public(&self) -> PublicKey {
        self.public
    }

    pub(super) fn sign(&self, statement: &[u8]) -> Signature {
        self.pair.sign(statement).as_ref().try_into().expect("an Ed25519 signature has 64 bytes")
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey(… of {})", self.public)
    }
}

/// Checks signatures. As text: base64 of its 32 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PublicKey([u8; KEY_BYTES]);

impl PublicKey {
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Some(Self(bytes.try_into().ok()?))
    }

    /// Its 32 bytes.
    pub fn bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }

    /// SHA-256 of its bytes in hex: how seals name the key that signed them.
    pub fn id(&self) -> String {
        hex::encode(Sha256::digest(self.0))
    }

    /// True if the signature is this key's over exactly these bytes.
    pub fn verifies(&self, statement: &[u8], signature: &Signature) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.0).verify(statement, signature).is_ok()
    }
}

impl FromStr for PublicKey {
    type Err = NotAKey;

    fn from_str(text: &str) -> Result<Self, NotAKey> {
        decoded(text).map(Self)
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(self.0))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

fn decoded(text: &str) -> Result<[u8; KEY_BYTES], NotAKey> {
    STANDARD.decode(text.trim()).ok().and_then(|bytes| bytes.try_into().ok()).ok_or(NotAKey)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_signatures_are_those_of_rfc_8032() {
        // Section 7.1, test 1: the empty message.
        let secret = hex::decode("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60").unwrap();
        let key = SigningKey::from_base64(&STANDARD.encode(secret)).unwrap();
        let public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
        assert_eq!(hex::encode(key.public().bytes()), public);
        let signature = key.sign(b"");
        assert!(
            hex::encode(signature).starts_with("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522")
        );
        assert!(key.public().verifies(b"", &signature));
        assert!(!key.public().verifies(b"x", &signature));
    }

    #[test]
    fn a_generated_key_can_be_read_and_no_secret_is_shown() {
        let secret = SigningKey::generate();
        let key = SigningKey::from_base64(&format!("{secret}\n")).unwrap();
        assert!(!format!("{key:?}").contains(&secret));
        assert_eq!(key.public().to_string().parse(), Ok(key.public()));
        assert_eq!(SigningKey::from_base64("AAAA").unwrap_err(), NotAKey);
        assert_ne!(secret, SigningKey::generate());
    }
}
