//! What the committer tells about itself.

use ::metrics::{Unit, counter, describe_counter, describe_histogram, histogram};

/// Says what each metric means.
pub fn describe() {
    describe_histogram!(
        "iris_append_batch_commands",
        Unit::Count,
        "Commands decided together in one append."
    );
    describe_histogram!("iris_append_batch_events", Unit::Count, "Events recorded by one append.");
    describe_histogram!(
        "iris_append_seconds",
        Unit::Seconds,
        "Time from taking a batch off the queue to its commit."
    );
    describe_counter!(
        "iris_append_retries_total",
        "Batches tried again, by cause: head_moved, conflict, connection."
    );
    describe_counter!(
        "iris_commands_total",
        "Commands by operation and result: accepted, replayed, refused, failed."
    );
}

/// A batch was committed.
pub fn committed(commands: usize, events: usize, seconds: f64) {
    #[expect(clippy::cast_precision_loss, reason = "counts of a bounded batch")]
    {
        histogram!("iris_append_batch_commands").record(commands as f64);
        histogram!("iris_append_batch_events").record(events as f64);
    }
    histogram!("iris_append_seconds").record(seconds);
}

/// A batch is tried again.
pub fn retried(cause: &'static str) {
    counter!("iris_append_retries_total", "cause" => cause).increment(1);
}

/// A command was answered.
pub fn answered(operation: &'static str, result: &'static str) {
    counter!("iris_commands_total", "operation" => operation, "result" => result).increment(1);
}
