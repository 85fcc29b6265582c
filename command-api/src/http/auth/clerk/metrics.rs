//! What Clerk's webhooks came to.

use metrics::{counter, describe_counter};

const WEBHOOKS: &str = "iris_clerk_webhooks_total";

/// Says what the metric means.
pub(super) fn describe() {
    describe_counter!(
        WEBHOOKS,
        "Webhooks of Clerk by `type` and `outcome`: created, linked, followed, ended, no_news, no_address, not_linked; \
         address_taken (another account holds the address: somebody must look at it); ignored (of no interest); \
         not_signed; malformed; failed (Clerk sends it again)."
    );
}

/// `event_type` is one of ours: what strangers write must not make series.
pub(super) fn webhook(event_type: &'static str, outcome: &'static str) {
    counter!(WEBHOOKS, "type" => event_type, "outcome" => outcome).increment(1);
}
