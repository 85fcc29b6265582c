//! What consumers tell of themselves.

use chrono::{DateTime, Utc};
use metrics::{Unit, counter, describe_counter, describe_gauge, gauge};

use crate::followers::Distance;

/// All public events up to this position have had their effect.
const POSITION: &str = "iris_consumer_position";
/// Events of any kind between that position and the end of the log.
const LAG_EVENTS: &str = "iris_consumer_lag_events";
/// Age of the oldest of them; 0 where there is none.
const LAG_SECONDS: &str = "iris_consumer_lag_seconds";
/// Public events that had their effect, by where they came from: `nats`, or the `log` where NATS was away
/// or had a hole.
const EVENTS: &str = "iris_consumer_events_total";
/// Stretches that NATS should have brought and did not; each was read from the log.
const HOLES: &str = "iris_consumer_holes_total";
/// Batches that failed and were tried again.
const FAILURES: &str = "iris_consumer_failures_total";

pub(super) fn describe() {
    describe_gauge!(POSITION, "All public events up to this position have had the consumer's effect.");
    describe_gauge!(LAG_EVENTS, "Events that the consumer has not yet taken.");
    describe_gauge!(
        LAG_SECONDS,
        Unit::Seconds,
        "Age of the oldest event that the consumer has not yet taken."
    );
    describe_counter!(EVENTS, "Public events that had the consumer's effect, by source.");
    describe_counter!(HOLES, "Stretches that NATS did not bring and that were read from the log.");
    describe_counter!(FAILURES, "Batches that failed and were tried again.");
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a double; counts beyond 2^53 do not occur")]
pub(super) fn set_distance(consumer: &'static str, position: i64, distance: Distance, now: DateTime<Utc>) {
    gauge!(POSITION, "consumer" => consumer).set(position as f64);
    gauge!(LAG_EVENTS, "consumer" => consumer).set((distance.head - position).max(0) as f64);
    gauge!(LAG_SECONDS, "consumer" => consumer).set(distance.seconds(now));
}

pub(super) fn count_events(consumer: &'static str, source: &'static str, events: usize) {
    let events = u64::try_from(events).unwrap_or(u64::MAX);
    counter!(EVENTS, "consumer" => consumer, "source" => source).increment(events);
}

pub(super) fn count_hole(consumer: &'static str) {
    counter!(HOLES, "consumer" => consumer).increment(1);
}

pub(super) fn count_failure(consumer: &'static str) {
    counter!(FAILURES, "consumer" => consumer).increment(1);
}
