//! The text of a key: which key it is, its secret, and characters to check both by.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rand::{TryRngCore, rngs::OsRng};
use secrecy::SecretString;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// What every key begins with, so that nobody takes it for anything else.
const PREFIX: &str = "ik_";
const ID_CHARS: usize = 22;
const SECRET_BYTES: usize = 32;
const SECRET_CHARS: usize = 43;
const CHECK_BYTES: usize = 3;
const CHECK_CHARS: usize = 4;
/// `ik_<id>_<secret><check>`.
const CHARS: usize = PREFIX.len() + ID_CHARS + 1 + SECRET_CHARS + CHECK_CHARS;

/// A key as it is shown once, and what is kept of it.
#[derive(Debug)]
pub struct NewApiKey {
    /// For whoever is to call with it; 73 characters, `ik_…`.
    pub text: SecretString,
    /// For the database.
    pub hash: [u8; 32],
}

/// A well-formed text of a key: whose it is to be looked up, and the hash that it must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ApiKeyText {
    /// Which key it says to be.
    pub id: Uuid,
    hash: [u8; 32],
}

impl NewApiKey {
    /// A new secret for the key of that id.
    ///
    /// # Panics
    /// If the operating system has no randomness to give; there is no lesser source to fall back on.
    pub fn generate(id: Uuid) -> Self {
        let mut secret = [0; SECRET_BYTES];
        OsRng.try_fill_bytes(&mut secret).expect("the operating system gives randomness");
        Self { text: write(id, &secret).into(), hash: hash(&secret) }
    }
}

impl ApiKeyText {
    /// Whether a credential is meant to be a key; it need not be one.
    pub fn is_meant(credential: &str) -> bool {
        credential.starts_with(PREFIX)
    }

    /// Reads a key: exact, so that each has one spelling.
    ///
    /// # Source
    /// The check characters are an idea of GitHub's tokens (2021): whoever finds a text in a commit or a log can tell
    /// offline that it is a key and not an accident, and one that was mistyped or cut costs no look into the
    /// database. They keep nobody out who computes them.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != CHARS || !text.is_ascii() {
            return None;
        }
        let (body, check) = text.split_at(CHARS - CHECK_CHARS);
        let (id, secret) = body.strip_prefix(PREFIX)?.split_at(ID_CHARS);
        // The codec refuses bits that no byte has, so two texts never stand for one key.
        let id: [u8; 16] = decode(id)?;
        let secret: [u8; SECRET_BYTES] = decode(secret.strip_prefix('_')?)?;
        if decode::<CHECK_BYTES>(check)? != check_bytes(body) {
            return None;
        }
        Some(Self { id: Uuid::from_bytes(id), hash: hash(&secret) })
    }

    /// Whether its secret is the one with that hash.
    pub fn fits(&self, hash: &[u8]) -> bool {
        // In constant time: how long it takes tells nobody how much of a guess was right. That there is a key of some
        // id, which an early answer does tell, is no secret; ids stand in lists and in history.
        verify_slices_are_equal(&self.hash, hash).is_ok()
    }
}

/// Plain SHA-256: the secret is 256 random bits, so there is nothing to guess that stretching would make dearer, and
/// a slow hash would be paid with every request.
fn hash(secret: &[u8; SECRET_BYTES]) -> [u8; 32] {
    Sha256::digest(secret).into()
}

fn write(id: Uuid, secret: &[u8; SECRET_BYTES]) -> String {
    let (id, secret) = (URL_SAFE_NO_PAD.encode(id.as_bytes()), URL_SAFE_NO_PAD.encode(secret));
    let body = format!("{PREFIX}{id}_{secret}");
    let check = URL_SAFE_NO_PAD.encode(check_bytes(&body));
    body + &check
}

fn check_bytes(body: &str) -> [u8; CHECK_BYTES] {
    let [first, second, third, ..] = <[u8; 32]>::from(Sha256::digest(body));
    [first, second, third]
}

fn decode<const BYTES: usize>(text: &str) -> Option<[u8; BYTES]> {
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use secrecy::ExposeSecret;

    use super::*;

    proptest! {
        #[test]
        fn every_key_is_read_as_what_it_was_made_of(id: u128, secret: [u8; SECRET_BYTES]) {
            let text = write(Uuid::from_u128(id), &secret);
            prop_assert_eq!(text.len(), 73);
            let read = ApiKeyText::parse(&text).unwrap();
            prop_assert_eq!(read.id, Uuid::from_u128(id));
            prop_assert!(read.fits(&hash(&secret)));
            prop_assert!(!read.fits(&hash(&[!secret[0]; SECRET_BYTES])));
        }

        #[test]
        fn a_key_with_another_character_is_none(id: u128, secret: [u8; SECRET_BYTES], at in 0_usize..73, other: char) {
            let text = write(Uuid::from_u128(id), &secret);
            let was = text[at..].chars().next().unwrap();
            prop_assume!(was != other);
            let mistyped = format!("{}{other}{}", &text[..at], &text[at + 1..]);
            prop_assert_eq!(ApiKeyText::parse(&mistyped), None);
            prop_assert_eq!(ApiKeyText::parse(&text[..at]), None);
        }

        #[test]
        fn no_text_breaks_the_reader(text in "(ik_)?.{0,120}", other in "ik_[A-Za-z0-9_-]{70}") {
            prop_assert_eq!(ApiKeyText::parse(&text), None);
            // One in 2^24 passes the check characters and is a key that nobody has.
            let _some_key = ApiKeyText::parse(&other);
        }
    }

    #[test]
    fn keys_differ_and_are_known_by_their_beginning() {
        let (first, second) = (NewApiKey::generate(Uuid::nil()), NewApiKey::generate(Uuid::nil()));
        assert_ne!(first.hash, second.hash);
        assert!(ApiKeyText::is_meant(first.text.expose_secret()) && !ApiKeyText::is_meant("eyJhbGciOi"));
        assert!(ApiKeyText::parse(first.text.expose_secret()).unwrap().fits(&first.hash));
        assert!(!ApiKeyText::parse(first.text.expose_secret()).unwrap().fits(&[]));
        assert!(!format!("{first:?}").contains(first.text.expose_secret()));
    }
}
