//! Refresh tokens: opaque, random, and kept only as their hash.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rand::{TryRngCore, rngs::OsRng};
use secrecy::SecretString;
use sha2::{Digest, Sha256};

/// 256 bits: nothing to guess, so a plain hash without salt or stretching is enough to store.
const TOKEN_BYTES: usize = 32;

/// A new refresh token and what is stored of it.
#[derive(Debug)]
pub struct RefreshToken {
    /// Goes to the client and is then forgotten; 43 characters of base64url.
    pub token: SecretString,
    /// Goes into the database.
    pub hash: [u8; 32],
}

impl RefreshToken {
    /// A token from the operating system's random source.
    ///
    /// # Errors
    /// When that source fails; there is no lesser one to fall back on.
    pub fn generate() -> std::io::Result<Self> {
        let mut bytes = [0; TOKEN_BYTES];
        OsRng.try_fill_bytes(&mut bytes).map_err(std::io::Error::other)?;
        let token = URL_SAFE_NO_PAD.encode(bytes);
        Ok(Self { hash: refresh_token_hash(&token), token: token.into() })
    }
}

/// SHA-256 of a token, under which it is looked up.
pub fn refresh_token_hash(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn tokens_differ_and_are_found_by_their_hash() {
        let (first, second) = (RefreshToken::generate().unwrap(), RefreshToken::generate().unwrap());
        assert_ne!(first.hash, second.hash);
        assert_eq!(first.token.expose_secret().len(), 43);
        assert_eq!(refresh_token_hash(first.token.expose_secret()), first.hash);
    }
}
