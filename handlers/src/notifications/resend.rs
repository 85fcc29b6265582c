//! Mail through Resend.

use std::time::Duration;

use http::{HeaderMap, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::{
    outcome::{Hold, Outcome, Quota, Retry},
    pace::{Allowance, retry_after, wait_asked},
    queue::Message,
};

/// Who asks: Resend answers 403 to whoever does not say, and others name us by it where something is amiss.
pub(crate) const USER_AGENT: &str = concat!("iris/", env!("CARGO_PKG_VERSION"));

/// A client of Resend's API.
#[derive(Clone, Debug)]
pub struct Resend {
    client: reqwest::Client,
    url: String,
    key: SecretString,
    from: String,
}

#[derive(Serialize)]
struct Email<'a> {
    from: &'a str,
    to: [&'a str; 1],
    subject: &'a str,
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    html: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    headers: Option<UnsubscribeHeaders>,
    tags: [Tag<'a>; 1],
}

/// # Source
/// RFC 8058: both headers, or mail programs show no button.
#[derive(Serialize)]
struct UnsubscribeHeaders {
    #[serde(rename = "List-Unsubscribe")]
    list_unsubscribe: String,
    #[serde(rename = "List-Unsubscribe-Post")]
    list_unsubscribe_post: &'static str,
}

#[derive(Serialize)]
struct Tag<'a> {
    name: &'static str,
    value: &'a str,
}

#[derive(Deserialize)]
struct Accepted {
    id: String,
}

#[derive(Default, Deserialize)]
struct Refusal {
    #[serde(default)]
    name: String,
}

impl Resend {
    /// A client; `from` is `Name <address>` or an address of a domain that Resend knows as ours.
    ///
    /// # Errors
    /// The TLS provider cannot be set up.
    pub fn try_new(
        base_url: &str,
        key: SecretString,
        from: String,
        timeout: Duration,
    ) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .user_agent(USER_AGENT)
            .timeout(timeout)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()?;
        Ok(Self { client, url: format!("{}/emails", base_url.trim_end_matches('/')), key, from })
    }

    /// Sends the mail; says also what the answer said of the limits.
    pub(crate) async fn send(&self, message: &Message) -> (Outcome, Option<Allowance>) {
        let Some(recipient) = &message.recipient else {
            return (Outcome::Refused("no_recipient".to_owned()), None);
        };
        let request = self
            .client
            .post(&self.url)
            .bearer_auth(self.key.expose_secret())
            // The same key with the same contents, however often: Resend sends it once.
            .header("Idempotency-Key", format!("notif/{}", message.message_id))
            .json(&self.email(message, recipient));
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) => return (unanswered(&error), None),
        };
        let (status, headers) = (response.status(), response.headers().clone());
        let allowance = Allowance::read(&headers);
        // An answer that breaks off still had its status: that says whether the mail was taken.
        let body = response.bytes().await.unwrap_or_default();
        (outcome(status, &headers, &body), allowance)
    }

    fn email<'a>(&'a self, message: &'a Message, recipient: &'a str) -> Email<'a> {
        let headers = message.unsubscribe_url.as_ref().map(|url| UnsubscribeHeaders {
            list_unsubscribe: format!("<{url}>"),
            list_unsubscribe_post: "List-Unsubscribe=One-Click",
        });
        Email {
            from: &self.from,
            to: [recipient],
            subject: &message.subject,
            text: &message.text_body,
            html: message.html_body.as_deref(),
            headers,
            tags: [Tag { name: "kind", value: &message.kind }],
        }
    }
}

/// No answer came. Where not even a connection stood, nothing was sent.
pub(crate) fn unanswered(error: &reqwest::Error) -> Outcome {
    if error.is_connect() {
        Outcome::retry_certain("connect")
    } else if error.is_timeout() {
        Outcome::retry_uncertain("timeout")
    } else {
        Outcome::retry_uncertain("broken")
    }
}

