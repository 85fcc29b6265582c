//! One attempt: the request as the receiver gets it, and what is kept of the answer.

use chrono::{DateTime, Utc};
use events::webhook_endpoint::WebhookEndpoint;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header::CONTENT_TYPE};
use platform::{
    egress::{Egress, Sent},
    signing_secret::{ID_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER, signature_header},
};
use uuid::Uuid;

use super::secrets::Secrets;

/// Headers of an answer that are kept.
const RESPONSE_HEADERS_MAX: usize = 64;
/// Characters of each that are kept.
const RESPONSE_HEADER_CHARS_MAX: usize = 512;
/// Bytes of an answer's body that are kept; a constraint of the table, too.
const RESPONSE_BODY_BYTES_MAX: usize = 16 * 1024;

/// A delivery that is due.
#[derive(Clone, Debug)]
pub(super) struct DueDelivery {
    pub(super) delivery_id: Uuid,
    pub(super) event_id: Uuid,
    pub(super) position: i64,
    /// Made so far.
    pub(super) attempts: i32,
    pub(super) body: String,
}

/// A request that is ready to go.
pub(super) struct SignedRequest {
    url: String,
    headers: HeaderMap,
    body: String,
}

/// What came back, as the attempt log keeps it.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: Option<i16>,
    pub(super) headers_ms: Option<i32>,
    pub(super) total_ms: i32,
    /// JSON object.
    pub(super) headers: String,
    pub(super) body: Vec<u8>,
}

impl SignedRequest {
    /// Signed with every secret that is valid at that moment; `None` where there is none: unsigned, nothing
    /// leaves the house.
    pub(super) fn sign(
        delivery: &DueDelivery,
        endpoint: &WebhookEndpoint,
        secrets: &Secrets,
        now: DateTime<Utc>,
    ) -> Option<Self> {
        let signing = secrets.signing(endpoint, now);
        if signing.is_empty() {
            return None;
        }
        let (id, timestamp) = (delivery.event_id.to_string(), now.timestamp());
        let signature = signature_header(&signing, &id, timestamp, delivery.body.as_bytes());
        let texts = [
            (ID_HEADER, id),
            (TIMESTAMP_HEADER, timestamp.to_string()),
            (SIGNATURE_HEADER, signature),
            ("iris-sequence", delivery.position.to_string()),
            ("iris-delivery-id", delivery.delivery_id.to_string()),
            ("iris-attempt", (delivery.attempts + 1).to_string()),
        ];
        let mut headers = HeaderMap::with_capacity(texts.len() + 1);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/cloudevents+json"));
        for (name, text) in texts {
            let value = HeaderValue::try_from(text).expect("ids, numbers and base64 are visible ASCII");
            headers.insert(HeaderName::from_static(name), value);
        }
        Some(Self { url: endpoint.details.url.clone(), headers, body: delivery.body.clone() })
    }

    /// Makes the attempt.
    pub(super) async fn send(self, egress: &Egress) -> Sent {
        egress.send(Method::POST, &self.url, self.headers, self.body.into()).await
    }
}

impl Answer {
    /// Of a request that was never made.
    pub(super) fn none() -> Self {
        Self { status: None, headers_ms: None, total_ms: 0, headers: "{}".to_owned(), body: Vec::new() }
    }

    pub(super) fn of(sent: &Sent) -> Self {
        let milliseconds =
            |duration: std::time::Duration| i32::try_from(duration.as_millis()).unwrap_or(i32::MAX);
        let received = sent.result.as_ref().ok();
        let body = received.map_or(&[][..], |received| &received.body[..]);
        Self {
            status: received.and_then(|received| i16::try_from(received.status.as_u16()).ok()),
            headers_ms: sent.headers_after.map(milliseconds),
            total_ms: milliseconds(sent.total),
            headers: received.map_or_else(|| "{}".to_owned(), |received| kept_headers(&received.headers)),
            body: body[..body.len().min(RESPONSE_BODY_BYTES_MAX)].to_vec(),
        }
    }
}

/// The answer's headers as a JSON object; of several with one name, the last.
fn kept_headers(headers: &HeaderMap) -> String {
    let kept: serde_json::Map<_, _> = headers
        .iter()
        .take(RESPONSE_HEADERS_MAX)
        .map(|(name, value)| {
            let text = String::from_utf8_lossy(value.as_bytes());
            // Postgres takes no NUL in a text, even escaped in JSON once somebody reads it as text.
            let text = text.chars().filter(|c| *c != '\0').take(RESPONSE_HEADER_CHARS_MAX).collect();
            (name.as_str().to_owned(), serde_json::Value::String(text))
        })
        .collect();
    serde_json::Value::Object(kept).to_string()
}
