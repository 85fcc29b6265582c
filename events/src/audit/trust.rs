//! The keys in use one after another, and which of them are trusted.

use chrono::{DateTime, Utc};

use super::{
    keys::{PublicKey, Signature, SigningKey},
    statement::statement,
};

/// How a key came into use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyIntroduction {
    /// From 1, without holes.
    pub number: i64,
    /// The key.
    pub key: PublicKey,
    /// When; whole microseconds.
    pub introduced_at: DateTime<Utc>,
    /// By the key itself.
    pub signature: Signature,
    /// By the key before; none for the first.
    pub previous_signature: Option<Signature>,
}

impl KeyIntroduction {
    /// The first key: it has only itself to vouch for it.
    pub fn first(key: &SigningKey, introduced_at: DateTime<Utc>) -> Self {
        let bytes = introduction(1, &key.public(), None, introduced_at);
        let signature = key.sign(&bytes);
        Self { number: 1, key: key.public(), introduced_at, signature, previous_signature: None }
    }

    /// The key behind number `before`; both sign the one statement, so that trust in either leads to the other.
    pub fn next(before: i64, old: &SigningKey, new: &SigningKey, introduced_at: DateTime<Utc>) -> Self {
        let bytes = introduction(before + 1, &new.public(), Some(&old.public()), introduced_at);
        Self {
            number: before + 1,
            key: new.public(),
            introduced_at,
            signature: new.sign(&bytes),
            previous_signature: Some(old.sign(&bytes)),
        }
    }

    /// True if it follows on the key before, and both have signed so.
    fn follows(&self, number: i64, before: Option<&PublicKey>) -> bool {
        let bytes = introduction(self.number, &self.key, before, self.introduced_at);
        let is_handed_on = match (before, &self.previous_signature) {
            (None, None) => true,
            (Some(before), Some(signature)) => before.verifies(&bytes, signature),
            _ => false,
        };
        self.number == number && is_handed_on && self.key.verifies(&bytes, &self.signature)
    }
}

/// Fields as in [`super::seal::Seal::statement`]: `iris.seal-key.v1`, number, the key (32 bytes), the key before
/// (32 bytes, or none), introduced at.
fn introduction(number: i64, key: &PublicKey, before: Option<&PublicKey>, at: DateTime<Utc>) -> Vec<u8> {
    let before: &[u8] = before.map_or(&[], |key| key.bytes());
    let micros = at.timestamp_micros().to_be_bytes();
    statement(&[b"iris.seal-key.v1", &number.to_be_bytes(), key.bytes(), before, &micros])
}

/// The keys that seals may be signed with.
#[derive(Debug)]
pub struct Trust {
    /// In the order in which they came into use.
    keys: Vec<TrustedKey>,
}

#[derive(Debug)]
struct TrustedKey {
    id: String,
    number: i64,
    key: PublicKey,
    /// The given key that trust in it comes from; `None` if none was given, and the table is believed.
    anchor: Option<PublicKey>,
}

impl Trust {
    /// Of the keys of the table those that are tied to one of `given` by signatures, in either direction; all that
    /// are tied to the first where nothing is given.
    pub fn establish(introductions: &[KeyIntroduction], given: &[PublicKey]) -> Self {
        // Runs of keys each of which follows on the one before: a broken link ends one and begins the next.
        let mut runs: Vec<Vec<&KeyIntroduction>> = Vec::new();
        for (number, introduced) in (1..).zip(introductions) {
            let before = runs.last().and_then(|run| run.last()).map(|before| &before.key);
            let is_next = introduced.follows(number, before);
            match runs.last_mut() {
                Some(run) if is_next => run.push(introduced),
                // Not vouched for by what comes before; a given key may still vouch for it and what follows.
                _ => runs.push(vec![introduced]),
            }
        }
        let mut keys = Vec::new();
        for run in runs {
            let anchor = run.iter().map(|known| known.key).find(|key| given.contains(key));
            let is_believed = given.is_empty() && run.iter().any(|known| known.follows(1, None));
            if anchor.is_some() || is_believed {
                keys.extend(run.iter().map(|known| TrustedKey {
                    id: known.key.id(),
                    number: known.number,
                    key: known.key,
                    anchor,
                }));
            }
        }
        Self { keys }
    }

    /// The key of that id with its number, if it is trusted.
    pub(super) fn key(&self, id: &str) -> Option<(i64, &PublicKey)> {
        self.keys.iter().find(|known| known.id == id).map(|known| (known.number, &known.key))
    }

    /// The given key that leads to the one of that id; `None` if none was given, or none leads there.
    pub(super) fn anchor_of(&self, id: &str) -> Option<PublicKey> {
        self.keys.iter().find(|known| known.id == id)?.anchor
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain() -> (Vec<SigningKey>, Vec<KeyIntroduction>) {
        let keys: Vec<_> =
            (0..3).map(|_| SigningKey::from_base64(&SigningKey::generate()).unwrap()).collect();
        let at = DateTime::UNIX_EPOCH;
        let introduced = vec![
            KeyIntroduction::first(&keys[0], at),
            KeyIntroduction::next(1, &keys[0], &keys[1], at),
            KeyIntroduction::next(2, &keys[1], &keys[2], at),
        ];
        (keys, introduced)
    }

    fn trusted(introduced: &[KeyIntroduction], given: &[PublicKey], keys: &[SigningKey]) -> Vec<bool> {
        let trust = Trust::establish(introduced, given);
        keys.iter().map(|key| trust.key(&key.public().id()).is_some()).collect()
    }

    #[test]
    fn any_one_key_leads_to_all_of_an_unbroken_chain() {
        let (keys, introduced) = chain();
        for key in &keys {
            assert_eq!(trusted(&introduced, &[key.public()], &keys), [true; 3]);
        }
        assert_eq!(trusted(&introduced, &[], &keys), [true; 3]);
        let stranger = SigningKey::from_base64(&SigningKey::generate()).unwrap();
        assert_eq!(trusted(&introduced, &[stranger.public()], &keys), [false; 3]);
    }

    #[test]
    fn a_key_that_the_one_before_has_not_signed_is_not_trusted() {
        let (keys, mut introduced) = chain();
        introduced[1].previous_signature = Some([0; 64]);
        assert_eq!(trusted(&introduced, &[keys[0].public()], &keys), [true, false, false]);
        assert_eq!(trusted(&introduced, &[keys[2].public()], &keys), [false, true, true]);
        assert_eq!(trusted(&introduced, &[], &keys), [true, false, false]);
    }
}
