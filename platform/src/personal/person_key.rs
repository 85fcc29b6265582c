//! The key of one subject.

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hmac,
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use uuid::Uuid;

use super::{PersonalError, vault::derived};

/// Says which derivation and cipher made the bytes, so that they can be told apart when one changes.
const FORMAT: u8 = 1;
const SALT: &[u8] = b"iris.person.v1";

/// Seals and opens texts about one subject. Shows nothing in `Debug`.
pub struct PersonKey {
    key_id: Uuid,
    subject: Uuid,
    cipher: LessSafeKey,
    nonces: hmac::Key,
}

impl PersonKey {
    pub(super) fn new(key_id: Uuid, subject: Uuid, secret: &[u8; 32]) -> Self {
        let cipher = derived(secret, SALT, b"aes-256-gcm");
        let nonces = derived(secret, SALT, b"synthetic nonce");
        let cipher = UnboundKey::new(&AES_256_GCM, &cipher).expect("the key has AES-256's length");
        Self {
            key_id,
            subject,
            cipher: LessSafeKey::new(cipher),
            nonces: hmac::Key::new(hmac::HMAC_SHA256, &nonces),
        }
    }

    /// Its name, which what it seals carries.
    pub fn key_id(&self) -> Uuid {
        self.key_id
    }

    /// Whose texts it seals.
    pub fn subject(&self) -> Uuid {
        self.subject
    }

    /// Seals a text: base64url of format, key id, nonce and ciphertext. The same text under the same key
    /// gives the same bytes.
    pub fn seal(&self, text: &str) -> String {
        // Decisions ask whether a contact changed and must not see it: equal texts of one person are equal
        // sealed. So the nonce is made of the text, by a key of its own, as AES-GCM-SIV and RFC 8452 do: two
        // texts never share one but by a collision of 96 bits within one person's few texts. What this tells
        // who has no key is only that a person's own value stayed or came back.
        let tag = hmac::sign(&self.nonces, text.as_bytes());
        let nonce: [u8; NONCE_LEN] = tag.as_ref()[..NONCE_LEN].try_into().expect("32 bytes have 12");
        let mut sealed = text.as_bytes().to_vec();
        // The subject is bound in: a ciphertext that is moved to another person does not open there.
        self.cipher
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(self.subject.as_bytes()),
                &mut sealed,
            )
            .expect("short input");
        let bytes = [&[FORMAT], self.key_id.as_bytes().as_slice(), &nonce, &sealed].concat();
        BASE64_URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Opens what [`Self::seal`] of the same key made.
    ///
    /// # Errors
    /// [`PersonalError::Altered`], [`PersonalError::UnknownForm`].
    pub fn open(&self, sealed: &str) -> Result<String, PersonalError> {
        let Parts { key_id, nonce, ciphertext } = parts(sealed)?;
        if key_id != self.key_id {
            return Err(PersonalError::Altered);
        }
        let mut buffer = ciphertext;
        let aad = Aad::from(self.subject.as_bytes());
        let plain = self
            .cipher
            .open_in_place(Nonce::assume_unique_for_key(nonce), aad, &mut buffer)
            .map_err(|_| PersonalError::Altered)?;
        String::from_utf8(plain.to_vec()).map_err(|_| PersonalError::Altered)
    }
}

/// The key that a sealed text was sealed with.
///
/// # Errors
/// [`PersonalError::UnknownForm`].
pub fn key_id_of(sealed: &str) -> Result<Uuid, PersonalError> {
    parts(sealed).map(|parts| parts.key_id)
}

struct Parts {
    key_id: Uuid,
    nonce: [u8; NONCE_LEN],
    ciphertext: Vec<u8>,
}

fn parts(sealed: &str) -> Result<Parts, PersonalError> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(sealed).map_err(|_| PersonalError::UnknownForm)?;
    let [FORMAT, rest @ ..] = bytes.as_slice() else { return Err(PersonalError::UnknownForm) };
    let (key_id, rest) = rest.split_first_chunk::<16>().ok_or(PersonalError::UnknownForm)?;
    let (nonce, ciphertext) = rest.split_first_chunk::<NONCE_LEN>().ok_or(PersonalError::UnknownForm)?;
    Ok(Parts { key_id: Uuid::from_bytes(*key_id), nonce: *nonce, ciphertext: ciphertext.to_vec() })
}

impl std::fmt::Debug for PersonKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PersonKey({}, …)", self.key_id)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(id: u128, subject: u128, secret: u8) -> PersonKey {
        PersonKey::new(Uuid::from_u128(id), Uuid::from_u128(subject), &[secret; 32])
    }

    proptest! {
        #[test]
        fn sealing_is_deterministic_within_a_key_and_opens_with_it_alone(text in ".{0,80}", other in ".{0,80}") {
            let ours = key(1, 1, 1);
            let sealed = ours.seal(&text);
            prop_assert_eq!(&sealed, &ours.seal(&text));
            prop_assert_eq!(sealed == ours.seal(&other), text == other);
            prop_assert_ne!(&sealed, &key(1, 1, 2).seal(&text));
            prop_assert_eq!(ours.open(&sealed).unwrap(), text);
            prop_assert_eq!(key_id_of(&sealed).unwrap(), Uuid::from_u128(1));
            prop_assert!(key(1, 2, 1).open(&sealed).is_err(), "moved to another subject");
            prop_assert!(key(2, 1, 1).open(&sealed).is_err(), "another key's");
        }

        #[test]
        fn every_altered_byte_is_noticed(text in ".{1,40}", flip in 1..=255_u8) {
            let ours = key(1, 1, 1);
            let bytes = BASE64_URL_SAFE_NO_PAD.decode(ours.seal(&text)).unwrap();
            for place in 0..bytes.len() {
                let mut altered = bytes.clone();
                altered[place] ^= flip;
                prop_assert!(ours.open(&BASE64_URL_SAFE_NO_PAD.encode(altered)).is_err(), "byte {}", place);
            }
        }
    }
}
