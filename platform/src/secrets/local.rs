//! Key-encryption keys out of the environment or a file.

use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use futures::future::BoxFuture;
use secrecy::{ExposeSecret, SecretSlice, SecretString};

use super::{KeyContext, KeyProvider, ProviderError, WrappedKey};
use crate::{
    config::LocalKey,
    seal::{KEY_BYTES, SealKey},
};

const NAME: &str = "local";
/// Begins the ids of keys that are derived from a secret; the configuration takes no key of such an id.
const DERIVED_ID: &str = "secret-";
const FINGERPRINT_BYTES: usize = 8;

/// Several keys: the first wraps, all unwrap.
#[derive(Debug)]
pub struct LocalKeys(Vec<(String, SealKey)>);

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

impl LocalKeys {
    /// The keys given, the current one first, and behind them the one that is derived from `secret`: where none are
    /// given, that one wraps.
    pub fn new(given: &[LocalKey], secret: &SecretString) -> Self {
        let given = given.iter().map(|LocalKey { id, key }| {
            let key = key.expose_secret().try_into().expect("the configuration takes keys of 32 bytes alone");
            (id.clone(), SealKey::new(key))
        });
        Self(given.chain([derived(secret)]).collect())
    }

    /// Their ids, the current one first.
    pub(super) fn ids(&self) -> Vec<String> {
        self.0.iter().map(|(id, _)| id.clone()).collect()
    }
}

/// Named by a fingerprint, so that a key from another secret is told by its name and not by what fails.
///
/// # Source
/// HKDF-SHA256, RFC 5869.
fn derived(secret: &SecretString) -> (String, SealKey) {
    let pseudo_random = Salt::new(HKDF_SHA256, b"iris.kek.v1").extract(secret.expose_secret().as_bytes());
    let fill = |purpose: &[u8], bytes: &mut [u8]| {
        let purposes = [purpose];
        let output = pseudo_random.expand(&purposes, Length(bytes.len()));
        output.and_then(|output| output.fill(bytes)).expect("32 bytes are far below HKDF's limit");
    };
    let (mut key, mut fingerprint) = ([0; KEY_BYTES], [0; FINGERPRINT_BYTES]);
    fill(b"aes-256-gcm", &mut key);
    fill(b"fingerprint", &mut fingerprint);
    (format!("{DERIVED_ID}{}", hex::encode(fingerprint)), SealKey::new(&key))
}

impl KeyProvider for LocalKeys {
    fn name(&self) -> &'static str {
        NAME
    }

    fn wrap<'a>(
        &'a self,
        key: &'a SecretSlice<u8>,
        context: KeyContext,
    ) -> BoxFuture<'a, Result<WrappedKey, ProviderError>> {
        let (key_id, current) = self.0.first().expect("there is one at least");
        let bytes = current.seal(key.expose_secret(), context.to_text().as_bytes());
        let wrapped = WrappedKey { provider: NAME.to_owned(), key_id: key_id.clone(), bytes };
        Box::pin(std::future::ready(Ok(wrapped)))
    }

    fn unwrap<'a>(
        &'a self,
        wrapped: &'a WrappedKey,
        context: KeyContext,
    ) -> BoxFuture<'a, Result<SecretSlice<u8>, ProviderError>> {
        Box::pin(std::future::ready(self.unwrap_now(wrapped, context)))
    }
}

impl LocalKeys {
    fn unwrap_now(
        &self,
        wrapped: &WrappedKey,
        context: KeyContext,
    ) -> Result<SecretSlice<u8>, ProviderError> {
        let found = self.0.iter().find(|(id, _)| *id == wrapped.key_id);
        let (key_id, key) = found.ok_or_else(|| ProviderError::NotConfigured {
            provider: NAME.to_owned(),
            key_id: wrapped.key_id.clone(),
            hint: if wrapped.key_id.starts_with(DERIVED_ID) {
                "it is made from SECRETS_KEY (else APP_SECRET), which must stay what it was until \
                 `iris secrets rewrap`"
            } else {
                "KEY_ENCRYPTION_KEYS must have it until `iris secrets rewrap`"
            },
        })?;
        key.open(&wrapped.bytes, context.to_text().as_bytes())
            .map_err(|_| ProviderError::Altered { provider: NAME, key_id: key_id.clone() })
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;
    use uuid::Uuid;

    use super::*;
    use crate::secrets::Purpose;

    const SECRET: &str = "one secret of thirty-two bytes !";
    const CONTEXT: KeyContext = KeyContext { data_key_id: Uuid::from_u128(7), purpose: Purpose::Seal };

    fn keys(given: &[(&str, u8)], secret: &str) -> LocalKeys {
        let key = |(id, byte): &(&str, u8)| LocalKey { id: (*id).to_owned(), key: vec![*byte; 32].into() };
        let given: Vec<_> = given.iter().map(key).collect();
        LocalKeys::new(&given, &secret.to_owned().into())
    }

    fn wrapped(keys: &LocalKeys) -> WrappedKey {
        keys.wrap(&vec![5; 32].into(), CONTEXT).now_or_never().unwrap().unwrap()
    }

    fn unwrapped(keys: &LocalKeys, key: &WrappedKey, context: KeyContext) -> Result<Vec<u8>, ProviderError> {
        let key = keys.unwrap(key, context).now_or_never().unwrap()?;
        Ok(key.expose_secret().to_vec())
    }

    #[test]
    fn the_first_wraps_and_the_others_only_unwrap() {
        let before = wrapped(&keys(&[("2024", 1)], SECRET));
        assert_eq!(before.key_id, "2024");
        let both = keys(&[("2025", 2), ("2024", 1)], SECRET);
        assert_eq!(wrapped(&both).key_id, "2025");
        assert_eq!(unwrapped(&both, &before, CONTEXT), Ok(vec![5; 32]));
        let error = unwrapped(&keys(&[("2025", 2)], SECRET), &before, CONTEXT).unwrap_err().to_string();
        assert!(error.contains("2024") && error.contains("KEY_ENCRYPTION_KEYS"), "{error}");
        // The same name with another key is no key.
        let impostor = unwrapped(&keys(&[("2024", 9)], SECRET), &before, CONTEXT);
        assert_eq!(impostor, Err(ProviderError::Altered { provider: NAME, key_id: "2024".to_owned() }));
    }

    #[test]
    fn a_secret_is_a_key_of_its_own_name_and_stays_one_beside_given_keys() {
        let alone = wrapped(&keys(&[], SECRET));
        assert!(alone.key_id.starts_with(DERIVED_ID));
        assert_eq!(unwrapped(&keys(&[("new", 1)], SECRET), &alone, CONTEXT), Ok(vec![5; 32]));
        let error = unwrapped(&keys(&[("new", 1)], "another secret of thirty-two byt"), &alone, CONTEXT);
        assert!(error.unwrap_err().to_string().contains("SECRETS_KEY"));
    }

    #[test]
    fn wrapped_bytes_are_for_their_row_and_purpose_alone() {
        let ours = keys(&[("a", 1)], SECRET);
        let key = wrapped(&ours);
        let elsewhere = KeyContext { data_key_id: Uuid::from_u128(8), ..CONTEXT };
        let otherwise = KeyContext { purpose: Purpose::Root, ..CONTEXT };
        for context in [elsewhere, otherwise] {
            assert!(matches!(unwrapped(&ours, &key, context), Err(ProviderError::Altered { .. })));
        }
        for place in 0..key.bytes.len() {
            let mut altered = key.clone();
            altered.bytes[place] ^= 1;
            assert!(unwrapped(&ours, &altered, CONTEXT).is_err(), "byte {place}");
        }
    }
}
