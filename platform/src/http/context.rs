//! Which request this is: its id and its place in a trace.

use std::convert::Infallible;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderName, request::Parts},
};

use crate::clock::Ids;

pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const REQUEST_ID_MAX_CHARS: usize = 64;

/// Names a request in logs, answers and event metadata; an extractor behind the shell.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RequestContext {
    /// The caller's `X-Request-Id` if 1–64 of `[A-Za-z0-9._-]`, else a new `UUIDv7`.
    pub request_id: String,
    /// W3C trace context of this request: the caller's trace, or a new one, and a span of our own.
    pub trace_parent: String,
}

impl RequestContext {
    pub(super) fn read(headers: &HeaderMap, ids: &dyn Ids) -> Self {
        Self { request_id: request_id(headers, ids), trace_parent: trace_parent(headers, ids) }
    }

    /// The 32 hex digits that all requests of a trace share; empty outside of the shell.
    pub fn trace_id(&self) -> &str {
        self.trace_parent.get(3..35).unwrap_or("")
    }
}

impl<S: Send + Sync> FromRequestParts<S> for RequestContext {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}

fn request_id(headers: &HeaderMap, ids: &dyn Ids) -> String {
    // The id lands in logs and in answers: only characters that can forge neither are taken.
    let sane = |id: &&str| {
        (1..=REQUEST_ID_MAX_CHARS).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
    };
    let given = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok()).filter(sane);
    given.map_or_else(|| ids.next().to_string(), ToOwned::to_owned)
}

fn trace_parent(headers: &HeaderMap, ids: &dyn Ids) -> String {
    let given = headers.get(TRACEPARENT).and_then(|value| value.to_str().ok()).and_then(caller_trace);
    // The lower half of a UUID is never zero (its variant bits), which W3C asks of a span id.
    let id = ids.next();
    let (_, span) = id.as_u64_pair();
    match given {
        Some((trace, flags)) => format!("00-{trace}-{span:016x}-{flags}"),
        None => format!("00-{}-{span:016x}-01", id.simple()),
    }
}

/// Trace id and flags of a caller's `traceparent`.
///
/// # Source
/// W3C Trace Context, section 3.2: lower-case hex, no all-zero ids, version ff is invalid, later versions may
/// have more fields.
fn caller_trace(text: &str) -> Option<(&str, &str)> {
    let mut fields = text.split('-');
    let (version, trace, span, flags) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
    let more = fields.next().is_some();
    let hex = |field: &str, digits: usize| {
        field.len() == digits && field.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let named = |field: &str| field.bytes().any(|byte| byte != b'0');
    let well_formed = hex(version, 2) && hex(trace, 32) && hex(span, 16) && hex(flags, 2);
    let allowed = version != "ff" && named(trace) && named(span) && !(version == "00" && more);
    (well_formed && allowed).then_some((trace, flags))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use proptest::prelude::*;

    use super::*;
    use crate::clock::CountingIds;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    fn read(name: HeaderName, value: &str) -> RequestContext {
        let headers = HeaderMap::from_iter([(name, HeaderValue::from_str(value).unwrap())]);
        RequestContext::read(&headers, &CountingIds::default())
    }

    #[test]
    fn a_sane_request_id_is_kept_and_any_other_replaced() {
        assert_eq!(read(REQUEST_ID, "Order-7.retry_2").request_id, "Order-7.retry_2");
        let long = "a".repeat(65);
        for insane in ["", "a b", "a/b", "<script>", "a\tb", &long] {
            let id = read(REQUEST_ID, insane).request_id;
            assert_eq!(id.len(), 36, "{insane:?} became {id}");
        }
    }

    #[test]
    fn a_callers_trace_goes_on_under_our_own_span() {
        let context = read(TRACEPARENT, &format!("00-{TRACE}-00f067aa0ba902b7-00"));
        assert_eq!(context.trace_id(), TRACE);
        assert!(context.trace_parent.ends_with("-00"), "flags are kept: {}", context.trace_parent);
        assert!(!context.trace_parent.contains("00f067aa0ba902b7"), "the span is ours");
        assert!(caller_trace(&context.trace_parent).is_some());
    }

    #[test]
    fn a_malformed_trace_is_replaced_by_a_new_one() {
        for bad in [
            String::new(),
            TRACE.to_owned(),
            format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)),
            format!("00-{TRACE}-0000000000000000-01"),
            format!("ff-{TRACE}-00f067aa0ba902b7-01"),
            format!("00-{TRACE}-00f067aa0ba902b7-01-more"),
            format!("00-{}-00f067aa0ba902b7-01", TRACE.to_uppercase()),
        ] {
            let context = read(TRACEPARENT, &bad);
            assert_ne!(context.trace_id(), TRACE, "{bad}");
            assert!(caller_trace(&context.trace_parent).is_some(), "{}", context.trace_parent);
        }
        let later = format!("01-{TRACE}-00f067aa0ba902b7-01-more");
        assert_eq!(read(TRACEPARENT, &later).trace_id(), TRACE, "later versions may have more fields");
    }

    proptest! {
        /// Whatever a caller sends: what goes on is sane.
        #[test]
        fn ids_are_sane_and_traces_well_formed(
            id in prop::collection::vec(32..=255_u8, 0..80),
            trace in "([0-9a-fA-F]{1,3}-[0-9a-g]{31,33}-[0-9a-f]{16}-[0-9]{2}(-x)?|[ -~]{0,60})",
        ) {
            let mut headers = HeaderMap::new();
            if let Ok(id) = HeaderValue::from_bytes(&id) {
                headers.insert(REQUEST_ID, id);
            }
            headers.insert(TRACEPARENT, HeaderValue::from_str(&trace).unwrap());
            let context = RequestContext::read(&headers, &CountingIds::default());
            prop_assert!((1..=REQUEST_ID_MAX_CHARS).contains(&context.request_id.len()));
            prop_assert!(context.request_id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte)));
            prop_assert!(caller_trace(&context.trace_parent).is_some(), "{}", context.trace_parent);
        }
    }
}
