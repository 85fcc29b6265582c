//! What an answer, or its absence, means: pure, so that every rule is a test.

use chrono::{DateTime, TimeDelta, Utc};
use http::{HeaderMap, StatusCode, header::RETRY_AFTER};
use platform::egress::{Received, SendFailure};

/// What becomes of the delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// The receiver has it.
    Delivered,
    /// It is tried again, not before that wait where the receiver named one.
    Retry(Option<TimeDelta>),
    /// The receiver will never take it, and said so.
    GivenUp,
}

/// What it says about the endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pulse {
    /// It takes what it is sent.
    Takes,
    /// It answers, though not as it should: no reason to leave it alone.
    Answers,
    /// We are too fast for it.
    Overrun,
    /// It is not there, or not itself.
    Absent,
}

/// What an attempt means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Judgement {
    /// As it stands in the attempt log.
    pub(super) outcome: &'static str,
    pub(super) fate: Fate,
    pub(super) pulse: Pulse,
    /// What the receiver said about everything else.
    pub(super) wish: Wish,
}

/// What the receiver wants of us from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// To go on.
    GoOn,
    /// To be sent nothing any more.
    Stop,
}

/// Judges an attempt.
///
/// # Source
/// Standard Webhooks 1.0 (2xx, 3xx, 410, 429), RFC 9110 section 10.2.3 (Retry-After), and the response
/// header `webhook-delivery` as Svix has it.
pub(super) fn judge(result: Result<&Received, SendFailure>, now: DateTime<Utc>) -> Judgement {
    match result {
        Err(failure) => {
            let (fate, pulse) = (Fate::Retry(None), Pulse::Absent);
            Judgement { outcome: failure.name(), fate, pulse, wish: Wish::GoOn }
        }
        Ok(answer) => by_request(judge_status(answer, now), &answer.headers),
    }
}

fn judge_status(answer: &Received, now: DateTime<Utc>) -> Judgement {
    let hint = retry_after(&answer.headers, now);
    let (outcome, fate, pulse, wish) = match answer.status {
        status if status.is_success() => ("delivered", Fate::Delivered, Pulse::Takes, Wish::GoOn),
        // Following it would send one receiver's events, signed, to wherever somebody points.
        status if status.is_redirection() => ("redirect", Fate::Retry(None), Pulse::Absent, Wish::GoOn),
        StatusCode::GONE => ("gone", Fate::Retry(None), Pulse::Answers, Wish::Stop),
        StatusCode::TOO_MANY_REQUESTS => ("throttled", Fate::Retry(hint), Pulse::Overrun, Wish::GoOn),
        StatusCode::SERVICE_UNAVAILABLE if hint.is_some() => {
            ("throttled", Fate::Retry(hint), Pulse::Overrun, Wish::GoOn)
        }
        status if status.is_server_error() => ("http_status", Fate::Retry(None), Pulse::Absent, Wish::GoOn),
        _ => ("http_status", Fate::Retry(None), Pulse::Answers, Wish::GoOn),
    };
    Judgement { outcome, fate, pulse, wish }
}

/// What the receiver asked for beside its status.
fn by_request(judgement: Judgement, headers: &HeaderMap) -> Judgement {
    match headers.get("webhook-delivery").and_then(|value| value.to_str().ok()) {
        Some("disable") => Judgement { wish: Wish::Stop, ..judgement },
        Some("abort-message") if judgement.fate != Fate::Delivered => {
            Judgement { outcome: "aborted", fate: Fate::GivenUp, pulse: Pulse::Answers, ..judgement }
        }
        _ => judgement,
    }
}

/// Seconds, or a date.
fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<TimeDelta> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u32>() {
        return Some(TimeDelta::seconds(seconds.into()));
    }
    let date: DateTime<Utc> = httpdate::parse_http_date(text).ok()?.into();
    Some((date - now).max(TimeDelta::zero()))
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-11-20T09:00:00Z".parse().unwrap()
    }

    fn answered(status: u16, headers: &[(&'static str, &'static str)]) -> Judgement {
        let headers = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        let status = StatusCode::from_u16(status).unwrap();
        let body = bytes::Bytes::new();
        judge(Ok(&Received { status, headers, body, truncated: false }), now())
    }

    #[test]
    fn each_status_has_its_meaning() {
        use Fate::{Delivered, Retry};
        use Pulse::{Absent, Answers, Overrun, Takes};
        let table = [
            (200, "delivered", Delivered, Takes, Wish::GoOn),
            (204, "delivered", Delivered, Takes, Wish::GoOn),
            (301, "redirect", Retry(None), Absent, Wish::GoOn),
            (307, "redirect", Retry(None), Absent, Wish::GoOn),
            (400, "http_status", Retry(None), Answers, Wish::GoOn),
            (404, "http_status", Retry(None), Answers, Wish::GoOn),
            (410, "gone", Retry(None), Answers, Wish::Stop),
            (429, "throttled", Retry(None), Overrun, Wish::GoOn),
            (500, "http_status", Retry(None), Absent, Wish::GoOn),
            (503, "http_status", Retry(None), Absent, Wish::GoOn),
        ];
        for (status, outcome, fate, pulse, wish) in table {
            assert_eq!(answered(status, &[]), Judgement { outcome, fate, pulse, wish }, "{status}");
        }
    }

    #[test]
    fn no_answer_is_tried_again_and_says_that_nobody_is_there() {
        for failure in [SendFailure::Dns, SendFailure::Connect, SendFailure::Tls, SendFailure::Timeout] {
            let judgement = judge(Err(failure), now());
            assert_eq!(judgement.outcome, failure.name());
            assert_eq!((judgement.fate, judgement.pulse), (Fate::Retry(None), Pulse::Absent));
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_and_spares_the_breaker() {
        let hint = |status, value| match answered(status, &[("retry-after", value)]) {
            Judgement { fate: Fate::Retry(hint), pulse: Pulse::Overrun, .. } => hint,
            other => panic!("{other:?}"),
        };
        assert_eq!(hint(429, "120"), Some(TimeDelta::seconds(120)));
        assert_eq!(hint(503, "Fri, 20 Nov 2026 10:00:00 GMT"), Some(TimeDelta::hours(1)));
        assert_eq!(hint(503, "Fri, 20 Nov 2026 08:00:00 GMT"), Some(TimeDelta::zero()));
        assert_eq!(hint(429, "soon"), None);
    }

    #[test]
    fn the_receiver_may_ask_for_an_end() {
        let disable = [("webhook-delivery", "disable")];
        assert_eq!(answered(200, &disable).fate, Fate::Delivered);
        assert_eq!(answered(200, &disable).wish, Wish::Stop);
        assert_eq!(answered(500, &disable).wish, Wish::Stop);
        let abort = answered(422, &[("webhook-delivery", "abort-message")]);
        assert_eq!((abort.outcome, abort.fate), ("aborted", Fate::GivenUp));
        assert_eq!(answered(200, &[("webhook-delivery", "abort-message")]).fate, Fate::Delivered);
    }
}
