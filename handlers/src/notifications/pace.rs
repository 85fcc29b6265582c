//! How fast a provider lets us go, as it says itself: nothing here is hard-coded but what holds until it does.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use http::HeaderMap;

/// What is assumed of a provider that says "too fast" and not for how long.
const WAIT_DEFAULT: Duration = Duration::from_secs(1);

/// Nothing is waited for longer, whatever a provider says: a day's wait is more likely its mistake than meant,
/// and after an hour it may say so again.
const WAIT_MAX: Duration = Duration::from_hours(1);

/// What an answer said of the provider's limits: requests per window, those left in it, and until it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Allowance {
    limit: u32,
    remaining: u32,
    resets_in: Duration,
}

/// A bucket of as many tokens as the provider said are left; full again when its window ends.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    window: Option<Window>,
    blocked_until: Option<DateTime<Utc>>,
}

#[derive(Debug)]
struct Window {
    limit: u32,
    left: u32,
    ends_at: DateTime<Utc>,
    length: TimeDelta,
}

impl Allowance {
    /// From `ratelimit-limit`, `-remaining` and `-reset` (seconds), where the answer has all three.
    pub(crate) fn read(headers: &HeaderMap) -> Option<Self> {
        let number = |name| headers.get(name)?.to_str().ok()?.trim().parse::<u32>().ok();
        Some(Self {
            limit: number("ratelimit-limit")?.max(1),
            remaining: number("ratelimit-remaining")?,
            resets_in: Duration::from_secs(number("ratelimit-reset")?.into()),
        })
    }
}

/// How long to wait after "too fast": `retry-after` in seconds, else `ratelimit-reset`.
pub(crate) fn wait_asked(headers: &HeaderMap) -> Duration {
    retry_after(headers)
        .or_else(|| Some(Allowance::read(headers)?.resets_in))
        .filter(|wait| !wait.is_zero())
        .unwrap_or(WAIT_DEFAULT)
}

/// `retry-after` in seconds; its form as a date is not used by any provider of ours.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(http::header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

impl Pace {
    /// How many requests may be made now, of as many as are wanted.
    pub(crate) fn allowed(&mut self, wanted: usize, now: DateTime<Utc>) -> usize {
        if self.blocked_until.is_some_and(|until| now < until) {
            return 0;
        }
        let Some(window) = &mut self.window else { return wanted };
        if now >= window.ends_at {
            window.left = window.limit;
            window.ends_at = now + window.length;
        }
        wanted.min(window.left as usize)
    }

    /// So many are made.
    pub(crate) fn take(&mut self, made: usize) {
        if let Some(window) = &mut self.window {
            window.left = window.left.saturating_sub(u32::try_from(made).unwrap_or(u32::MAX));
        }
    }

    /// The provider said how much is left. Requests under way count already, whether it knew of them or not.
    pub(crate) fn learn(&mut self, allowance: Allowance, under_way: usize, now: DateTime<Utc>) {
        let length = within_reason(allowance.resets_in);
        let under_way = u32::try_from(under_way).unwrap_or(u32::MAX);
        self.window = Some(Window {
            limit: allowance.limit,
            left: allowance.remaining.saturating_sub(under_way),
            ends_at: now + length,
            length: length.max(TimeDelta::seconds(1)),
        });
    }

    /// The provider said "too fast".
    pub(crate) fn block(&mut self, wait: Duration, now: DateTime<Utc>) {
        let until = now + within_reason(wait);
        self.blocked_until = self.blocked_until.max(Some(until));
    }
}

fn within_reason(wait: Duration) -> TimeDelta {
    TimeDelta::from_std(wait.min(WAIT_MAX)).expect("an hour at most")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| ((*name).try_into().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn a_provider_that_says_nothing_is_not_held_back_from() {
        assert_eq!(Pace::default().allowed(8, DateTime::UNIX_EPOCH), 8);
        assert_eq!(Allowance::read(&headers(&[("ratelimit-limit", "2")])), None);
    }

    #[test]
    fn what_is_left_is_taken_and_no_more_until_the_window_ends() {
        let now = DateTime::UNIX_EPOCH;
        let said =
            headers(&[("ratelimit-limit", "5"), ("ratelimit-remaining", "3"), ("ratelimit-reset", "2")]);
        let mut pace = Pace::default();
        pace.learn(Allowance::read(&said).unwrap(), 1, now);
        assert_eq!(pace.allowed(8, now), 2);
        pace.take(2);
        assert_eq!(pace.allowed(8, now), 0);
        assert_eq!(pace.allowed(8, now + TimeDelta::seconds(2)), 5);
    }

    #[test]
    fn too_fast_means_nothing_until_the_provider_said() {
        let now = DateTime::UNIX_EPOCH;
        let mut pace = Pace::default();
        pace.block(wait_asked(&headers(&[("retry-after", "7")])), now);
        assert_eq!(pace.allowed(1, now + TimeDelta::seconds(6)), 0);
        assert_eq!(pace.allowed(1, now + TimeDelta::seconds(7)), 1);
        assert_eq!(wait_asked(&headers(&[])), WAIT_DEFAULT);
    }

    #[test]
    fn nothing_is_waited_for_longer_than_an_hour() {
        let now = DateTime::UNIX_EPOCH;
        let hour = TimeDelta::hours(1);
        let mut blocked = Pace::default();
        blocked.block(wait_asked(&headers(&[("retry-after", &u64::MAX.to_string())])), now);
        let said = headers(&[
            ("ratelimit-limit", "5"),
            ("ratelimit-remaining", "0"),
            ("ratelimit-reset", &u32::MAX.to_string()),
        ]);
        let mut used_up = Pace::default();
        used_up.learn(Allowance::read(&said).unwrap(), 0, now);
        for mut pace in [blocked, used_up] {
            assert_eq!(pace.allowed(1, now + hour - TimeDelta::seconds(1)), 0);
            assert_eq!(pace.allowed(1, now + hour), 1);
        }
    }
}