/// What Resend's answer means.
///
/// # Source
/// Resend's API reference, "Errors": what tells cases of one status apart is `name`.
fn outcome(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Outcome {
    if status.is_success() {
        let accepted: Option<Accepted> = serde_json::from_slice(body).ok();
        return Outcome::Sent(accepted.map(|accepted| accepted.id));
    }
    let refusal: Refusal = serde_json::from_slice(body).unwrap_or_default();
    let reason = match refusal.name.as_str() {
        "" => format!("http_{}", status.as_u16()),
        name => name.chars().take(64).collect(),
    };
    let retry =
        |uncertain| Outcome::Retry(Retry { reason: reason.clone(), uncertain, after: retry_after(headers) });
    match (status.as_u16(), refusal.name.as_str()) {
        (429, "daily_quota_exceeded") => Outcome::Held(Hold::Quota(Quota::Daily)),
        (429, "monthly_quota_exceeded") => Outcome::Held(Hold::Quota(Quota::Monthly)),
        (429, _) => Outcome::TooFast(wait_asked(headers)),
        // Another request of ours with this key is under way: what comes of it is not known yet.
        (409, "concurrent_idempotent_requests") | (500.., _) => retry(true),
        (409, "resource_locked") | (408, _) => retry(false),
        // Our key, our domain, our address of the API: no mail would be taken, and none is to blame.
        (300..=399 | 401 | 403 | 404 | 405, _) | (422, "invalid_from_address") => {
            tracing::error!(
                status = status.as_u16(), %reason,
                "Resend refuses all mail: see RESEND_API_KEY, MAIL_FROM and RESEND_BASE_URL"
            );
            Outcome::Held(Hold::OurFault(reason))
        }
        _ => {
            tracing::error!(status = status.as_u16(), %reason, "Resend refused a mail");
            Outcome::Refused(reason)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_documented_answer_is_understood() {
        let none = HeaderMap::new();
        let refused = |name: &str| Outcome::Refused(name.to_owned());
        let ours = |name: &str| Outcome::Held(Hold::OurFault(name.to_owned()));
        let retried =
            |name: &str, uncertain| Outcome::Retry(Retry { reason: name.to_owned(), uncertain, after: None });
        for (status, name, expected) in [
            (400, "validation_error", refused("validation_error")),
            (400, "invalid_idempotency_key", refused("invalid_idempotency_key")),
            (401, "missing_api_key", ours("missing_api_key")),
            (401, "restricted_api_key", ours("restricted_api_key")),
            (403, "invalid_api_key", ours("invalid_api_key")),
            (403, "validation_error", ours("validation_error")),
            (404, "not_found", ours("not_found")),
            (405, "method_not_allowed", ours("method_not_allowed")),
            (422, "invalid_from_address", ours("invalid_from_address")),
            (422, "missing_required_field", refused("missing_required_field")),
            (422, "validation_error", refused("validation_error")),
            (409, "invalid_idempotent_request", refused("invalid_idempotent_request")),
            (409, "concurrent_idempotent_requests", retried("concurrent_idempotent_requests", true)),
            (409, "resource_locked", retried("resource_locked", false)),
            (429, "rate_limit_exceeded", Outcome::TooFast(Duration::from_secs(1))),
            (429, "daily_quota_exceeded", Outcome::Held(Hold::Quota(Quota::Daily))),
            (429, "monthly_quota_exceeded", Outcome::Held(Hold::Quota(Quota::Monthly))),
            (500, "application_error", retried("application_error", true)),
            (503, "service_unavailable", retried("service_unavailable", true)),
        ] {
            let body = format!(r#"{{"statusCode":{status},"name":"{name}","message":"…"}}"#);
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(outcome(status, &none, body.as_bytes()), expected, "{name}");
        }
        let gateway = outcome(StatusCode::BAD_GATEWAY, &none, b"<html>");
        assert_eq!(gateway, retried("http_502", true));
        assert_eq!(
            outcome(StatusCode::FOUND, &none, b""),
            ours("http_302"),
            "another address than the API's"
        );
        assert_eq!(outcome(StatusCode::OK, &none, br#"{"id":"a"}"#), Outcome::Sent(Some("a".to_owned())));
    }
}
