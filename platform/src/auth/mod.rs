//! Who is calling: access tokens, API keys, passwords and refresh tokens. What the caller may do is decided elsewhere.

mod accounts;
mod api_key;
mod caller;
mod clerk;
mod extract;
mod local;
mod password;
mod refresh;

use futures::future::BoxFuture;
use thiserror::Error;
use uuid::Uuid;

pub(crate) use self::caller::CallerSlot;
pub use self::{
    accounts::{Accounts, FoundAccount, LinkedAccount},
    api_key::{
        ApiKeyText, ApiKeys, CallingKey, KeyReach, KeyRefusal, KeyUses, NewApiKey, RefusedKey, WithApiKeys,
    },
    clerk::{CLERK, ClerkProvider, KeyTiming, is_user_id},
    local::{LocalProvider, SECRET_MIN_BYTES},
    password::PasswordChecker,
    refresh::{RefreshToken, refresh_token_hash},
};

/// The caller that a valid access token or API key speaks for.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    /// The account.
    pub subject: Uuid,
    /// The account's e-mail: as it is, or as the JSON of its sealed form, which is opened where it is shown.
    pub email: String,
    /// The account's role, as the token says, or as the log does where a key or somebody else vouches for it.
    pub role: String,
    /// The key that it called with, where it was no token: it may do less than the account.
    pub key: Option<CallingKey>,
}

impl std::fmt::Debug for Identity {
    /// Without the e-mail: it is personal data and logs are not for it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity")
            .field("subject", &self.subject)
            .field("role", &self.role)
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

/// Vouches for access tokens; which one is used is configuration, never the token's choice.
pub trait IdentityProvider: Send + Sync {
    /// The identity that `token` speaks for at this moment.
    fn verify<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<Identity, AuthFailure>>;
}

/// Why a caller is not believed; for logs and metrics, never for the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AuthFailure {
    /// No `Authorization` header.
    #[error("no token")]
    Missing,
    /// A header that is not `Bearer <token>`, or several.
    #[error("not a bearer token")]
    NotBearer,
    /// Longer than any token of ours.
    #[error("token too long")]
    TooLong,
    /// Not a JWT, or claims of the wrong form.
    #[error("malformed token")]
    Malformed,
    /// Another algorithm than the configured one, `none` among them.
    #[error("wrong algorithm")]
    WrongAlgorithm,
    /// The signature is not ours.
    #[error("bad signature")]
    BadSignature,
    /// `exp` has passed.
    #[error("expired")]
    Expired,
    /// `nbf` or `iat` lies in the future.
    #[error("not valid yet")]
    NotYetValid,
    /// `iss` or `aud` is not ours.
    #[error("foreign token")]
    Foreign,
    /// No key of that id is published, or the id is none.
    #[error("unknown key")]
    UnknownKey,
    /// `azp` is none of our frontends.
    #[error("made for another frontend")]
    WrongParty,
    /// It belongs to no session.
    #[error("no session")]
    NoSession,
    /// Its session is not under way yet.
    #[error("session pending")]
    SessionPending,
    /// It is valid, and its user has no account here.
    #[error("no account is linked")]
    NotLinked,
    /// It is valid, and its account is disabled.
    #[error("account disabled")]
    AccountDisabled,
    /// What verifies tokens has not come from the identity provider yet.
    #[error("identity provider unavailable")]
    ProviderUnavailable,
    /// An API key.
    #[error("{}", .0.why)]
    Key(RefusedKey),
    /// Nobody could be asked: the database does not answer. That is no judgement of the credential.
    #[error("not looked up")]
    NotLookedUp,
}
