//! Recognising keys, and telling them from tokens.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use sqlx::PgPool;
use uuid::Uuid;

use super::{
    CallingKey, KeyRefusal, RefusedKey,
    text::ApiKeyText,
    uses::{KeyUses, NoteUse},
};
use crate::{
    auth::{AuthFailure, Identity, IdentityProvider},
    clock::Clock,
};

/// Recognises keys by `auth.api_keys`.
///
/// Every request looks, and nothing is kept in memory: a key that is revoked, and an account that is closed, is so for
/// every process from the commit on. The price is one look-up by primary key.
pub struct ApiKeys {
    pool: PgPool,
    clock: Arc<dyn Clock>,
    uses: NoteUse,
}

/// Keys beside tokens: which of the two a credential is, its beginning says.
pub struct WithApiKeys {
    keys: ApiKeys,
    tokens: Arc<dyn IdentityProvider>,
}

impl ApiKeys {
    /// Recognises keys on `pool`, which may need to call `auth.find_api_key` and `auth.note_api_key_uses`; and the
    /// writer of when they were used.
    pub fn new(pool: PgPool, clock: Arc<dyn Clock>) -> (Self, KeyUses) {
        let (uses, writer) = KeyUses::new(pool.clone(), Arc::clone(&clock));
        (Self { pool, clock, uses }, writer)
    }

    async fn verify(&self, credential: &str) -> Result<Identity, AuthFailure> {
        let refused = |id, why| AuthFailure::Key(RefusedKey { id, why });
        let key = ApiKeyText::parse(credential).ok_or_else(|| refused(None, KeyRefusal::Malformed))?;
        let found = self.find(key.id).await.map_err(|error| {
            tracing::warn!(%error, "API keys cannot be looked up");
            AuthFailure::NotLookedUp
        })?;
        let found = found.ok_or_else(|| refused(Some(key.id), KeyRefusal::Unknown))?;
        let now = self.clock.now();
        found.check(&key, now).map_err(|why| refused(Some(key.id), why))?;
        self.uses.note(key.id, found.last_used_at, now);
        Ok(Identity {
            subject: found.account_id,
            email: found.email.unwrap_or_default(),
            role: found.role.unwrap_or_default(),
            key: Some(CallingKey { id: key.id, scopes: scopes(&found.scopes) }),
        })
    }

    async fn find(&self, key_id: Uuid) -> Result<Option<Found>, sqlx::Error> {
        let sql = "SELECT account_id, hash, former_hash, former_valid_until, scopes, expires_at, revoked_at, \
                       last_used_at, role, email, is_open FROM auth.find_api_key($1)";
        sqlx::query_as(sql).bind(key_id).fetch_optional(&self.pool).await
    }
}

impl WithApiKeys {
    /// Keys by `keys`, everything else by `tokens`.
    pub fn new(keys: ApiKeys, tokens: Arc<dyn IdentityProvider>) -> Self {
        Self { keys, tokens }
    }
}

impl IdentityProvider for WithApiKeys {
    fn verify<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<Identity, AuthFailure>> {
        // No token of any provider begins so: those are JSON in base64, `eyJ…`.
        if ApiKeyText::is_meant(token) {
            Box::pin(self.keys.verify(token))
        } else {
            self.tokens.verify(token)
        }
    }
}

/// A key as the table has it, and how its account stands.
#[derive(sqlx::FromRow)]
struct Found {
    account_id: Uuid,
    hash: Vec<u8>,
    former_hash: Option<Vec<u8>>,
    former_valid_until: Option<DateTime<Utc>>,
    scopes: String,
    expires_at: DateTime<Utc>,
    revoked_at: Option<DateTime<Utc>>,
    last_used_at: Option<DateTime<Utc>>,
    role: Option<String>,
    email: Option<String>,
    is_open: bool,
}

impl Found {
    /// The secret comes first: only whoever has it makes us say, on record, that the key is expired or revoked.
    fn check(&self, key: &ApiKeyText, now: DateTime<Utc>) -> Result<(), KeyRefusal> {
        if !key.fits(&self.hash) && !self.is_former(key, now) {
            return Err(KeyRefusal::WrongSecret);
        }
        if self.revoked_at.is_some() {
            return Err(KeyRefusal::Revoked);
        }
        if now >= self.expires_at {
            return Err(KeyRefusal::Expired);
        }
        if !self.is_open || self.role.is_none() {
            return Err(KeyRefusal::AccountClosed);
        }
        Ok(())
    }

    fn is_former(&self, key: &ApiKeyText, now: DateTime<Utc>) -> bool {
        let is_in_time = self.former_valid_until.is_some_and(|until| now < until);
        is_in_time && self.former_hash.as_deref().is_some_and(|hash| key.fits(hash))
    }
}

fn scopes(text: &str) -> Arc<[String]> {
    text.split_ascii_whitespace().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::{super::text::NewApiKey, *};

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(second, 0).unwrap()
    }

    fn key() -> (ApiKeyText, Vec<u8>) {
        let new = NewApiKey::generate(Uuid::nil());
        (ApiKeyText::parse(new.text.expose_secret()).unwrap(), new.hash.to_vec())
    }

    fn found(hash: &[u8]) -> Found {
        Found {
            account_id: Uuid::nil(),
            hash: hash.to_vec(),
            former_hash: None,
            former_valid_until: None,
            scopes: "orders:read carts:write".to_owned(),
            expires_at: at(100),
            revoked_at: None,
            last_used_at: None,
            role: Some("PARTNER".to_owned()),
            email: None,
            is_open: true,
        }
    }

    #[test]
    fn a_key_is_good_until_the_second_that_it_expires() {
        let (key, hash) = key();
        assert_eq!(found(&hash).check(&key, at(99)), Ok(()));
        assert_eq!(found(&hash).check(&key, at(100)), Err(KeyRefusal::Expired));
    }

    #[test]
    fn the_former_secret_is_good_for_as_long_as_was_said() {
        let ((old, old_hash), (new, new_hash)) = (key(), key());
        let rotated =
            Found { former_hash: Some(old_hash), former_valid_until: Some(at(50)), ..found(&new_hash) };
        assert_eq!((rotated.check(&new, at(49)), rotated.check(&old, at(49))), (Ok(()), Ok(())));
        assert_eq!(rotated.check(&old, at(50)), Err(KeyRefusal::WrongSecret));
        assert_eq!(rotated.check(&new, at(50)), Ok(()));
    }

    #[test]
    fn what_ended_it_is_told_only_to_who_has_the_secret() {
        let ((key_of_ours, hash), (other, _)) = (key(), key());
        let revoked = Found { revoked_at: Some(at(1)), ..found(&hash) };
        assert_eq!(revoked.check(&key_of_ours, at(2)), Err(KeyRefusal::Revoked));
        assert_eq!(revoked.check(&other, at(2)), Err(KeyRefusal::WrongSecret));
        let closed = Found { is_open: false, ..found(&hash) };
        assert_eq!(closed.check(&key_of_ours, at(2)), Err(KeyRefusal::AccountClosed));
        let nobodys = Found { role: None, ..found(&hash) };
        assert_eq!(nobodys.check(&key_of_ours, at(2)), Err(KeyRefusal::AccountClosed));
    }

    #[test]
    fn scopes_are_words() {
        assert_eq!(*scopes("orders:read carts:write"), ["orders:read", "carts:write"].map(str::to_owned));
        assert!(scopes("").is_empty());
    }
}
