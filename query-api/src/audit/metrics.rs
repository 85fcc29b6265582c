//! What exports tell about themselves.

use ::metrics::{counter, describe_counter};

const EXPORTS: &str = "iris_history_exports_total";
const EVENTS: &str = "iris_history_exported_events_total";

/// Says what each metric means.
pub(crate) fn describe() {
    describe_counter!(
        EXPORTS,
        "Exports of history that ended, by result: complete, client_gone, client_idle (took nothing for a minute), \
         client_slow (took more than five minutes for 5,000 positions), failed (the database broke off; the answer was cut)."
    );
    describe_counter!(EVENTS, "Events written by exports of history, also by those that broke off.");
}

/// An export ended.
pub(super) fn ended(result: &'static str, events: u64) {
    counter!(EXPORTS, "result" => result).increment(1);
    counter!(EVENTS).increment(events);
}
