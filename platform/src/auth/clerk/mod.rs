//! Session tokens that Clerk signs: RS256 or ES256, by keys that it publishes.
//!
//! A token proves which of Clerk's users calls. Which account that is, in which role, and whether it is let in, is
//! asked of [`Accounts`] with every request, so that a change holds in every process from its commit on.
//!
//! # Source
//! RFC 8725 (best current practices of JWTs); Clerk's "manual JWT verification" and session token claims, version 2.

mod claims;
mod fetch;
mod jwks;
mod keys;
mod metrics;

use std::sync::Arc;

use futures::future::BoxFuture;
use jsonwebtoken::{Header, errors::ErrorKind};
use tokio_util::sync::CancellationToken;

pub use self::{claims::is_user_id, keys::KeyTiming};
use self::{
    claims::{Claims, validation},
    fetch::KeySource,
    keys::Keys,
};
use super::{Accounts, AuthFailure, Identity, IdentityProvider, LinkedAccount};
use crate::{clock::Clock, config};

/// Its name where logins are linked to accounts.
pub const CLERK: &str = "clerk";
/// Clerk's tokens have less than 1 KiB unless somebody adds to them, and then at most 4 KiB, the size of a cookie.
const TOKEN_MAX_BYTES: usize = 8 * 1024;

/// Verifies Clerk's session tokens, and finds the accounts of whom they are about.
pub struct ClerkProvider {
    issuer: String,
    authorized_parties: Vec<String>,
    keys: Keys,
    accounts: Arc<dyn Accounts>,
    clock: Arc<dyn Clock>,
}

impl ClerkProvider {
    /// A provider by these settings. Nothing is fetched before somebody runs [`Self::keep_keys`].
    ///
    /// # Errors
    /// The TLS provider cannot be set up.
    pub fn try_new(
        settings: &config::Clerk,
        timing: KeyTiming,
        accounts: Arc<dyn Accounts>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, reqwest::Error> {
        let source = KeySource::try_new(settings.jwks_url.clone(), timing.fetch_max)?;
        Ok(Self {
            issuer: settings.issuer.clone(),
            authorized_parties: settings.authorized_parties.clone(),
            keys: Keys::new(source, timing, Arc::clone(&clock)),
            accounts,
            clock,
        })
    }

    /// Fetches Clerk's keys at once and keeps them fresh until `stop`; somebody has to run it beside the requests.
    pub async fn keep_keys(self: Arc<Self>, stop: CancellationToken) {
        self.keys.run(stop).await;
    }

    /// The Clerk user whose running session the token proves.
    async fn user_of(&self, token: &str) -> Result<String, AuthFailure> {
        if token.len() > TOKEN_MAX_BYTES {
            return Err(AuthFailure::TooLong);
        }
        let header = jsonwebtoken::decode_header(token).map_err(|error| failure(error.kind()))?;
        let key = self.keys.find(kid(&header)?).await?;
        let validation = validation(&self.issuer, key.algorithm);
        let decoded = jsonwebtoken::decode::<Claims>(token, &key.decoding, &validation)
            .map_err(|error| failure(error.kind()))?;
        decoded.claims.check(&self.authorized_parties, self.clock.now().timestamp())?;
        Ok(decoded.claims.sub)
    }

    async fn identify(&self, token: &str) -> Result<Identity, AuthFailure> {
        let user = self.user_of(token).await?;
        match self.accounts.find(CLERK, &user).await {
            Ok(Some(LinkedAccount { is_disabled: true, .. })) => Err(AuthFailure::AccountDisabled),
            Ok(Some(LinkedAccount { identity, .. })) => Ok(identity),
            Ok(None) => Err(AuthFailure::NotLinked),
            Err(error) => {
                tracing::error!(error = &*error, "the account of a valid token cannot be looked up");
                Err(AuthFailure::NotLookedUp)
            }
        }
    }
}

impl IdentityProvider for ClerkProvider {
    fn verify<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<Identity, AuthFailure>> {
        Box::pin(self.identify(token))
    }
}

/// The id of the key that the token wants to be verified by: all that its header decides.
fn kid(header: &Header) -> Result<&str, AuthFailure> {
    // RFC 7515 section 4.1.11: extensions marked critical and not understood void the token.
    let is_plain = header.crit.is_none();
    // RFC 8725 section 3.11: what says that it is something else is not taken for a session token.
    let is_jwt = header.typ.as_deref().is_none_or(|typ| typ.eq_ignore_ascii_case("JWT"));
    if !is_plain || !is_jwt {
        return Err(AuthFailure::Malformed);
    }
    header.kid.as_deref().filter(|kid| jwks::is_kid(kid)).ok_or(AuthFailure::UnknownKey)
}

fn failure(kind: &ErrorKind) -> AuthFailure {
    match kind {
        ErrorKind::InvalidSignature => AuthFailure::BadSignature,
        ErrorKind::InvalidAlgorithm
        | ErrorKind::InvalidAlgorithmName
        | ErrorKind::UnsupportedAlgorithm
        | ErrorKind::MissingAlgorithm => AuthFailure::WrongAlgorithm,
        ErrorKind::InvalidIssuer => AuthFailure::Foreign,
        _ => AuthFailure::Malformed,
    }
}

#[cfg(test)]
mod tests;
