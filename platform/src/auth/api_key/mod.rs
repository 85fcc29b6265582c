//! API keys: long-lived credentials of machines, recognised by a hash, and let into what their scopes name.

mod reach;
mod text;
mod uses;
mod verifier;

use std::sync::Arc;

use uuid::Uuid;

pub use self::{
    reach::KeyReach,
    text::{ApiKeyText, NewApiKey},
    uses::KeyUses,
    verifier::{ApiKeys, WithApiKeys},
};

/// The key that a caller called with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallingKey {
    /// Which.
    pub id: Uuid,
    /// What it may do, in words such as `orders:read`.
    pub scopes: Arc<[String]>,
}

/// A key that is not believed, as far as it says which one it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefusedKey {
    /// Which it says to be; absent where it is no key at all.
    pub id: Option<Uuid>,
    /// Why not.
    pub why: KeyRefusal,
}

/// Why a key is not believed; for logs, metrics and the access log, never for the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyRefusal {
    /// Mistyped, cut, or made up: its form or its check characters are wrong.
    #[error("malformed key")]
    Malformed,
    /// There is no key of that id.
    #[error("unknown key")]
    Unknown,
    /// There is one, and this is not its secret, or not any more.
    #[error("wrong secret")]
    WrongSecret,
    /// Its time is over.
    #[error("expired key")]
    Expired,
    /// Somebody ended it.
    #[error("revoked key")]
    Revoked,
    /// Its account may not act any more.
    #[error("key of an account that may not act")]
    AccountClosed,
}

impl KeyRefusal {
    /// Its word in metrics and in the access log; never changes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Malformed => "key_malformed",
            Self::Unknown => "key_unknown",
            Self::WrongSecret => "key_wrong_secret",
            Self::Expired => "key_expired",
            Self::Revoked => "key_revoked",
            Self::AccountClosed => "key_account_closed",
        }
    }
}
