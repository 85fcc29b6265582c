//! Time and ids as parameters, so that every decision can be repeated in a test.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// The present moment in UTC, cut to whole microseconds.
    ///
    /// Postgres keeps microseconds: what is answered now and what is read back later are equal.
    fn now(&self) -> DateTime<Utc>;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the machine for the time")]
    fn now(&self) -> DateTime<Utc> {
        whole_micros(Utc::now())
    }
}

/// A clock that stands still until a test moves it.
#[derive(Debug)]
pub struct FixedClock(AtomicI64);

impl FixedClock {
    /// A clock standing at `at`, cut to whole microseconds.
    pub const fn new(at: DateTime<Utc>) -> Self {
        Self(AtomicI64::new(at.timestamp_micros()))
    }

    /// Puts the clock to `at`.
    pub fn set(&self, at: DateTime<Utc>) {
        self.0.store(at.timestamp_micros(), Ordering::SeqCst);
    }

    /// Moves the clock by `by`, backwards when negative.
    pub fn advance(&self, by: TimeDelta) {
        self.set(self.now() + by);
    }
}

impl Clock for FixedClock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0.load(Ordering::SeqCst))
            .expect("was made from a DateTime, so it is within its range")
    }
}

/// Makes new ids.
pub trait Ids: Send + Sync {
    /// A `UUIDv7` never given before; later ones of one process sort after earlier ones.
    fn next(&self) -> Uuid;
}

/// `UUIDv7` from the machine's clock and random source, monotonic within the process.
#[derive(Debug, Clone, Copy, Default)]
pub struct UuidV7Ids;

impl Ids for UuidV7Ids {
    #[expect(clippy::disallowed_methods, reason = "the one place that makes ids")]
    fn next(&self) -> Uuid {
        Uuid::now_v7()
    }
}

/// Ids that count up from one: the same on every run of a test.
#[derive(Debug, Default)]
pub struct CountingIds(AtomicU64);

impl Ids for CountingIds {
    fn next(&self) -> Uuid {
        // Version and variant bits are those of a UUIDv7, so the ids pass wherever a real one passes.
        const FIRST: u128 = 0x0190_0000_0000_7000_8000_0000_0000_0000;
        Uuid::from_u128(FIRST + u128::from(self.0.fetch_add(1, Ordering::SeqCst)) + 1)
    }
}

fn whole_micros(at: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(at.timestamp_micros())
        .expect("a DateTime's own microseconds are in range")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_clock_gives_whole_microseconds() {
        assert_eq!(SystemClock.now().timestamp_subsec_nanos() % 1_000, 0);
    }

    #[test]
    fn nanoseconds_are_cut_not_rounded() {
        let at = DateTime::from_timestamp(1_700_000_000, 1_999).unwrap();
        assert_eq!(whole_micros(at).timestamp_subsec_nanos(), 1_000);
        assert_eq!(FixedClock::new(at).now().timestamp_subsec_nanos(), 1_000);
    }

    #[test]
    fn a_fixed_clock_moves_only_when_told() {
        let clock = FixedClock::new(DateTime::UNIX_EPOCH);
        assert_eq!(clock.now(), DateTime::UNIX_EPOCH);
        clock.advance(TimeDelta::seconds(90));
        assert_eq!(clock.now().timestamp(), 90);
    }

    #[test]
    fn ids_of_one_process_sort_in_the_order_they_were_made() {
        let ids: Vec<Uuid> = (0..2_000).map(|_| UuidV7Ids.next()).collect();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(ids.iter().all(|id| id.get_version_num() == 7));
    }

    #[test]
    fn counted_ids_look_like_v7_and_repeat() {
        let (first, second) = (CountingIds::default(), CountingIds::default());
        let id = first.next();
        assert_eq!(id, second.next());
        assert_eq!(id.get_version_num(), 7);
        assert!(first.next() > id);
    }
}
