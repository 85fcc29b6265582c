//! What the scheduler tells of itself.

use std::time::Duration;

use chrono::{DateTime, Utc};
use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};

/// Attempts at runs that ended in this process, by job and outcome: succeeded; retrying (it failed, and is tried
/// again); failed (for good: somebody must look); stopped (the process ended, the next leader goes on); lost (another
/// process had taken the run over).
const RUNS: &str = "iris_job_runs_total";
/// How long an attempt took, by job, however it ended.
const DURATION: &str = "iris_job_duration_seconds";
/// When a run of the job last succeeded, in whichever process; seconds since 1970. A leader says so from its beginning
/// on. What grows too old is a job that no longer does its work: alert on `time() - max by (job) (…)`.
const LAST_SUCCESS: &str = "iris_job_last_success_timestamp_seconds";
/// 1 while a run of the job is under way in this process.
const RUNNING: &str = "iris_job_running";
/// Times of a job that were skipped, because nobody led when they came or the run before was not begun yet.
const MISSED: &str = "iris_job_missed_total";
/// 1 in the process that says what is due, 0 in those that stand by. The sum over all processes is 1.
const LEADER: &str = "iris_scheduler_is_leader";

pub(super) fn describe() {
    describe_counter!(RUNS, "Attempts at runs of jobs, by job and outcome.");
    describe_histogram!(DURATION, Unit::Seconds, "How long an attempt at a run took.");
    describe_gauge!(LAST_SUCCESS, Unit::Seconds, "When a run of the job last succeeded, since 1970.");
    describe_gauge!(RUNNING, "1 while a run of the job is under way in this process, else 0.");
    describe_counter!(MISSED, "Times of a job that were skipped.");
    describe_gauge!(LEADER, "1 in the process that says what is due, else 0.");
}

pub(super) fn set_leader(is_leader: bool) {
    gauge!(LEADER).set(f64::from(u8::from(is_leader)));
}

pub(super) fn set_running(job: &'static str, is_running: bool) {
    gauge!(RUNNING, "job" => job).set(f64::from(u8::from(is_running)));
}

pub(super) fn count_run(job: &'static str, outcome: &'static str, took: Duration) {
    counter!(RUNS, "job" => job, "outcome" => outcome).increment(1);
    histogram!(DURATION, "job" => job).record(took.as_secs_f64());
}

/// A process died at the last attempt: nobody could count it there.
pub(super) fn count_given_up(job: String) {
    counter!(RUNS, "job" => job, "outcome" => "failed").increment(1);
}

/// Also with 0, so that the series is there before the first.
pub(super) fn count_missed(job: &'static str, times: u64) {
    counter!(MISSED, "job" => job).increment(times);
}

#[expect(clippy::cast_precision_loss, reason = "microseconds since 1970 are below 2^53 until 2255")]
pub(super) fn set_last_success(job: &'static str, at: DateTime<Utc>) {
    gauge!(LAST_SUCCESS, "job" => job).set(at.timestamp_micros() as f64 / 1e6);
}
