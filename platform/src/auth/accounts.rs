//! Whose account a login elsewhere is: asked of whoever has the accounts.

use std::error::Error;

use futures::future::BoxFuture;

use super::Identity;

/// The accounts that logins of other providers are linked to.
///
/// Asked with every request, so what it answers must be as of now: a role that was withdrawn and an account that was
/// disabled are so from that commit on, in every process.
pub trait Accounts: Send + Sync {
    /// The account that `subject`, a user of `provider`, is linked to.
    ///
    /// # Errors
    /// Whether there is one cannot be said: the request is then refused, to be tried again.
    fn find<'a>(&'a self, provider: &'a str, subject: &'a str) -> BoxFuture<'a, FoundAccount>;
}

/// What [`Accounts::find`] gives.
pub type FoundAccount = Result<Option<LinkedAccount>, Box<dyn Error + Send + Sync>>;

/// An account that somebody logs in to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkedAccount {
    /// Who it is, in the role that it has now.
    pub identity: Identity,
    /// It is not let in.
    pub is_disabled: bool,
}
