//! What a caller is told of its limit.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue};

const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// How one bucket stands after a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Requests a minute, and as many at once.
    pub(super) limit: u32,
    /// Of them still to be had at once.
    pub(super) remaining: u32,
    /// Seconds until all are to be had again; with none left, until one is.
    pub(super) reset_s: u32,
}

impl Standing {
    /// The one that will stop its caller first.
    pub(super) fn tighter(self, other: Self) -> Self {
        if other.remaining < self.remaining { other } else { self }
    }

    /// # Source
    /// draft-ietf-httpapi-ratelimit-headers-06: three headers with a number each. Later drafts put the same into one
    /// structured field, which few clients read.
    pub(crate) fn write(self, headers: &mut HeaderMap) {
        headers.insert(LIMIT, HeaderValue::from(self.limit));
        headers.insert(REMAINING, HeaderValue::from(self.remaining));
        headers.insert(RESET, HeaderValue::from(self.reset_s));
    }
}

/// Rounded up: who waits for so long has waited long enough.
pub(super) fn seconds_up(time: Duration) -> u32 {
    let seconds = time.as_secs() + u64::from(time.subsec_nanos() > 0);
    u32::try_from(seconds).unwrap_or(u32::MAX)
}
