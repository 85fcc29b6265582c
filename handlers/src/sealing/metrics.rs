//! What the sealer tells of itself.

use metrics::{Unit, counter, describe_counter, describe_gauge, gauge};

/// Seals that this process made.
const SEALS: &str = "iris_audit_seals_total";
/// All events up to this position are sealed, by whichever process.
const POSITION: &str = "iris_audit_sealed_position";
/// Events behind it.
const LAG_EVENTS: &str = "iris_audit_lag_events";
/// Age of the oldest of them, by its own time or since this process first saw it wait, whichever is more; 0 where there
/// is none. Grows while nobody seals, an event cannot be sealed or is gone, or the database does not answer.
const LAG_SECONDS: &str = "iris_audit_oldest_unsealed_seconds";
/// Events that could not be sealed because they are not as they were recorded: each is a reason to run
/// `iris audit verify` at once.
const REFUSED: &str = "iris_audit_refused_total";
/// Attempts to copy seals to the folder that failed.
const EXPORT_FAILURES: &str = "iris_audit_export_failures_total";

pub(super) fn describe() {
    describe_counter!(SEALS, "Seals made by this process.");
    describe_gauge!(POSITION, "All events up to this position of the log are sealed.");
    describe_gauge!(LAG_EVENTS, "Events that are not sealed yet.");
    describe_gauge!(LAG_SECONDS, Unit::Seconds, "Age of the oldest event that is not sealed yet.");
    describe_counter!(REFUSED, "Events that cannot be sealed because they were altered.");
    describe_counter!(EXPORT_FAILURES, "Failed attempts to copy seals to AUDIT_SEAL_DIR.");
}

pub(super) fn count_seal() {
    counter!(SEALS).increment(1);
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a double; counts beyond 2^53 do not occur")]
pub(super) fn set_position(position: i64) {
    gauge!(POSITION).set(position as f64);
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a double; counts beyond 2^53 do not occur")]
pub(super) fn set_unsealed(events: i64) {
    gauge!(LAG_EVENTS).set(events as f64);
}

pub(super) fn set_oldest_unsealed(age_s: f64) {
    gauge!(LAG_SECONDS).set(age_s);
}

pub(super) fn count_refused() {
    counter!(REFUSED).increment(1);
}

pub(super) fn count_export_failure() {
    counter!(EXPORT_FAILURES).increment(1);
}
