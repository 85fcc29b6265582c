//! What can be seen of webhooks from outside.

use std::{sync::Arc, time::Duration};

use events::webhook_endpoint::DisabledReason;
use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use platform::clock::Clock;
use sqlx::{PgPool, Row};

use super::WebhookSettings;

/// Attempts, by what came of them: `delivered`, or a word for why not.
const DELIVERIES: &str = "iris_webhook_deliveries_total";
/// How long an attempt took, to the last byte of the answer that is read.
const ATTEMPT_SECONDS: &str = "iris_webhook_attempt_seconds";
/// Deliveries that are neither delivered nor given up, whenever they are due.
const PENDING: &str = "iris_webhook_pending";
/// Endpoints by their breaker: `closed` is well, `open` is left alone, `half_open` is tried next.
const LANES: &str = "iris_webhook_lanes";
/// How late the latest of the lanes is that nobody has taken up: grows where no dispatcher keeps up.
const OLDEST_DUE_SECONDS: &str = "iris_webhook_oldest_due_seconds";
/// Endpoints that were disabled by us, by reason.
const DISABLED: &str = "iris_webhook_disabled_total";
/// Events that the fan-out could not read and passed over.
const UNREADABLE: &str = "iris_webhook_unreadable_total";

/// Counting what waits reads an index of all that waits, so not too often.
const GAUGES_EVERY: Duration = Duration::from_mins(1);

pub(super) fn describe() {
    describe_counter!(DELIVERIES, "Webhook attempts by outcome: delivered, or why not.");
    describe_histogram!(ATTEMPT_SECONDS, Unit::Seconds, "Duration of a webhook attempt, answer included.");
    describe_gauge!(PENDING, "Webhook deliveries that are neither delivered nor given up.");
    describe_gauge!(LANES, "Webhook endpoints by the state of their breaker.");
    describe_gauge!(OLDEST_DUE_SECONDS, Unit::Seconds, "How late the latest due lane is.");
    describe_counter!(DISABLED, "Webhook endpoints disabled by the dispatcher, by reason.");
    describe_counter!(UNREADABLE, "Events that the webhook fan-out could not read and passed over.");
}

pub(super) fn attempted(outcome: &'static str, total: Duration) {
    counter!(DELIVERIES, "outcome" => outcome).increment(1);
    histogram!(ATTEMPT_SECONDS).record(total);
}

pub(super) fn disabled(reason: DisabledReason) {
    let reason = match reason {
        DisabledReason::Owner => "owner",
        DisabledReason::Gone => "gone",
        DisabledReason::Failing => "failing",
    };
    counter!(DISABLED, "reason" => reason).increment(1);
}

pub(super) fn unreadable() {
    counter!(UNREADABLE).increment(1);
}

/// Keeps the gauges up to date until dropped. While the database is away they stay as they are.
pub(super) async fn keep_gauges(pool: PgPool, clock: Arc<dyn Clock>, settings: WebhookSettings) {
    loop {
        if let Err(error) = set_gauges(&pool, &*clock, &settings).await {
            tracing::debug!(%error, "webhook gauges stay as they are");
        }
        tokio::time::sleep(GAUGES_EVERY).await;
    }
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a double; counts beyond 2^53 do not occur")]
async fn set_gauges(pool: &PgPool, clock: &dyn Clock, settings: &WebhookSettings) -> Result<(), sqlx::Error> {
    let row = sqlx::query(
        "SELECT (SELECT count(*) FROM webhooks.deliveries WHERE state = 'pending') AS pending, \
                count(*) FILTER (WHERE breaker_failures < $2) AS closed, \
                count(*) FILTER (WHERE breaker_failures >= $2 AND breaker_until > $1) AS open, \
                count(*) AS lanes, \
                COALESCE(EXTRACT(EPOCH FROM $1 - min(due) FILTER (WHERE due <= $1 \
                    AND (lease_until IS NULL OR lease_until <= clock_timestamp()))), 0)::float8 AS oldest \
         FROM webhooks.lanes WHERE state->'state'->>'status' <> 'deleted'",
    )
    .bind(clock.now())
    .bind(settings.breaker_failures)
    .fetch_one(pool)
    .await?;
    let count = |name: &str| row.try_get::<i64, _>(name);
    let (closed, open, lanes) = (count("closed")?, count("open")?, count("lanes")?);
    gauge!(PENDING).set(count("pending")? as f64);
    gauge!(LANES, "state" => "closed").set(closed as f64);
    gauge!(LANES, "state" => "open").set(open as f64);
    gauge!(LANES, "state" => "half_open").set((lanes - closed - open) as f64);
    gauge!(OLDEST_DUE_SECONDS).set(row.try_get::<f64, _>("oldest")?);
    Ok(())
}
