//! What stands over the keys of people.

use std::sync::Arc;

use aws_lc_rs::{
    hkdf::{self, HKDF_SHA256, Salt},
    hmac,
    rand::{SecureRandom, SystemRandom},
};
use secrecy::{ExposeSecret, SecretString};
use sqlx::PgPool;
use uuid::Uuid;

use super::{PersonKey, PersonalError};
use crate::secrets::{Keyring, OpenError};

const KEY_BYTES: usize = 32;

/// Wraps keys of people and makes blind indexes. Shows nothing in `Debug`.
pub struct Vault {
    keyring: Arc<Keyring>,
    index: hmac::Key,
}

/// A key that is not in the table yet.
#[derive(Debug)]
pub struct FreshKey {
    /// Ready to seal with.
    pub key: PersonKey,
    /// Its row's bytes.
    pub wrapped: Vec<u8>,
}

struct Length;

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        KEY_BYTES
    }
}

/// A 32-byte key from `secret`, for that purpose alone.
///
/// # Source
/// HKDF-SHA256, RFC 5869.
pub(super) fn derived(secret: &[u8], salt: &'static [u8], purpose: &'static [u8]) -> [u8; KEY_BYTES] {
    let pseudo_random = Salt::new(HKDF_SHA256, salt).extract(secret);
    let mut key = [0_u8; KEY_BYTES];
    let purposes = [purpose];
    let output = pseudo_random.expand(&purposes, Length);
    output.and_then(|output| output.fill(&mut key)).expect("32 bytes are far below HKDF's limit");
    key
}

impl Vault {
    /// Wraps under the data keys of that ring.
    pub fn new(keyring: Arc<Keyring>) -> Self {
        // Of the root, which stays when data keys are exchanged: the values stand in the log's claims. It has a label
        // of its own: who learned how addresses are indexed could still unwrap nothing.
        let root = keyring.root().expose_secret().as_bytes();
        let index = derived(root, b"iris.personal.v1", b"blind index of addresses");
        Self { index: hmac::Key::new(hmac::HMAC_SHA256, &index), keyring }
    }

    /// From a secret of at least 32 bytes, without a table of data keys: see [`Keyring::derive`].
    pub fn derive(secret: &SecretString) -> Self {
        Self::new(Arc::new(Keyring::derive(secret)))
    }

    /// A new key for `subject`.
    ///
    /// # Panics
    /// If the operating system has no randomness to give.
    pub fn fresh_key(&self, subject: Uuid) -> FreshKey {
        let random = SystemRandom::new();
        let (mut id, mut secret) = ([0_u8; 16], [0_u8; KEY_BYTES]);
        random.fill(&mut id).and_then(|()| random.fill(&mut secret)).expect("the system has randomness");
        // Random and not ordered by time: a key's name says nothing of when its person came.
        let key_id = uuid::Builder::from_random_bytes(id).into_uuid();
        let wrapped = self.keyring.seal(&secret, &about(key_id, subject));
        FreshKey { key: PersonKey::new(key_id, subject, &secret), wrapped }
    }

    /// A key from its row.
    ///
    /// # Errors
    /// [`PersonalError::OtherSecret`]: the row was written under another secret, or is another subject's.
    /// [`PersonalError::KeyNotNow`].
    pub async fn unwrap(
        &self,
        key_id: Uuid,
        subject: Uuid,
        wrapped: &[u8],
    ) -> Result<PersonKey, PersonalError> {
        let secret = self.keyring.open_sealed(wrapped, &about(key_id, subject)).await;
        let secret = secret.map_err(|error| match error {
            OpenError::CannotOpen(_) => PersonalError::OtherSecret,
            OpenError::NotNow(why) => PersonalError::KeyNotNow(why),
        })?;
        let secret = secret.expose_secret().try_into().map_err(|_| PersonalError::OtherSecret)?;
        Ok(PersonKey::new(key_id, subject, secret))
    }

    /// Fails where the keys in the table cannot be unwrapped: every text about a person would be an error, one request
    /// after the other. One is tried.
    pub(crate) async fn expect_opens_one_of(&self, pool: &PgPool) -> Result<(), PersonalError> {
        let row: Option<(Uuid, Uuid, Vec<u8>)> =
            sqlx::query_as("SELECT key_id, subject, wrapped FROM personal.keys LIMIT 1")
                .fetch_optional(pool)
                .await?;
        let Some((key_id, subject, wrapped)) = row else { return Ok(()) };
        self.unwrap(key_id, subject, &wrapped).await.map(|_| ())
    }

    /// What stands for an e-mail address where it must be unique or found: the same for every spelling in
    /// case, 64 hexadecimal digits, and of no use for guessing to whoever lacks the secret.
    pub fn blind_index(&self, address: &str) -> String {
        let tag = hmac::sign(&self.index, address.trim().to_lowercase().as_bytes());
        hex::encode(tag)
    }
}

/// What a row's key is wrapped for: wrapped bytes that are moved to another row do not unwrap there.
pub fn about(key_id: Uuid, subject: Uuid) -> Vec<u8> {
    [b"personal.keys".as_slice(), key_id.as_bytes(), subject.as_bytes()].concat()
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault(secret: &str) -> Vault {
        Vault::derive(&secret.to_owned().into())
    }

    #[tokio::test]
    async fn a_key_unwraps_under_its_secret_for_its_row_alone() {
        let (ours, other) =
            (vault("one secret of thirty-two bytes !"), vault("another secret of thirty-two byt"));
        let subject = Uuid::from_u128(7);
        let FreshKey { key, wrapped } = ours.fresh_key(subject);
        let again = ours.unwrap(key.key_id(), subject, &wrapped).await.unwrap();
        assert_eq!(again.open(&key.seal("anna@example.se")).unwrap(), "anna@example.se");
        for wrong in [
            other.unwrap(key.key_id(), subject, &wrapped).await,
            ours.unwrap(key.key_id(), Uuid::from_u128(8), &wrapped).await,
            ours.unwrap(Uuid::from_u128(9), subject, &wrapped).await,
        ] {
            assert!(matches!(wrong, Err(PersonalError::OtherSecret)));
        }
    }

    #[test]
    fn a_blind_index_is_of_the_address_in_any_case_and_of_the_secret() {
        let ours = vault("one secret of thirty-two bytes !");
        let index = ours.blind_index("Anna@Example.se");
        assert_eq!(index, ours.blind_index(" anna@example.SE "));
        assert_eq!((index.len(), index.contains("anna")), (64, false));
        assert_ne!(index, ours.blind_index("anna@example.com"));
        assert_ne!(index, vault("another secret of thirty-two byt").blind_index("anna@example.se"));
    }
}
