//! Asking a receiver whether it agrees to be sent webhooks, before anything is.
//!
//! # Source
//! CloudEvents 1.0, HTTP 1.1 Web Hooks for Event Delivery, section 4 (abuse protection).

use bytes::Bytes;
use events::values::WebhookEndpointId;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use platform::egress::Received;

use super::{WebhookSettings, dispatcher::Running, lane::HeldLane, schedule::jittered};
use crate::commands::AskFailed;

/// What a receiver that agrees allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Agreement {
    rate_per_minute_max: Option<u32>,
}

/// Asks if it is time to, and sets when to ask next: also after it agreed, in case the log never hears of it.
pub(super) async fn attempt(running: &Running, held: &mut HeldLane) -> Result<(), sqlx::Error> {
    let now = running.clock.now();
    if held.handshake_due.is_none_or(|due| now < due) {
        return Ok(());
    }
    let (url, settings) = (held.endpoint.details.url.clone(), &running.settings);
    let sent = running.egress.send(Method::OPTIONS, &url, question(settings), Bytes::new()).await;
    let agreement = sent.result.ok().and_then(|answer| agreement(&answer, &settings.origin));
    held.handshake_attempts = held.handshake_attempts.saturating_add(1);
    let step = usize::try_from(held.handshake_attempts).unwrap_or(usize::MAX);
    let wait = settings.handshake_schedule.get(step).or(settings.handshake_schedule.last());
    let due = wait.map(|wait| now + jittered(*wait, settings.jitter, &mut rand::rng()));
    held.handshake_due = due;
    let updated = sqlx::query(
        "UPDATE webhooks.lanes SET handshake_due = $3, handshake_attempts = $4 \
         WHERE endpoint_id = $1 AND fence = $2 AND revision = $5",
    )
    .bind(held.endpoint_id)
    .bind(held.fence)
    .bind(due)
    .bind(held.handshake_attempts)
    .bind(held.revision)
    .execute(&running.pool)
    .await?;
    // Were the endpoint another by now, its former receiver would agree in the name of the new one. What the
    // fan-out has not told yet, the log knows: the write side compares the URL that was asked.
    let is_same = updated.rows_affected() == 1;
    if let (true, Some(Agreement { rate_per_minute_max })) = (is_same, agreement) {
        let endpoint_id = WebhookEndpointId(held.endpoint_id);
        match running.commands.verify_endpoint(endpoint_id, url, rate_per_minute_max).await {
            Ok(()) | Err(AskFailed::Refused | AskFailed::Later) => {}
        }
    }
    Ok(())
}

fn question(settings: &WebhookSettings) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Ok(origin) = HeaderValue::try_from(settings.origin.as_str()) {
        headers.insert(HeaderName::from_static("webhook-request-origin"), origin);
    }
    let rate = HeaderValue::from(settings.handshake_rate_per_minute);
    headers.insert(HeaderName::from_static("webhook-request-rate"), rate);
    headers
}

/// `None` where it does not agree: an answer that says nothing of us is no agreement.
fn agreement(answer: &Received, origin: &str) -> Option<Agreement> {
    if !answer.status.is_success() {
        return None;
    }
    let text = |name: &str| answer.headers.get(name)?.to_str().ok().map(str::trim);
    let allowed = text("webhook-allowed-origin")?;
    if allowed != "*" && !allowed.eq_ignore_ascii_case(origin) {
        return None;
    }
    let rate_per_minute_max =
        text("webhook-allowed-rate").and_then(|rate| rate.parse().ok()).filter(|rate| *rate > 0);
    Some(Agreement { rate_per_minute_max })
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    fn answered(status: StatusCode, headers: &[(&'static str, &'static str)]) -> Option<Agreement> {
        let headers = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        agreement(&Received { status, headers, body: Bytes::new(), truncated: false }, "iris.example")
    }

    #[test]
    fn agreeing_is_naming_us_or_everybody() {
        let origin = |value| answered(StatusCode::OK, &[("webhook-allowed-origin", value)]);
        let unlimited = Some(Agreement { rate_per_minute_max: None });
        assert_eq!(origin("iris.example"), unlimited);
        assert_eq!(origin("IRIS.example"), unlimited);
        assert_eq!(origin("*"), unlimited);
        assert_eq!(origin("other.example"), None);
        assert_eq!(answered(StatusCode::OK, &[]), None);
        assert_eq!(answered(StatusCode::FORBIDDEN, &[("webhook-allowed-origin", "*")]), None);
    }

    #[test]
    fn the_rate_is_a_number_or_none() {
        let rate = |value| {
            answered(StatusCode::OK, &[("webhook-allowed-origin", "*"), ("webhook-allowed-rate", value)])
        };
        assert_eq!(rate("120"), Some(Agreement { rate_per_minute_max: Some(120) }));
        assert_eq!(rate("*"), Some(Agreement { rate_per_minute_max: None }));
        assert_eq!(rate("0"), Some(Agreement { rate_per_minute_max: None }));
    }
}
