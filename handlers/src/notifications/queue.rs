//! The messages of a channel that wait to be sent: who may send them, and whose turn it is.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::{
    messages::Channel,
    metrics,
    outcome::UNCERTAIN_MAX,
    standing::{self, Ready, Standing},
};
use crate::consumer::HandleError;

/// The right to send on a channel, until the lease runs out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lease {
    pub(crate) fence: i64,
    /// There until the provider takes something again, also once it is past.
    pub(crate) paused_until: Option<DateTime<Utc>>,
}

/// A message to be sent now.
#[derive(Clone, Debug, sqlx::FromRow)]
#[expect(clippy::struct_field_names, reason = "fields are named as the table's columns")]
pub(crate) struct Message {
    pub(crate) message_id: Uuid,
    pub(crate) notification_id: Option<Uuid>,
    pub(crate) kind: String,
    pub(crate) recipient: Option<String>,
    pub(crate) subject: String,
    pub(crate) text_body: String,
    pub(crate) html_body: Option<String>,
    pub(crate) unsubscribe_url: Option<String>,
    pub(crate) created_at: DateTime<Utc>,
    /// This one included.
    pub(crate) attempts: i32,
    /// As it was before this attempt.
    pub(crate) uncertain_before: Option<DateTime<Utc>>,
    pub(crate) device_id: Option<Uuid>,
    /// Of the device, as long as it is the account's.
    pub(crate) token: Option<String>,
    pub(crate) subject_kind: Option<String>,
    pub(crate) subject_id: Option<Uuid>,
}

/// Takes the channel, or keeps it; `None` while another process has it.
pub(crate) async fn lease(
    pool: &PgPool,
    channel: Channel,
    holder: Uuid,
    length: Duration,
) -> Result<Option<Lease>, sqlx::Error> {
    // Locked without waiting: whoever takes or records at this moment has it.
    let row: Option<(i64, Option<DateTime<Utc>>)> = sqlx::query_as(
        "UPDATE notifications.channels AS c \
         SET fence = CASE WHEN c.holder = $2 THEN c.fence ELSE c.fence + 1 END, holder = $2, \
             lease_until = clock_timestamp() + make_interval(secs => $3) \
         FROM (SELECT channel FROM notifications.channels \
               WHERE channel = $1 AND (holder = $2 OR lease_until IS NULL OR lease_until < clock_timestamp()) \
               FOR UPDATE SKIP LOCKED) AS mine \
         WHERE c.channel = mine.channel \
         RETURNING c.fence, c.paused_until",
    )
    .bind(channel.name())
    .bind(holder)
    .bind(length.as_secs_f64())
    .fetch_optional(pool)
    .await?;
    Ok(row.map(|(fence, paused_until)| Lease { fence, paused_until }))
}

/// Gives the channel back, so that another process need not wait for the lease to run out.
pub(crate) async fn release(pool: &PgPool, channel: Channel, holder: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE notifications.channels SET holder = NULL, lease_until = NULL \
         WHERE channel = $1 AND holder = $2",
    )
    .bind(channel.name())
    .bind(holder)
    .execute(pool)
    .await?;
    Ok(())
}

/// Takes the next messages, at most so many and none of `in_hand`, the most urgent first. What its receiver
/// no longer wants is settled on the way, and what comes in quiet hours put off.
///
/// That they are about to be sent is committed before they are: a process that dies in between leaves a
/// message of which it is known that its outcome is not.
///
/// # Errors
/// The database's.
pub(crate) async fn take(
    pool: &PgPool,
    channel: Channel,
    count_max: usize,
    in_hand: &[Uuid],
    now: DateTime<Utc>,
) -> Result<Vec<Message>, HandleError> {
    loop {
        let mut tx = platform::db::begin(pool).await?;
        let ready = ready_in_tx(&mut tx, channel, count_max, in_hand, now).await?;
        if ready.is_empty() {
            return Ok(Vec::new());
        }
        let standings = standing::of_in_tx(&mut tx, channel, &ready, now).await?;
        let judged: Vec<(&Ready, Standing)> = ready.iter().zip(standings).collect();
        set_aside_in_tx(&mut tx, &judged, now).await?;
        let sendable = judged.iter().filter(|(_, standing)| *standing == Standing::Sendable);
        let sendable: Vec<Uuid> = sendable.map(|(one, _)| one.message_id).collect();
        let taken = take_in_tx(&mut tx, &sendable, now).await?;
        tx.commit().await?;
        for (one, standing) in &judged {
            if let Standing::Over(_) = standing {
                metrics::no_longer_wanted(channel, &one.kind);
            }
        }
        // All of them were set aside: others may be due behind them.
        if !taken.is_empty() {
            return Ok(taken);
        }
    }
}

