//! Texts about people, under a key per person, so that destroying the key erases the text wherever it lies.
//!
//! A text is sealed before it is decided on and opened where somebody is shown it or sent something: in
//! events, folds, snapshots, read tables, stored answers, queued mails and every backup of them it is
//! ciphertext. The keys are rows of `personal.keys`, wrapped under a data key ([`crate::secrets`]).
//!
//! - [`Vault`]: wraps keys, and makes blind indexes of addresses.
//! - [`PersonKey`]: seals and opens the texts of one subject.
//! - [`PersonalKeys`]: the table. Nothing of it is kept in memory, so an erasure holds from its commit on.
//! - [`envelope`]: how sealed texts stand in JSON. [`open_answers`]: the one place where HTTP answers are opened.

pub mod envelope;
mod keys;
mod opening;
mod person_key;
mod vault;

pub use keys::{PersonalKeys, Sealing};
pub use opening::open_answers;
pub use person_key::{PersonKey, key_id_of};
pub use vault::{FreshKey, Vault, about};

use thiserror::Error;

/// Why a text cannot be sealed or opened. That its key was destroyed is none of these.
#[derive(Debug, Error)]
pub enum PersonalError {
    /// The database refused or does not answer.
    #[error("the keys of people cannot be read")]
    Database(#[from] sqlx::Error),
    /// The key is there, and this process cannot unwrap it: it has another `SECRETS_KEY`, or the data key is gone.
    /// Never to be taken for an erasure.
    #[error(
        "a key of personal.keys cannot be unwrapped: SECRETS_KEY is not the one that it was made under, or its row of \
         platform.data_keys is missing"
    )]
    OtherSecret,
    /// The key is there, and its data key cannot be had at present. Never to be taken for an erasure.
    #[error("a key of personal.keys cannot be unwrapped at present: {0}")]
    KeyNotNow(String),
    /// The key is there, and the text was altered or moved to another subject.
    #[error("a sealed text cannot be opened with its own key")]
    Altered,
    /// No sealed text of this program.
    #[error("a text is not sealed in a known form")]
    UnknownForm,
}
