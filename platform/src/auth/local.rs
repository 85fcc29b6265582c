//! Tokens that we sign ourselves, for development and tests: HS256 with `APP_SECRET`.

use std::{future, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, errors::ErrorKind};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{AuthFailure, Identity, IdentityProvider};
use crate::clock::Clock;

/// Shortest key in bytes: shorter ones than HS256's hash can be guessed offline (RFC 7518 section 3.2); configuration refuses them.
pub const SECRET_MIN_BYTES: usize = 32;
/// Our tokens have some 400 bytes; a longer one is not worth reading.
const TOKEN_MAX_BYTES: usize = 8 * 1024;
/// How far two clocks may differ, in seconds.
const LEEWAY_S: i64 = 5;
const ISSUER: &str = "iris";
const AUDIENCE: &str = "iris";

/// Signs and verifies local access tokens.
pub struct LocalProvider {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
    clock: Arc<dyn Clock>,
}

impl LocalProvider {
    /// A provider whose key is `secret` and whose time is that of `clock`.
    ///
    /// # Panics
    /// When the secret is shorter than [`SECRET_MIN_BYTES`]: configuration has refused such a one.
    pub fn new(secret: &SecretString, clock: Arc<dyn Clock>) -> Self {
        let key = secret.expose_secret().as_bytes();
        assert!(key.len() >= SECRET_MIN_BYTES, "configuration refuses shorter secrets");
        Self {
            encoding: EncodingKey::from_secret(key),
            decoding: DecodingKey::from_secret(key),
            validation: validation(),
            clock,
        }
    }

    /// An access token for `identity`, valid from `now` for `ttl` (whole seconds).
    ///
    /// # Panics
    /// Never: HS256 signs any bytes and the claims are plain JSON.
    pub fn issue(&self, identity: &Identity, now: DateTime<Utc>, ttl: Duration) -> String {
        let issued = now.timestamp();
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: identity.subject,
            email: identity.email.clone(),
            role: identity.role.clone(),
            iat: issued,
            nbf: Some(issued),
            exp: issued.saturating_add(i64::try_from(ttl.as_secs()).unwrap_or(i64::MAX)),
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.encoding)
            .expect("HS256 signs any bytes and the claims are plain JSON")
    }
}

impl LocalProvider {
    /// The identity that a token of ours speaks for.
    fn read(&self, token: &str) -> Result<Identity, AuthFailure> {
        if token.len() > TOKEN_MAX_BYTES {
            return Err(AuthFailure::TooLong);
        }
        let decoded = jsonwebtoken::decode::<Claims>(token, &self.decoding, &self.validation)
            .map_err(|error| failure(error.kind()))?;
        // RFC 7515 section 4.1.11: extensions marked critical and not understood void the token.
        if decoded.header.crit.is_some() {
            return Err(AuthFailure::Malformed);
        }
        decoded.claims.check_times(self.clock.now().timestamp())?;
        let Claims { sub, email, role, .. } = decoded.claims;
        Ok(Identity { subject: sub, email, role, key: None })
    }
}

impl IdentityProvider for LocalProvider {
    fn verify<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<Identity, AuthFailure>> {
        Box::pin(future::ready(self.read(token)))
    }
}

fn validation() -> Validation {
    // The algorithm is pinned here. `alg` of the header is compared with it and chooses nothing, so neither
    // `none` nor a public key passed off as an HMAC key works; `jku`, `jwk` and `x5u` are never looked at.
    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[AUDIENCE]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    // Times are checked in `Claims::check_times` against our clock: the library would ask the machine's.
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: Uuid,
    email: String,
    role: String,
    /// Seconds since 1970, as the other two.
    iat: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nbf: Option<i64>,
    exp: i64,
}

impl Claims {
    fn check_times(&self, now: i64) -> Result<(), AuthFailure> {
        if now >= self.exp.saturating_add(LEEWAY_S) {
            return Err(AuthFailure::Expired);
        }
        let from = self.nbf.unwrap_or(self.iat).max(self.iat);
        if from > now.saturating_add(LEEWAY_S) {
            return Err(AuthFailure::NotYetValid);
        }
        Ok(())
    }
}

fn failure(kind: &ErrorKind) -> AuthFailure {
    match kind {
        ErrorKind::InvalidSignature => AuthFailure::BadSignature,
        ErrorKind::InvalidAlgorithm
        | ErrorKind::InvalidAlgorithmName
        | ErrorKind::UnsupportedAlgorithm
        | ErrorKind::MissingAlgorithm => AuthFailure::WrongAlgorithm,
        ErrorKind::InvalidIssuer | ErrorKind::InvalidAudience => AuthFailure::Foreign,
        _ => AuthFailure::Malformed,
    }
}

#[cfg(test)]
mod tests;
