//! Secrets at rest: sealed before they reach a table, and opened only where they are used.
//!
//! Envelope encryption. What is secret in a table is sealed under a *data key*; data keys are rows of
//! `platform.data_keys`, each wrapped by a *key-encryption key* that is not in the database. A process has its data
//! keys in use unwrapped once and keeps them in memory: sealing asks nobody, and opening nobody but for a key that the
//! process meets for the first time.
//!
//! - [`KeyProvider`]: who has the key-encryption keys: [`LocalKeys`], [`VaultTransit`], [`AwsKms`].
//! - [`KeyProviders`]: those that the environment names: one wraps, all unwrap.
//! - [`Keyring`]: the data keys of a process; seals and opens.
//! - [`data_keys`]: their rows; `rewrap` puts them under the current key-encryption key.

mod answer;
mod aws_kms;
pub mod data_keys;
mod first_keys;
mod keyring;
mod local;
mod metrics;
mod provider;
mod providers;
pub mod sigv4;
mod transit;

pub use self::{
    aws_kms::AwsKms,
    keyring::{Keyring, LEARNED_WITHIN, OpenError, REFRESH_EVERY, StartError, data_key_of},
    local::LocalKeys,
    provider::{KeyContext, KeyProvider, ProviderError, Purpose, WrappedKey},
    providers::KeyProviders,
    transit::VaultTransit,
};
