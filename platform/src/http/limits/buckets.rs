//! One kind of bucket, for many callers.

use std::{
    hash::Hash,
    num::NonZeroU32,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Instant,
};

use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    middleware::StateInformationMiddleware,
    nanos::Nanos,
    state::keyed::ShrinkableKeyedStateStore as _,
};

use super::{
    bounded_store::BoundedStore,
    standing::{Standing, seconds_up},
};
use crate::error::ApiError;

/// How often full buckets are forgotten, in seconds.
const SWEEP_EVERY_S: u64 = 30;
/// How often where there is no room for another; not at every request, for it looks at all of them.
const SWEEP_FULL_EVERY_S: u64 = 1;

/// So many requests a minute for every key, and as many at once.
#[derive(Debug)]
pub(super) struct Buckets<K: Hash + Eq + Clone, C: Clock = DefaultClock> {
    scope: &'static str,
    quota: Quota,
    store: BoundedStore<K>,
    limiter: RateLimiter<K, BoundedStore<K>, C, StateInformationMiddleware>,
    began: Instant,
    /// Seconds since it began.
    swept_at_s: AtomicU64,
}

/// A bucket is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Empty {
    scope: &'static str,
    pub(super) standing: Standing,
}

impl<K: Hash + Eq + Clone> Buckets<K> {
    pub(super) fn new(scope: &'static str, per_minute: NonZeroU32, keys_max: usize) -> Self {
        Self::with_clock(scope, per_minute, keys_max, DefaultClock::default())
    }
}

impl<K: Hash + Eq + Clone, C: Clock> Buckets<K, C> {
    pub(super) fn with_clock(scope: &'static str, per_minute: NonZeroU32, keys_max: usize, clock: C) -> Self {
        let quota = Quota::per_minute(per_minute);
        let store = BoundedStore::new(scope, keys_max);
        let limiter = RateLimiter::new(quota, store.clone(), clock);
        Self { scope, quota, store, limiter, began: Instant::now(), swept_at_s: AtomicU64::new(0) }
    }

    /// Takes one request out of the key's bucket.
    pub(super) fn take(&self, key: &K) -> Result<Standing, Empty> {
        self.sweep_when_due();
        match self.limiter.check_key(key) {
            Ok(state) => {
                let limit = self.quota.burst_size().get();
                let remaining = state.remaining_burst_capacity();
                let missing = limit.saturating_sub(remaining);
                let reset_s = seconds_up(self.quota.replenish_interval().saturating_mul(missing));
                Ok(Standing { limit, remaining, reset_s })
            }
            Err(until) => {
                let wait_s = seconds_up(until.wait_time_from(self.limiter.clock().now())).max(1);
                let limit = self.quota.burst_size().get();
                Err(Empty { scope: self.scope, standing: Standing { limit, remaining: 0, reset_s: wait_s } })
            }
        }
    }

    /// Puts one request back.
    pub(super) fn give_back(&self, key: &K) {
        self.store.give_back(key, Nanos::from(self.quota.replenish_interval()));
    }

    /// Forgets callers whose buckets are full again: the same as never having seen them.
    fn sweep_when_due(&self) {
        let now_s = self.began.elapsed().as_secs();
        let swept_at_s = self.swept_at_s.load(Relaxed);
        let since_s = now_s.saturating_sub(swept_at_s);
        let is_due = since_s >= SWEEP_EVERY_S || (since_s >= SWEEP_FULL_EVERY_S && self.store.is_full());
        // Whoever comes first does it; the others go on.
        if is_due && self.swept_at_s.compare_exchange(swept_at_s, now_s, Relaxed, Relaxed).is_ok() {
            self.sweep();
        }
    }

    fn sweep(&self) {
        self.limiter.retain_recent();
        let keys = u32::try_from(self.store.len()).unwrap_or(u32::MAX);
        metrics::gauge!(super::KEYS, "scope" => self.scope).set(f64::from(keys));
    }
}

impl From<Empty> for ApiError {
    fn from(Empty { scope, standing }: Empty) -> Self {
        metrics::counter!(super::LIMITED, "scope" => scope).increment(1);
        let message = "More requests than one caller may make; see Retry-After.";
        Self::too_many_requests("rate_limited", message, standing.reset_s)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use governor::clock::FakeRelativeClock;

    use super::*;

    fn buckets(per_minute: u32, keys_max: usize) -> (Buckets<u32, FakeRelativeClock>, FakeRelativeClock) {
        let clock = FakeRelativeClock::default();
        let limit = NonZeroU32::new(per_minute).unwrap();
        (Buckets::with_clock("test", limit, keys_max, clock.clone()), clock)
    }

    #[test]
    fn a_bucket_empties_tells_when_to_come_again_and_fills_with_time() {
        let (buckets, clock) = buckets(60, 10);
        for left in (0..60).rev() {
            let standing = buckets.take(&1).unwrap();
            assert_eq!(standing, Standing { limit: 60, remaining: left, reset_s: 60 - left });
        }
        let empty = buckets.take(&1).unwrap_err();
        assert_eq!(empty.standing, Standing { limit: 60, remaining: 0, reset_s: 1 });
        assert!(buckets.take(&2).is_ok(), "another caller has a bucket of its own");
        clock.advance(Duration::from_secs(u64::from(empty.standing.reset_s)));
        assert!(buckets.take(&1).is_ok(), "who comes when told to is let through");
        assert!(buckets.take(&1).is_err());
        clock.advance(Duration::from_mins(10));
        assert_eq!(buckets.take(&1).unwrap().remaining, 59, "no more than a minute's worth is saved up");
    }

    #[test]
    fn what_is_given_back_can_be_taken_again_and_is_no_profit() {
        let (buckets, _clock) = buckets(2, 10);
        for _ in 0..100 {
            buckets.take(&1).unwrap();
            buckets.give_back(&1);
        }
        buckets.give_back(&1);
        assert_eq!(buckets.take(&1).unwrap().remaining, 1);
        buckets.take(&1).unwrap();
        assert!(buckets.take(&1).is_err(), "two at once, however often one was given back");
        buckets.give_back(&7);
        assert_eq!(buckets.store.len(), 1, "giving back makes nobody known");
    }

    #[test]
    fn a_million_callers_take_no_more_memory_than_the_bound_and_share_one_bucket_beyond_it() {
        let (buckets, clock) = buckets(3, 1_000);
        clock.advance(Duration::from_mins(1));
        buckets.take(&0).unwrap();
        let passed = (1..1_000_000).filter(|key| buckets.take(key).is_ok()).count();
        assert_eq!(passed, 999 + 3, "each of those remembered once, and three of all the others");
        assert_eq!(buckets.store.len(), 1_000);
        assert_eq!(buckets.take(&0).unwrap().remaining, 1, "who was there before keeps what they had");
        clock.advance(Duration::from_mins(1));
        buckets.sweep();
        assert_eq!(buckets.store.len(), 0, "full buckets are forgotten");
        assert_eq!(buckets.take(&999_999).unwrap().remaining, 2, "and strangers have their own again");
    }

    #[test]
    fn a_sweep_forgets_nobody_who_has_used_some() {
        let (buckets, clock) = buckets(2, 10);
        buckets.take(&1).unwrap();
        buckets.take(&1).unwrap();
        clock.advance(Duration::from_secs(29));
        buckets.sweep();
        assert!(buckets.take(&1).is_err(), "the bucket is as empty as it was");
    }
}
