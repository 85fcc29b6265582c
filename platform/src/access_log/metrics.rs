//! What the access log tells of itself.

use metrics::{counter, describe_counter, describe_gauge, gauge};

const ROWS: &str = "iris_access_log_rows_total";
const DROPPED: &str = "iris_access_log_dropped_total";
const LEFT_OUT: &str = "iris_access_log_left_out_total";
const QUEUE: &str = "iris_access_log_queue_depth";

/// Says what the metrics mean; the label is `kind`.
pub(crate) fn describe() {
    describe_counter!(ROWS, "Rows written to the access log, by kind.");
    describe_counter!(
        DROPPED,
        "Accesses that were lost because the queue was full or the database refused the row, by kind. Never of \
         a secret, an export or personal data: these are refused instead."
    );
    describe_counter!(
        LEFT_OUT,
        "Refusals and failed logins beyond the minute's bound, of which one row tells the number."
    );
    describe_gauge!(QUEUE, "Accesses that wait to be written.");
}

pub(super) fn written(kind: &'static str) {
    counter!(ROWS, "kind" => kind).increment(1);
}

pub(super) fn dropped(kind: &'static str, rows: u64) {
    counter!(DROPPED, "kind" => kind).increment(rows);
}

pub(super) fn left_out(rows: u64) {
    counter!(LEFT_OUT).increment(rows);
}

pub(super) fn waiting(rows: usize) {
    gauge!(QUEUE).set(f64::from(u32::try_from(rows).unwrap_or(u32::MAX)));
}
