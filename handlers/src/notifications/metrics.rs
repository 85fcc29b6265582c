//! What notifications show of themselves in metrics.

use std::{sync::Once, time::Duration};

use chrono::{DateTime, Utc};
use events::values::NotificationKind;
use metrics::{counter, describe_counter, describe_gauge, gauge};
use platform::clock::Clock;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use super::{
    messages::{Channel, NewMessage},
    settle::Tried,
};

const MEASURED_EVERY: Duration = Duration::from_secs(15);

const TOTAL: &str = "iris_notifications_total";
const QUEUE: &str = "iris_notification_queue";
const OLDEST: &str = "iris_notification_oldest_queued_seconds";
const PAUSED: &str = "iris_notification_channel_paused";
const PASSED_OVER: &str = "iris_notification_events_passed_over_total";

/// Describes them once per process.
pub(crate) fn describe() {
    static DESCRIBED: Once = Once::new();
    DESCRIBED.call_once(|| {
        describe_counter!(
            TOTAL,
            "Notifications by kind, channel and outcome. When one comes to be: stored (in_app), now, deferred \
             (quiet hours), digest, suppressed or passed_over (could not be told). When it is sent: \
             suppressed (no longer wanted, or no longer the person's to know), sent, \
             retried, rate_limited, quota_exceeded, our_fault (its provider refuses our key, sender or \
             address: mend the settings, nothing is lost meanwhile), failed or device_gone."
        );
        describe_gauge!(QUEUE, "Messages that wait to be sent, by channel, those that are not due included.");
        describe_gauge!(
            OLDEST,
            "How long the message that is due for longest has been due, by channel: minutes mean that its \
             provider is down or refuses us."
        );
        describe_gauge!(
            PAUSED,
            "1 while nothing is sent because a quota of the channel's provider is used up, or because it \
             refuses our key, sender or address, by channel: pause_reason in notifications.channels and the \
             log say which. At least every hour one message is tried."
        );
        describe_counter!(
            PASSED_OVER,
            "Events that nobody was told of because what decides about it was not known; the log says which."
        );
    });
}

pub(crate) fn told(kind: NotificationKind) {
    counter!(TOTAL, "kind" => kind.name(), "channel" => "in_app", "outcome" => "stored").increment(1);
}

pub(crate) fn passed_over(kind: NotificationKind) {
    counter!(TOTAL, "kind" => kind.name(), "channel" => "in_app", "outcome" => "passed_over").increment(1);
}

pub(crate) fn event_passed_over() {
    counter!(PASSED_OVER).increment(1);
}

pub(crate) fn decided(message: &NewMessage) {
    let (decision, _) = message.fate.decision_and_state();
    let channel = message.channel.name();
    counter!(TOTAL, "kind" => message.kind, "channel" => channel, "outcome" => decision).increment(1);
}

/// It was to be sent, and is not: what was chosen has changed, or the person works elsewhere.
pub(crate) fn no_longer_wanted(channel: Channel, kind: &str) {
    let kind = kind.to_owned();
    counter!(TOTAL, "kind" => kind, "channel" => channel.name(), "outcome" => "suppressed").increment(1);
}

pub(crate) fn tried(channel: Channel, tried: &Tried, now: DateTime<Utc>) {
    let outcome = match tried.outcome.name() {
        // Tried for the last time.
        "retried" if tried.is_over(now) => "failed",
        name => name,
    };
    let kind = tried.message.kind.clone();
    counter!(TOTAL, "kind" => kind, "channel" => channel.name(), "outcome" => outcome).increment(1);
}

/// Measures the queues now and then, until told to stop.
pub(crate) async fn measure(pool: &PgPool, clock: &dyn Clock, stop: &CancellationToken) {
    loop {
        if let Err(error) = measure_once(pool, clock.now()).await {
            tracing::warn!(%error, "the queues of notifications cannot be measured");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(MEASURED_EVERY) => {}
        }
    }
}

pub(crate) async fn measure_once(pool: &PgPool, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    let rows: Vec<(String, i64, i64, bool)> = sqlx::query_as(
        "SELECT c.channel, count(m.message_id), \
                COALESCE(GREATEST(extract(epoch FROM $1 - min(m.due)), 0), 0)::bigint, \
                c.paused_until IS NOT NULL \
         FROM notifications.channels AS c \
         LEFT JOIN notifications.messages AS m ON m.channel = c.channel AND m.state = 'queued' \
         GROUP BY c.channel, c.paused_until",
    )
    .bind(now)
    .fetch_all(pool)
    .await?;
    for (channel, queued, oldest_s, paused) in rows {
        let measured = |count: i64| u32::try_from(count).map_or(f64::from(u32::MAX), f64::from);
        gauge!(QUEUE, "channel" => channel.clone()).set(measured(queued));
        gauge!(OLDEST, "channel" => channel.clone()).set(measured(oldest_s));
        gauge!(PAUSED, "channel" => channel).set(u8::from(paused));
    }
    Ok(())
}
