//! What FCM's answers mean.

use std::time::Duration;

use http::{HeaderMap, StatusCode};
use serde::Deserialize;

use crate::notifications::{
    outcome::{Hold, Outcome, Retry},
    pace::retry_after,
};

/// What FCM asks for where it says "too many" and not for how long.
const QUOTA_WAIT: Duration = Duration::from_mins(1);

/// An answer, understood.
pub(super) struct Answer {
    pub(super) outcome: Outcome,
    /// It is about our access token, not about the message.
    pub(super) is_about_us: bool,
}

#[derive(Default, Deserialize)]
struct Accepted {
    name: Option<String>,
}

#[derive(Default, Deserialize)]
struct Refusal {
    #[serde(default)]
    error: Status,
}

/// `google.rpc.Status`.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Status {
    status: String,
    details: Vec<Detail>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Detail {
    /// Of `google.firebase.fcm.v1.FcmError`.
    error_code: Option<String>,
    /// Of `google.rpc.BadRequest`.
    field_violations: Vec<FieldViolation>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct FieldViolation {
    field: String,
}

/// Goes by `errorCode`, never by the message's text: that is for people, and changes.
///
/// # Source
/// FCM's REST reference, `ErrorCode`.
pub(super) fn read(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Answer {
    if status.is_success() {
        let accepted: Accepted = serde_json::from_slice(body).unwrap_or_default();
        return Answer { outcome: Outcome::Sent(accepted.name), is_about_us: false };
    }
    let refusal = serde_json::from_slice::<Refusal>(body).unwrap_or_default().error;
    let error_code = refusal.details.iter().find_map(|detail| detail.error_code.as_deref());
    let code = error_code.unwrap_or(&refusal.status);
    let reason = match code {
        "" => format!("http_{}", status.as_u16()),
        code => code.chars().take(64).collect(),
    };
    let is_about_us = status == StatusCode::UNAUTHORIZED && error_code != Some("THIRD_PARTY_AUTH_ERROR");
    Answer { outcome: outcome(status, headers, error_code, &refusal, reason), is_about_us }
}

fn outcome(
    status: StatusCode,
    headers: &HeaderMap,
    error_code: Option<&str>,
    refusal: &Status,
    reason: String,
) -> Outcome {
    let after = retry_after(headers);
    match (error_code, status.as_u16()) {
        (Some("UNREGISTERED"), _) => Outcome::DeviceGone(reason),
        (Some("SENDER_ID_MISMATCH"), _) => {
            // Never a reason to forget the device: with the key of a wrong project all would be forgotten.
            tracing::error!("a device belongs to another Firebase project than FIREBASE_KEY's");
            Outcome::retry_certain(reason)
        }
        (Some("INVALID_ARGUMENT"), _) if blames_the_token(refusal) => Outcome::DeviceGone(reason),
        (Some("THIRD_PARTY_AUTH_ERROR"), _) => {
            // Others are reached, so the channel goes on without these.
            tracing::error!("FCM has no valid credentials of APNs or web push: see the Firebase console");
            Outcome::PutOff(reason)
        }
        (Some("QUOTA_EXCEEDED"), _) | (_, 429) => {
            Outcome::Retry(Retry { reason, uncertain: false, after: after.or(Some(QUOTA_WAIT)) })
        }
        (Some("UNAVAILABLE" | "INTERNAL"), _) | (_, 500..) => {
            Outcome::Retry(Retry { reason, uncertain: true, after })
        }
        (_, 408) => Outcome::retry_certain(reason),
        // Not about a message: the project, its permissions, or the address of the API.
        (None, 300..=399 | 401 | 403 | 404 | 405) => {
            tracing::error!(
                status = status.as_u16(), %reason,
                "FCM refuses all pushes: see FIREBASE_KEY, its permissions, and FCM_BASE_URL"
            );
            Outcome::Held(Hold::OurFault(reason))
        }
        _ => {
            tracing::error!(status = status.as_u16(), %reason, "FCM refused a push");
            Outcome::Refused(reason)
        }
    }
}

fn blames_the_token(refusal: &Status) -> bool {
    let mut violations = refusal.details.iter().flat_map(|detail| &detail.field_violations);
    violations.any(|violation| violation.field == "message.token")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(status: u16, code: &str, field: Option<&str>) -> Outcome {
        let violations = field.map(|field| {
            format!(
                r#",{{"@type":"type.googleapis.com/google.rpc.BadRequest",
                     "fieldViolations":[{{"field":"{field}","description":"…"}}]}}"#
            )
        });
        let body = format!(
            r#"{{"error":{{"code":{status},"message":"…","status":"ANY","details":[
                {{"@type":"type.googleapis.com/google.firebase.fcm.v1.FcmError","errorCode":"{code}"}}{}]}}}}"#,
            violations.unwrap_or_default()
        );
        read(StatusCode::from_u16(status).unwrap(), &HeaderMap::new(), body.as_bytes()).outcome
    }

    #[test]
    fn every_error_code_is_understood() {
        let retry = |reason: &str, uncertain, after| {
            Outcome::Retry(Retry { reason: reason.to_owned(), uncertain, after })
        };
        let gone = |reason: &str| Outcome::DeviceGone(reason.to_owned());
        let token = Some("message.token");
        for (status, code, field, expected) in [
            (404, "UNREGISTERED", None, gone("UNREGISTERED")),
            (403, "SENDER_ID_MISMATCH", None, retry("SENDER_ID_MISMATCH", false, None)),
            (400, "INVALID_ARGUMENT", token, gone("INVALID_ARGUMENT")),
            (400, "INVALID_ARGUMENT", Some("message.data"), Outcome::Refused("INVALID_ARGUMENT".to_owned())),
            (400, "INVALID_ARGUMENT", None, Outcome::Refused("INVALID_ARGUMENT".to_owned())),
            (429, "QUOTA_EXCEEDED", None, retry("QUOTA_EXCEEDED", false, Some(QUOTA_WAIT))),
            (503, "UNAVAILABLE", None, retry("UNAVAILABLE", true, None)),
            (500, "INTERNAL", None, retry("INTERNAL", true, None)),
            (401, "THIRD_PARTY_AUTH_ERROR", None, Outcome::PutOff("THIRD_PARTY_AUTH_ERROR".to_owned())),
            (403, "UNSPECIFIED_ERROR", None, Outcome::Refused("UNSPECIFIED_ERROR".to_owned())),
        ] {
            assert_eq!(said(status, code, field), expected, "{code} {field:?}");
        }
    }

    #[test]
    fn what_is_about_the_project_is_no_messages_fault() {
        let ours = |reason: &str| Outcome::Held(Hold::OurFault(reason.to_owned()));
        for (status, body, expected) in [
            (403, r#"{"error":{"status":"PERMISSION_DENIED"}}"#, ours("PERMISSION_DENIED")),
            (404, r#"{"error":{"status":"NOT_FOUND"}}"#, ours("NOT_FOUND")),
            (404, "<html>", ours("http_404")),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(read(status, &HeaderMap::new(), body.as_bytes()).outcome, expected, "{body}");
        }
    }

    #[test]
    fn what_is_about_the_access_token_is_told_apart() {
        let answer = |body: &[u8]| read(StatusCode::UNAUTHORIZED, &HeaderMap::new(), body);
        assert!(answer(br#"{"error":{"status":"UNAUTHENTICATED"}}"#).is_about_us);
        let third = br#"{"error":{"details":[{"errorCode":"THIRD_PARTY_AUTH_ERROR"}]}}"#;
        assert!(!answer(third).is_about_us);
    }
}
