//! What the local provider consists of: users, their passwords, and the signing key.

use std::{collections::HashMap, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use platform::{
    auth::{Identity, LocalProvider, PasswordChecker},
    config::DevUser,
};
use secrecy::SecretString;

/// How long an access token is good for. It cannot be revoked, so it is short: what a stolen one or a
/// withdrawn role is still good for.
const ACCESS_TOKEN_TTL: Duration = Duration::from_mins(15);

/// Logins by password, for development and tests.
pub struct LocalLogin {
    provider: Arc<LocalProvider>,
    passwords: PasswordChecker,
    /// By e-mail in lower case.
    hashes: HashMap<String, SecretString>,
}

impl LocalLogin {
    /// Logins of `users` (`DEV_USERS`), with access tokens signed by `provider`.
    pub fn new(provider: Arc<LocalProvider>, users: &[DevUser]) -> Self {
        let passwords = PasswordChecker::new(users.iter().map(|user| &user.password_hash));
        let entry = |user: &DevUser| (user.email.to_lowercase(), user.password_hash.clone());
        Self { provider, passwords, hashes: users.iter().map(entry).collect() }
    }

    /// Whether that is the password of that address; an unknown address costs the same time.
    pub(crate) async fn is_right(&self, email_key: &str, password: &SecretString) -> bool {
        self.passwords.check(self.hashes.get(email_key), password).await
    }

    /// An access token, and the seconds that it is good for.
    pub(crate) fn access_token(&self, identity: &Identity, now: DateTime<Utc>) -> (String, u64) {
        (self.provider.issue(identity, now, ACCESS_TOKEN_TTL), ACCESS_TOKEN_TTL.as_secs())
    }
}
