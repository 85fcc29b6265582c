//! What the relay tells of itself.

use chrono::{DateTime, Utc};
use metrics::{Unit, counter, describe_counter, describe_gauge, gauge};

use crate::followers::Distance;

/// All public events up to this position are on NATS.
const POSITION: &str = "iris_relay_position";
/// Events of any kind between that position and the end of the log.
const LAG_EVENTS: &str = "iris_relay_lag_events";
/// Age of the oldest of them; 0 where there is none. Grows while NATS is away.
const LAG_SECONDS: &str = "iris_relay_lag_seconds";
/// Messages that the stream took for the first time.
const PUBLISHED: &str = "iris_relay_published_total";
/// Messages that the stream took again, because it had lost them.
const REFILLED: &str = "iris_relay_refilled_total";
/// Events that should have gone out and could not: unreadable, or too large for the server. Each is an
/// error in the log, and consumers read it from there.
const UNPUBLISHABLE: &str = "iris_relay_unpublishable_total";
/// 1 in the process that publishes, 0 in those that stand by.
const LEADER: &str = "iris_relay_leader";

pub(super) fn describe() {
    describe_gauge!(POSITION, "All public events up to this position of the log are on NATS.");
    describe_gauge!(LAG_EVENTS, "Events that the relay has not yet taken.");
    describe_gauge!(LAG_SECONDS, Unit::Seconds, "Age of the oldest event that the relay has not yet taken.");
    describe_counter!(PUBLISHED, "Messages published for the first time.");
    describe_counter!(REFILLED, "Messages published again because the stream had lost them.");
    describe_counter!(UNPUBLISHABLE, "Events that could not be published: unreadable or too large.");
    describe_gauge!(LEADER, "1 in the process that publishes, else 0.");
}

pub(super) fn set_leader(is_leader: bool) {
    gauge!(LEADER).set(f64::from(u8::from(is_leader)));
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a double; counts beyond 2^53 do not occur")]
pub(super) fn set_distance(position: i64, distance: Distance, now: DateTime<Utc>) {
    gauge!(POSITION).set(position as f64);
    gauge!(LAG_EVENTS).set((distance.head - position).max(0) as f64);
    gauge!(LAG_SECONDS).set(distance.seconds(now));
}

pub(super) fn count_published(is_refill: bool) {
    let name = if is_refill { REFILLED } else { PUBLISHED };
    counter!(name).increment(1);
}

pub(super) fn count_unpublishable() {
    counter!(UNPUBLISHABLE).increment(1);
}
