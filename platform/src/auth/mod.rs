//! Who is calling: access tokens, passwords and refresh tokens. What the caller may do is decided elsewhere.

mod caller;
mod extract;
mod local;
mod password;
mod refresh;

use futures::future::BoxFuture;
use thiserror::Error;
use uuid::Uuid;

pub(crate) use self::caller::CallerSlot;
pub use self::{
    local::{LocalProvider, SECRET_MIN_BYTES},
    password::PasswordChecker,
    refresh::{RefreshToken, refresh_token_hash},
};

/// The caller that a valid access token speaks for.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    /// The account.
    pub subject: Uuid,
    /// The account's e-mail.
    pub email: String,
    /// The account's role, as the token says.
    pub role: String,
}

impl std::fmt::Debug for Identity {
    /// Without the e-mail: it is personal data and logs are not for it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity")
            .field("subject", &self.subject)
            .field("role", &self.role)
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
}
