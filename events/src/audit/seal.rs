//! A seal: a signed statement about a stretch of the log.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::{
    keys::{PublicKey, Signature, SigningKey},
    statement::statement,
};
use crate::merkle::Hash;

/// What a seal says, and who says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal {
    /// From 1, without holes.
    pub number: i64,
    /// The first position that it covers: the one behind the seal before.
    pub first_position: i64,
    /// The last one.
    pub last_position: i64,
    /// [`crate::merkle::MerkleRoot`] over the content hashes of these positions, in their order.
    pub root: Hash,
    /// SHA-256 of the statement of the seal before; zeros for the first.
    pub previous: Hash,
    /// When; whole microseconds.
    pub sealed_at: DateTime<Utc>,
    /// [`PublicKey::id`] of the key that signed.
    pub key_id: String,
    /// Ed25519 over [`Seal::statement`].
    pub signature: Signature,
}

/// What there is to be said in a seal.
#[derive(Clone, Copy, Debug)]
pub struct Stretch {
    /// Its first position.
    pub first_position: i64,
    /// Its last position.
    pub last_position: i64,
    /// The Merkle root over its content hashes.
    pub root: Hash,
}

impl Seal {
    /// Signs a seal that follows on `before`.
    pub fn sign(key: &SigningKey, before: Option<&Self>, stretch: Stretch, sealed_at: DateTime<Utc>) -> Self {
        let mut seal = Self {
            number: before.map_or(1, |before| before.number + 1),
            first_position: stretch.first_position,
            last_position: stretch.last_position,
            root: stretch.root,
            previous: before.map_or([0; 32], Self::digest),
            sealed_at,
            key_id: key.public().id(),
            signature: [0; 64],
        };
        seal.signature = key.sign(&seal.statement());
        seal
    }

    /// The bytes that are signed.
    ///
    /// Each field is preceded by its length in bytes (u64, big endian). Order: `iris.seal.v1`, number, first and
    /// last position (i64, big endian), root (32 bytes), previous (32 bytes), sealed at (microseconds since 1970,
    /// i64, big endian), key id (64 hex digits).
    pub fn statement(&self) -> Vec<u8> {
        statement(&[
            b"iris.seal.v1",
            &self.number.to_be_bytes(),
            &self.first_position.to_be_bytes(),
            &self.last_position.to_be_bytes(),
            &self.root,
            &self.previous,
            &self.sealed_at.timestamp_micros().to_be_bytes(),
            self.key_id.as_bytes(),
        ])
    }

    /// What the next seal names as `previous`.
    pub fn digest(&self) -> Hash {
        Sha256::digest(self.statement()).into()
    }

    /// True if that key signed exactly this.
    pub fn is_signed_by(&self, key: &PublicKey) -> bool {
        self.key_id == key.id() && key.verifies(&self.statement(), &self.signature)
    }

    /// How many positions it covers.
    pub fn count(&self) -> i64 {
        self.last_position - self.first_position + 1
    }
}

/// A seal as JSON: in files, in proofs and over HTTP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SealDocument {
    /// From 1, without holes.
    #[schema(example = 1)]
    pub number: i64,
    /// The first position that it covers.
    pub first_position: i64,
    /// The last one.
    pub last_position: i64,
    /// Merkle root (RFC 6962) over the content hashes of these positions, in hex.
    pub root: String,
    /// SHA-256 of the statement before, in hex; zeros for the first.
    pub previous: String,
    /// When it was sealed, to the microsecond.
    pub sealed_at: DateTime<Utc>,
    /// SHA-256 of the public key, in hex.
    pub key_id: String,
    /// Ed25519 over the statement, in base64.
    pub signature: String,
    /// The key that signed, in base64; empty where the database does not have it. Whoever checks the seal must know it from elsewhere.
    pub public_key: String,
}

/// The JSON is no seal: a hash is no hash, or a signature none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} of the seal cannot be read")]
pub struct NotASeal(pub &'static str);

impl SealDocument {
    /// The document of a seal that this key signed.
    pub fn new(seal: &Seal, key: &PublicKey) -> Self {
        Self { public_key: key.to_string(), ..Self::without_key(seal) }
    }

    /// The document of a seal whose key is not known.
    pub fn without_key(seal: &Seal) -> Self {
        Self {
            number: seal.number,
            first_position: seal.first_position,
            last_position: seal.last_position,
            root: hex::encode(seal.root),
            previous: hex::encode(seal.previous),
            sealed_at: seal.sealed_at,
            key_id: seal.key_id.clone(),
            signature: STANDARD.encode(seal.signature),
            public_key: String::new(),
        }
    }

    /// What the document says; nothing of it is checked.
    ///
    /// # Errors
    /// [`NotASeal`].
    pub fn seal(&self) -> Result<Seal, NotASeal> {
        let signature = STANDARD.decode(&self.signature).ok().and_then(|bytes| bytes.try_into().ok());
        Ok(Seal {
            number: self.number,
            first_position: self.first_position,
            last_position: self.last_position,
            root: hash(&self.root).ok_or(NotASeal("root"))?,
            previous: hash(&self.previous).ok_or(NotASeal("previous"))?,
            sealed_at: self.sealed_at,
            key_id: self.key_id.clone(),
            signature: signature.ok_or(NotASeal("signature"))?,
        })
    }

    /// The key that it names.
    ///
    /// # Errors
    /// [`NotASeal`].
    pub fn key(&self) -> Result<PublicKey, NotASeal> {
        self.public_key.parse().map_err(|_| NotASeal("public_key"))
    }
}

/// 64 hex digits as the 32 bytes that they are.
pub(super) fn hash(text: &str) -> Option<Hash> {
    hex::decode(text).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> SigningKey {
        SigningKey::from_base64(&STANDARD.encode([7; 32])).unwrap()
    }

    fn seal(before: Option<&Seal>) -> Seal {
        let first_position = before.map_or(1, |before| before.last_position + 1);
        let stretch = Stretch { first_position, last_position: first_position + 4, root: [9; 32] };
        Seal::sign(&key(), before, stretch, DateTime::from_timestamp_micros(1_700_000_000_000_001).unwrap())
    }

    #[test]
    fn every_altered_field_breaks_the_signature() {
        let sealed = seal(Some(&seal(None)));
        assert!(sealed.is_signed_by(&key().public()));
        let altered: [fn(&mut Seal); 8] = [
            |seal| seal.number += 1,
            |seal| seal.first_position -= 1,
            |seal| seal.last_position += 1,
            |seal| seal.root[31] ^= 1,
            |seal| seal.previous[0] ^= 1,
            |seal| seal.sealed_at += chrono::TimeDelta::microseconds(1),
            |seal| seal.key_id.replace_range(..1, "x"),
            |seal| seal.signature[5] ^= 1,
        ];
        for (place, alter) in altered.iter().enumerate() {
            let mut seal = sealed.clone();
            alter(&mut seal);
            assert!(!seal.is_signed_by(&key().public()), "alteration {place}");
        }
    }

    #[test]
    fn the_document_says_the_same_to_the_microsecond() {
        let seal = seal(None);
        let text = serde_json::to_string(&SealDocument::new(&seal, &key().public())).unwrap();
        let document: SealDocument = serde_json::from_str(&text).unwrap();
        assert_eq!(document.seal(), Ok(seal));
        assert_eq!(document.key(), Ok(key().public()));
        assert!(text.contains("2023-11-14T22:13:20.000001Z"), "{text}");
    }
}