async fn ready_in_tx(
    tx: &mut PgConnection,
    channel: Channel,
    count_max: usize,
    in_hand: &[Uuid],
    now: DateTime<Utc>,
) -> Result<Vec<Ready>, sqlx::Error> {
    sqlx::query_as(
        "SELECT m.message_id, m.account_id, m.kind, n.organisation_id, \
                CASE WHEN m.notification_id IS NULL THEN m.digest_id END AS digest_id \
         FROM notifications.messages AS m \
         LEFT JOIN notifications.notifications AS n ON n.notification_id = m.notification_id \
         WHERE m.channel = $1 AND m.state = 'queued' AND m.due <= $2 AND m.message_id <> ALL($3) \
         ORDER BY m.priority, m.due LIMIT $4 FOR UPDATE OF m SKIP LOCKED",
    )
    .bind(channel.name())
    .bind(now)
    .bind(in_hand)
    .bind(i64::try_from(count_max).unwrap_or(i64::MAX))
    .fetch_all(tx)
    .await
}

/// A message that is not sent now: until when it waits, or why it is over.
type Aside = (Uuid, Option<DateTime<Utc>>, Option<&'static str>);

/// Puts off what comes in quiet hours, and settles what is no longer to be sent.
async fn set_aside_in_tx(
    tx: &mut PgConnection,
    judged: &[(&Ready, Standing)],
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let aside: Vec<Aside> = judged
        .iter()
        .filter_map(|(one, standing)| match standing {
            Standing::Sendable => None,
            Standing::Quiet(until) => Some((one.message_id, Some(*until), None)),
            Standing::Over(silence) => Some((one.message_id, None, Some(silence.name()))),
        })
        .collect();
    if aside.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "UPDATE notifications.messages AS m \
         SET due = COALESCE(r.due, m.due), reason = COALESCE(r.silence, m.reason, 'quiet_hours'), \
             state = CASE WHEN r.silence IS NULL THEN m.state ELSE 'suppressed' END, \
             finished_at = CASE WHEN r.silence IS NULL THEN NULL ELSE $4 END \
         FROM unnest($1::uuid[], $2::timestamptz[], $3::text[]) AS r(message_id, due, silence) \
         WHERE m.message_id = r.message_id",
    )
    .bind(aside.iter().map(|(id, ..)| *id).collect::<Vec<_>>())
    .bind(aside.iter().map(|(_, due, _)| *due).collect::<Vec<_>>())
    .bind(aside.iter().map(|(.., silence)| *silence).collect::<Vec<_>>())
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}

async fn take_in_tx(
    tx: &mut PgConnection,
    ids: &[Uuid],
    now: DateTime<Utc>,
) -> Result<Vec<Message>, sqlx::Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    sqlx::query_as(
        "WITH ready AS MATERIALIZED ( \
           SELECT message_id, uncertain_since FROM notifications.messages WHERE message_id = ANY($1)), \
         taken AS ( \
           UPDATE notifications.messages AS m \
           SET attempts = m.attempts + 1, uncertain_since = COALESCE(m.uncertain_since, $2) \
           FROM ready WHERE m.message_id = ready.message_id \
           RETURNING m.message_id, m.account_id, m.notification_id, m.kind, m.recipient, m.subject, \
                     m.text_body, m.html_body, m.unsubscribe_url, m.created_at, m.attempts, m.device_id, \
                     m.priority, m.due, ready.uncertain_since AS uncertain_before) \
         SELECT t.message_id, t.notification_id, t.kind, t.recipient, t.subject, t.text_body, t.html_body, \
                t.unsubscribe_url, t.created_at, t.attempts, t.uncertain_before, t.device_id, d.token, \
                n.subject_kind, n.subject_id \
         FROM taken AS t \
         LEFT JOIN notifications.devices AS d ON d.device_id = t.device_id AND d.account_id = t.account_id \
         LEFT JOIN notifications.notifications AS n ON n.notification_id = t.notification_id \
         ORDER BY t.priority, t.due",
    )
    .bind(ids)
    .bind(now)
    .fetch_all(tx)
    .await
}

impl Message {
    /// The provider no longer knows the key of the request whose outcome is unknown: sent now, the message
    /// might be there twice.
    pub(crate) fn is_too_uncertain(&self, now: DateTime<Utc>) -> bool {
        self.uncertain_before.is_some_and(|since| now - since > UNCERTAIN_MAX)
    }
}
