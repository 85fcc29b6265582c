//! How fast an endpoint is sent to.

use std::{
    num::NonZeroU32,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use events::webhook_endpoint::WebhookEndpoint;
use governor::{
    Quota, RateLimiter,
    clock::{Clock as GovernorClock, Reference as _},
    middleware::NoOpMiddleware,
    state::{InMemoryState, NotKeyed},
};
use platform::clock::Clock;

/// Requests that may begin, at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Limits {
    pub(super) per_second_max: Option<u32>,
    pub(super) per_minute_max: Option<u32>,
}

impl Limits {
    /// What the owner and the receiver have said.
    pub(super) fn of(endpoint: &WebhookEndpoint) -> Self {
        Self {
            per_second_max: endpoint.details.rate_per_second_max.map(u32::from),
            per_minute_max: endpoint.rate_per_minute_max,
        }
    }

    fn halved(self) -> Self {
        let half = |limit: u32| (limit / 2).max(1);
        Self { per_second_max: self.per_second_max.map(half), per_minute_max: self.per_minute_max.map(half) }
    }

    /// Evenly spaced but for a small burst, and burst and spacing such that no second and no minute holds
    /// more than allowed, wherever it begins: n per second as a plain quota would allow n at the end of
    /// one second and n more at the start of the next.
    fn quota(self) -> Option<Quota> {
        let per_second = self.per_second_max.map(|limit| limit.max(1));
        let per_minute = self.per_minute_max.map(|limit| limit.max(1));
        let tightest = per_second.into_iter().chain(per_minute.map(|limit| limit / 60)).min()?;
        let burst = (tightest / 10).max(1);
        // A burst of one costs nothing: requests are then spaced, and the first one is one of them.
        let spaced = |limit: u32| if burst == 1 { limit } else { limit - burst };
        let second = per_second.map(|limit| Duration::from_secs(1) / spaced(limit));
        let minute = per_minute.map(|limit| Duration::from_mins(1) / spaced(limit));
        let period = second.into_iter().chain(minute).max()?;
        // Division cuts; a nanosecond more keeps the last one out of the window.
        let quota = Quota::with_period(period + Duration::from_nanos(1))?;
        Some(quota.allow_burst(NonZeroU32::new(burst)?))
    }
}

type Limiter = RateLimiter<NotKeyed, InMemoryState, LimiterClock, NoOpMiddleware<Duration>>;

/// The pace of one endpoint in this process; it outlives the times that the lane is held.
pub(super) struct Pace {
    clock: LimiterClock,
    inner: Mutex<Inner>,
}

struct Inner {
    limits: Limits,
    limiter: Option<Limiter>,
    slowed_until: Option<DateTime<Utc>>,
}

impl Pace {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        let inner = Inner { limits: Limits::default(), limiter: None, slowed_until: None };
        Self { clock: LimiterClock(clock), inner: Mutex::new(inner) }
    }

    /// Takes its limits from the endpoint; what was begun under the same limits still counts.
    pub(super) fn set(&self, limits: Limits) {
        let mut inner = self.lock();
        if inner.limits != limits {
            inner.limits = limits;
            inner.set_limiter(&self.clock);
        }
    }

    /// The receiver said that we are too fast: half of it for a while.
    pub(super) fn slow_down(&self, until: DateTime<Utc>) {
        let mut inner = self.lock();
        if inner.slowed_until.replace(until).is_none() {
            inner.set_limiter(&self.clock);
        }
    }

    /// True while it goes at half its rate.
    pub(super) fn is_slowed(&self, now: DateTime<Utc>) -> bool {
        let mut inner = self.lock();
        if inner.slowed_until.is_some_and(|until| until <= now) {
            inner.slowed_until = None;
            inner.set_limiter(&self.clock);
        }
        inner.slowed_until.is_some()
    }

    /// Counts a request that begins now, or says how long it has to wait.
    pub(super) fn try_begin(&self) -> Result<(), TimeDelta> {
        let inner = self.lock();
        let Some(limiter) = &inner.limiter else { return Ok(()) };
        limiter.check().map_err(|not_until| {
            let wait: Duration = not_until.earliest_possible().duration_since(self.clock.now()).into();
            TimeDelta::from_std(wait).unwrap_or(TimeDelta::zero())
        })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn set_limiter(&mut self, clock: &LimiterClock) {
        let limits = if self.slowed_until.is_some() { self.limits.halved() } else { self.limits };
        self.limiter = limits.quota().map(|quota| RateLimiter::direct_with_clock(quota, clock.clone()));
    }
}

/// Our clock as the limiter reads it: time since 1970.
#[derive(Clone)]
struct LimiterClock(Arc<dyn Clock>);

impl GovernorClock for LimiterClock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.now().timestamp_micros()).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use platform::clock::FixedClock;

    use super::*;

    fn pace(limits: Limits) -> (Arc<FixedClock>, Pace) {
        let clock = Arc::new(FixedClock::new("2026-11-20T09:00:00Z".parse().unwrap()));
        let pace = Pace::new(clock.clone());
        pace.set(limits);
        (clock, pace)
    }

    /// Milliseconds at which requests begin that are always wanted.
    fn begun(clock: &FixedClock, pace: &Pace, milliseconds: i64) -> Vec<i64> {
        let mut begun = Vec::new();
        for millisecond in 0..milliseconds {
            while pace.try_begin().is_ok() {
                begun.push(millisecond);
                assert!(begun.len() < 1_000_000, "nothing limits it");
            }
            clock.advance(TimeDelta::milliseconds(1));
        }
        begun
    }

    fn most_within(begun: &[i64], window_ms: i64) -> usize {
        let within = |from: i64| begun.iter().filter(|at| (from..from + window_ms).contains(at)).count();
        begun.iter().map(|from| within(*from)).max().unwrap_or(0)
    }

    #[test]
    fn no_second_holds_more_than_allowed_and_most_of_it_is_used() {
        for limit in [1_u32, 7, 20, 400] {
            let (clock, pace) = pace(Limits { per_second_max: Some(limit), per_minute_max: None });
            let begun = begun(&clock, &pace, 5_000);
            let limit = limit as usize;
            assert!(most_within(&begun, 1_000) <= limit, "{limit}: {}", most_within(&begun, 1_000));
            assert!(begun.len() >= limit * 4, "{limit}: {} in 5 s", begun.len());
        }
    }

    #[test]
    fn no_minute_holds_more_than_the_receiver_allowed() {
        let (clock, pace) = pace(Limits { per_second_max: Some(50), per_minute_max: Some(30) });
        let begun = begun(&clock, &pace, 120_000);
        assert!(most_within(&begun, 60_000) <= 30, "{}", most_within(&begun, 60_000));
        assert!(begun.len() >= 55);
    }

    #[test]
    fn slowed_down_it_goes_at_half_its_rate_for_a_while() {
        let (clock, pace) = pace(Limits { per_second_max: Some(20), per_minute_max: None });
        pace.slow_down(clock.now() + TimeDelta::seconds(2));
        assert!(pace.is_slowed(clock.now()));
        assert!(most_within(&begun(&clock, &pace, 2_000), 1_000) <= 10);
        assert!(!pace.is_slowed(clock.now()));
        assert!(begun(&clock, &pace, 1_000).len() >= 16);
    }

    #[test]
    fn without_limits_nothing_waits() {
        let (_, pace) = pace(Limits::default());
        assert!((0..10_000).all(|_| pace.try_begin().is_ok()));
    }
}
