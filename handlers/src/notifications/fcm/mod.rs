//! Pushes through Firebase Cloud Messaging, HTTP v1.

mod answer;
mod body;
mod tokens;

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use http::StatusCode;
use platform::service_account::ServiceAccount;
use secrecy::{ExposeSecret, SecretString};

use self::tokens::{AccessTokens, TokenError};
use super::{
    outcome::{Hold, Outcome},
    queue::Message,
    resend::{USER_AGENT, unanswered},
};

/// Errors are asked for in the form that [`answer`] reads, with their details, as Google's own SDKs do:
/// whether a registration token is gone stands there alone.
const ERROR_FORMAT: (&str, &str) = ("X-GOOG-API-FORMAT-VERSION", "2");

/// A client of FCM. It sends in the name of one project.
#[derive(Clone, Debug)]
pub struct Fcm {
    client: reqwest::Client,
    url: String,
    tokens: Arc<AccessTokens>,
}

impl Fcm {
    /// A client for the account's project.
    ///
    /// # Errors
    /// The TLS provider cannot be set up.
    pub fn try_new(
        base_url: &str,
        account: ServiceAccount,
        timeout: Duration,
    ) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .user_agent(USER_AGENT)
            .timeout(timeout)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()?;
        let base = base_url.trim_end_matches('/');
        let url = format!("{base}/v1/projects/{}/messages:send", account.project_id());
        let tokens = Arc::new(AccessTokens::new(account, client.clone()));
        Ok(Self { client, url, tokens })
    }

    pub(crate) async fn send(&self, message: &Message, now: DateTime<Utc>) -> Outcome {
        // Given up, or somebody else's by now: what was meant for one person must not reach another.
        let Some(device) = &message.token else { return Outcome::Refused("device_gone".to_owned()) };
        let body = body::of(message, device);
        let token = match self.tokens.current(now).await {
            Ok(token) => token,
            Err(error) => return without_token(&error),
        };
        match self.post(&token, &body).await {
            Answered::Unauthorized => self.send_with_a_fresh_token(&token, &body, now).await,
            Answered::Otherwise(outcome) => outcome,
        }
    }

    /// Once: a token that was just made and is refused means that the account is.
    async fn send_with_a_fresh_token(
        &self,
        refused: &SecretString,
        body: &str,
        now: DateTime<Utc>,
    ) -> Outcome {
        let token = match self.tokens.renewed(refused, now).await {
            Ok(token) => token,
            Err(error) => return without_token(&error),
        };
        match self.post(&token, body).await {
            Answered::Unauthorized => {
                tracing::error!("FCM refuses the service account of FIREBASE_KEY");
                Outcome::Held(Hold::OurFault("UNAUTHENTICATED".to_owned()))
            }
            Answered::Otherwise(outcome) => outcome,
        }
    }

    async fn post(&self, token: &SecretString, body: &str) -> Answered {
        let request = self
            .client
            .post(&self.url)
            .bearer_auth(token.expose_secret())
            .header(http::header::CONTENT_TYPE, "application/json")
            .header(ERROR_FORMAT.0, ERROR_FORMAT.1)
            .body(body.to_owned());
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) => return Answered::Otherwise(unanswered(&error)),
        };
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.bytes().await.unwrap_or_default();
        let answer = answer::read(status, &headers, &body);
        if status == StatusCode::UNAUTHORIZED && answer.is_about_us {
            return Answered::Unauthorized;
        }
        Answered::Otherwise(answer.outcome)
    }
}

/// A service account that is refused is refused for every push.
fn without_token(error: &TokenError) -> Outcome {
    let reason = format!("access_token: {error}");
    match error {
        TokenError::Refused(status @ 400..=499) if !matches!(*status, 408 | 429) => {
            Outcome::Held(Hold::OurFault(reason))
        }
        TokenError::Refused(_) | TokenError::NoAnswer | TokenError::Unreadable => {
            Outcome::retry_certain(reason)
        }
    }
}

enum Answered {
    /// The access token was not taken.
    Unauthorized,
    Otherwise(Outcome),
}
