//! What Clerk's keys tell of themselves.

use chrono::{DateTime, Utc};
use metrics::{counter, describe_counter, describe_gauge, gauge};

const FETCHES: &str = "iris_clerk_jwks_fetches_total";
const FETCHED_AT: &str = "iris_clerk_jwks_fetched_timestamp_seconds";

pub(super) fn describe() {
    describe_counter!(
        FETCHES,
        "Times that Clerk was asked for its public keys, by `outcome`: ok or failed. Where all fail, tokens are judged by \
         the last keys that came."
    );
    describe_gauge!(
        FETCHED_AT,
        "When the keys that tokens are judged by were fetched, as seconds since 1970: `time()` less this is their age, \
         an hour at most while Clerk answers. Absent until the first ones came, and nobody is let in till then."
    );
}

pub(super) fn fetched(is_ok: bool) {
    counter!(FETCHES, "outcome" => if is_ok { "ok" } else { "failed" }).increment(1);
}

pub(super) fn fresh(at: DateTime<Utc>) {
    // Seconds since 1970 are whole in a float for as long as anybody will look at this.
    #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 seconds")]
    gauge!(FETCHED_AT).set(at.timestamp() as f64);
}
