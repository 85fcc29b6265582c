//! Access tokens: fetched with a signed assertion, kept until shortly before they lapse.

use chrono::{DateTime, TimeDelta, Utc};
use platform::service_account::ServiceAccount;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::sync::Mutex;

const SCOPE: &str = "https://www.googleapis.com/auth/firebase.messaging";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// So long before its end a token is no longer used: it must not lapse on its way.
const MARGIN: TimeDelta = TimeDelta::seconds(60);

/// The access tokens of a service account.
pub(super) struct AccessTokens {
    account: ServiceAccount,
    client: reqwest::Client,
    kept: Mutex<Option<Kept>>,
}

struct Kept {
    token: SecretString,
    until: DateTime<Utc>,
}

/// Why there is no access token; says nothing of it.
#[derive(Debug, thiserror::Error)]
pub(super) enum TokenError {
    #[error("no answer")]
    NoAnswer,
    #[error("http_{0}")]
    Refused(u16),
    #[error("an answer that is none")]
    Unreadable,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    expires_in: i64,
}

impl AccessTokens {
    pub(super) fn new(account: ServiceAccount, client: reqwest::Client) -> Self {
        Self { account, client, kept: Mutex::new(None) }
    }

    /// A token that is good for a while. The lock is held while one is fetched: many who need one at once
    /// fetch it once.
    pub(super) async fn current(&self, now: DateTime<Utc>) -> Result<SecretString, TokenError> {
        let mut kept = self.kept.lock().await;
        match &*kept {
            Some(known) if now < known.until => Ok(known.token.clone()),
            _ => self.fetch(&mut kept, now).await,
        }
    }

    /// Another one than `refused`; fetched only if nobody else has done so meanwhile.
    pub(super) async fn renewed(
        &self,
        refused: &SecretString,
        now: DateTime<Utc>,
    ) -> Result<SecretString, TokenError> {
        let mut kept = self.kept.lock().await;
        match &*kept {
            Some(known) if known.token.expose_secret() != refused.expose_secret() => Ok(known.token.clone()),
            _ => self.fetch(&mut kept, now).await,
        }
    }

    async fn fetch(&self, kept: &mut Option<Kept>, now: DateTime<Utc>) -> Result<SecretString, TokenError> {
        *kept = None;
        let assertion = self.account.assertion(SCOPE, now);
        let form = [("grant_type", GRANT), ("assertion", assertion.expose_secret())];
        let request = self.client.post(self.account.token_uri()).form(&form);
        let response = request.send().await.map_err(|_| TokenError::NoAnswer)?;
        if !response.status().is_success() {
            let status = response.status().as_u16();
            tracing::error!(status, "the service account of FIREBASE_KEY gets no access token");
            return Err(TokenError::Refused(status));
        }
        let granted: Granted = response.json().await.map_err(|_| TokenError::Unreadable)?;
        let token = SecretString::from(granted.access_token);
        let until = now + TimeDelta::seconds(granted.expires_in.clamp(0, 86_400)) - MARGIN;
        *kept = Some(Kept { token: token.clone(), until });
        Ok(token)
    }
}

impl std::fmt::Debug for AccessTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AccessTokens(…)")
    }
}
