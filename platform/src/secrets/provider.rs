//! The port to whoever has the key-encryption keys.

use futures::future::BoxFuture;
use secrecy::SecretSlice;
use thiserror::Error;
use uuid::Uuid;

/// What a data key is for; bound to its wrapped bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Seals what is secret in tables.
    Seal,
    /// What everything is derived from that must never change: blind indexes, links, marks.
    Root,
}

impl Purpose {
    /// Its word in the table.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Seal => "seal",
            Self::Root => "root",
        }
    }

    /// The purpose of that name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Seal, Self::Root].into_iter().find(|purpose| purpose.name() == name)
    }
}

/// Which data key it is: bound to its wrapped bytes, so that those of one row do not unwrap in another. Not secret;
/// a provider may write it into its own log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyContext {
    /// Its id.
    pub data_key_id: Uuid,
    /// What it is for.
    pub purpose: Purpose,
}

impl KeyContext {
    /// As one text, for providers that bind bytes.
    pub fn to_text(self) -> String {
        format!("iris.data_key.v1:{}:{}", self.purpose.name(), self.data_key_id)
    }
}

/// A data key as its row has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrappedKey {
    /// Whose: [`KeyProvider::name`].
    pub provider: String,
    /// The key-encryption key, with its version where it has one.
    pub key_id: String,
    /// As the provider gave them.
    pub bytes: Vec<u8>,
}

/// Why a key could not be wrapped or unwrapped; never holds a key or a token.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ProviderError {
    /// It does not answer, or asks to come again: later it may.
    #[error("the key provider {provider} does not answer: {reason}")]
    Unavailable {
        /// Which.
        provider: &'static str,
        /// In a few words of ours.
        reason: String,
    },
    /// It answered no; asking again changes nothing.
    #[error("the key provider {provider} refuses: {reason}")]
    Refused {
        /// Which.
        provider: &'static str,
        /// In a few words of ours.
        reason: String,
    },
    /// A data key is wrapped by a key-encryption key that this process was not given.
    #[error(
        "a data key is wrapped by the key {key_id} of the provider {provider}, which is not configured: {hint}"
    )]
    NotConfigured {
        /// Whose key.
        provider: String,
        /// Which.
        key_id: String,
        /// The settings that would name it.
        hint: &'static str,
    },
    /// The wrapped bytes were altered, or are another data key's.
    #[error("a wrapped data key was altered or moved: the key {key_id} of {provider} does not unwrap it")]
    Altered {
        /// Whose key.
        provider: &'static str,
        /// Which.
        key_id: String,
    },
}

impl ProviderError {
    /// Whether asking again later may help.
    pub const fn may_pass(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }
}

/// Who has key-encryption keys, and never gives them away.
///
/// Asked a few times in a process's life, not per secret: see [`super::Keyring`].
pub trait KeyProvider: Send + Sync {
    /// Its word in the table and in `KEY_PROVIDER`; never changes.
    fn name(&self) -> &'static str;

    /// Wraps a data key under the current key-encryption key, for that context alone.
    fn wrap<'a>(
        &'a self,
        key: &'a SecretSlice<u8>,
        context: KeyContext,
    ) -> BoxFuture<'a, Result<WrappedKey, ProviderError>>;

    /// Unwraps what [`Self::wrap`] gave for the same context.
    fn unwrap<'a>(
        &'a self,
        wrapped: &'a WrappedKey,
        context: KeyContext,
    ) -> BoxFuture<'a, Result<SecretSlice<u8>, ProviderError>>;

    /// The key-encryption key that wraps at present, as [`WrappedKey::key_id`] has it.
    ///
    /// Found by wrapping a throw-away: whoever may wrap may know it, and needs no further right.
    fn current_key_id(&self) -> BoxFuture<'_, Result<String, ProviderError>> {
        Box::pin(async {
            let context = KeyContext { data_key_id: Uuid::nil(), purpose: Purpose::Seal };
            Ok(self.wrap(&vec![0; crate::seal::KEY_BYTES].into(), context).await?.key_id)
        })
    }
}
