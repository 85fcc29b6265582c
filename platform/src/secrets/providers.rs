//! The providers that the environment names.

use std::sync::Arc;

use secrecy::{SecretSlice, SecretString};

use super::{AwsKms, KeyContext, KeyProvider, LocalKeys, ProviderError, VaultTransit, WrappedKey, metrics};
use crate::{clock::Clock, config::KeyEncryption};

/// One that wraps, and all that unwrap. Cheap to clone.
#[derive(Clone)]
pub struct KeyProviders {
    current: Arc<dyn KeyProvider>,
    all: Vec<Arc<dyn KeyProvider>>,
    local_ids: Vec<String>,
}

impl KeyProviders {
    /// Those of the configuration; `secret` is `SECRETS_KEY`, else `APP_SECRET`. Nothing is asked yet.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub fn try_new(
        settings: &KeyEncryption,
        secret: &SecretString,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, reqwest::Error> {
        metrics::describe();
        let local = LocalKeys::new(&settings.local_keys, secret);
        let local_ids = local.ids();
        let mut all: Vec<Arc<dyn KeyProvider>> = vec![Arc::new(local)];
        if let Some(vault) = &settings.vault {
            all.push(Arc::new(VaultTransit::try_new(vault)?));
        }
        if let Some(kms) = &settings.aws_kms {
            all.push(Arc::new(AwsKms::try_new(kms, Arc::clone(clock))?));
        }
        let is_current = |provider: &&Arc<dyn KeyProvider>| provider.name() == settings.provider.name();
        let current = all.iter().find(is_current).expect("the configuration has the one that it names");
        Ok(Self { current: Arc::clone(current), local_ids, all })
    }

    /// The key that is made from `SECRETS_KEY`, and nothing else.
    pub fn of_secret(secret: &SecretString) -> Self {
        let local = LocalKeys::new(&[], secret);
        let local_ids = local.ids();
        let local: Arc<dyn KeyProvider> = Arc::new(local);
        Self { current: Arc::clone(&local), all: vec![local], local_ids }
    }

    /// Whether there is nothing but `SECRETS_KEY`.
    pub(super) fn is_secret_alone(&self) -> bool {
        self.all.len() == 1 && self.local_ids.len() == 1
    }

    /// The key-encryption keys of the environment, the one that is made from the secret last.
    pub fn local_ids(&self) -> &[String] {
        &self.local_ids
    }

    /// Who wraps.
    pub(super) fn current_name(&self) -> &'static str {
        self.current.name()
    }

    /// Wraps under the current key-encryption key.
    pub(super) async fn wrap(
        &self,
        key: &SecretSlice<u8>,
        context: KeyContext,
    ) -> Result<WrappedKey, ProviderError> {
        self.current.wrap(key, context).await
    }

    /// Unwraps, by whoever wrapped it.
    pub(super) async fn unwrap(
        &self,
        wrapped: &WrappedKey,
        context: KeyContext,
    ) -> Result<SecretSlice<u8>, ProviderError> {
        let provider = self.all.iter().find(|provider| provider.name() == wrapped.provider);
        let provider = provider.ok_or_else(|| ProviderError::NotConfigured {
            provider: wrapped.provider.clone(),
            key_id: wrapped.key_id.clone(),
            hint: match wrapped.provider.as_str() {
                "vault" => "VAULT_TRANSIT_KEY and VAULT_ADDR must stay set until `iris secrets rewrap`",
                "aws-kms" => "AWS_KMS_KEY_ID and AWS_REGION must stay set until `iris secrets rewrap`",
                _ => "this program knows no such provider",
            },
        })?;
        provider.unwrap(wrapped, context).await
    }

    /// The key-encryption key that wraps at present: its provider and id.
    ///
    /// # Errors
    /// The provider's.
    pub async fn current_key(&self) -> Result<(&'static str, String), ProviderError> {
        Ok((self.current.name(), self.current.current_key_id().await?))
    }
}

impl std::fmt::Debug for KeyProviders {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.all.iter().map(|provider| provider.name())).finish()
    }
}
