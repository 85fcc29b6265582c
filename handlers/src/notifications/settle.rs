//! Recording what became of messages that were sent.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::{
    messages::Channel,
    outcome::{Hold, Outcome, Retry, next_attempt},
    queue::Message,
};

/// A message, and what came of it.
#[derive(Debug)]
pub(crate) struct Tried {
    pub(crate) message: Message,
    pub(crate) outcome: Outcome,
}

/// Somebody else sends on the channel by now.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettleError {
    #[error("the channel is in other hands")]
    Lost,
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// What is written of a message.
struct Settled {
    state: &'static str,
    reason: Option<String>,
    provider_id: Option<String>,
    due: Option<DateTime<Utc>>,
    attempts: i32,
    uncertain_since: Option<DateTime<Utc>>,
}

impl Tried {
    /// True unless it is tried again.
    pub(crate) fn is_over(&self, now: DateTime<Utc>) -> bool {
        self.settled(now).state != "queued"
    }

    fn settled(&self, now: DateTime<Utc>) -> Settled {
        let message = &self.message;
        let over = |state, reason, provider_id| Settled {
            state,
            reason,
            provider_id,
            due: None,
            attempts: message.attempts,
            uncertain_since: None,
        };
        let not_tried = |due| Settled {
            state: "queued",
            reason: None,
            provider_id: None,
            due,
            attempts: message.attempts - 1,
            uncertain_since: message.uncertain_before,
        };
        match &self.outcome {
            Outcome::Sent(provider_id) => over("sent", None, provider_id.clone()),
            Outcome::Suppressed(reason) => over("suppressed", Some((*reason).to_owned()), None),
            Outcome::Refused(reason) | Outcome::DeviceGone(reason) => {
                over("failed", Some(reason.clone()), None)
            }
            Outcome::TooFast(_) | Outcome::Held(Hold::Quota(_)) => not_tried(None),
            Outcome::Held(Hold::OurFault(reason)) | Outcome::PutOff(reason) => {
                Settled { reason: Some(reason.clone()), ..not_tried(self.outcome.put_off_until(now)) }
            }
            Outcome::Retry(Retry { reason, uncertain, after }) => {
                let Some(due) = next_attempt(message.message_id, message.attempts, *after, now) else {
                    return over("failed", Some(format!("gave_up: {reason}")), None);
                };
                let since = message.uncertain_before.or(uncertain.then_some(now));
                Settled {
                    reason: Some(reason.clone()),
                    due: Some(due),
                    attempts: message.attempts,
                    uncertain_since: since,
                    ..not_tried(None)
                }
            }
        }
    }
}

/// Records what came of the messages, all at once; forgets devices that are gone, and pauses the channel
/// where the provider takes nothing, or ends its pause where it takes things again.
///
/// # Errors
/// [`SettleError::Lost`] where the lease ran out meanwhile: nothing is recorded, and whoever has the channel
/// now sends them again, under the same keys.
pub(crate) async fn settle(
    pool: &PgPool,
    channel: Channel,
    fence: i64,
    tried: &[Tried],
    now: DateTime<Utc>,
) -> Result<(), SettleError> {
    let mut tx = platform::db::begin(pool).await?;
    // Held until the commit: nobody takes the channel over between this look and what follows from it.
    let mine: Option<i64> = sqlx::query_scalar(
        "SELECT fence FROM notifications.channels WHERE channel = $1 AND fence = $2 FOR UPDATE",
    )
    .bind(channel.name())
    .bind(fence)
    .fetch_optional(&mut *tx)
    .await?;
    mine.ok_or(SettleError::Lost)?;
    write_in_tx(&mut tx, tried, now).await?;
    let gone: Vec<Uuid> = tried
        .iter()
        .filter(|tried| matches!(tried.outcome, Outcome::DeviceGone(_)))
        .filter_map(|tried| tried.message.device_id)
        .collect();
    if !gone.is_empty() {
        sqlx::query("DELETE FROM notifications.devices WHERE device_id = ANY($1)")
            .bind(gone)
            .execute(&mut *tx)
            .await?;
    }
    let first_hold = tried.iter().find_map(|tried| match &tried.outcome {
        Outcome::Held(hold) => Some(hold),
        _ => None,
    });
    match first_hold {
        Some(hold) => pause_in_tx(&mut tx, channel, hold, now).await?,
        None if tried.iter().any(|tried| tried.outcome.shows_that_the_channel_works()) => {
            unpause_in_tx(&mut tx, channel).await?;
        }
        None => {}
    }
    tx.commit().await?;
    Ok(())
}

async fn write_in_tx(tx: &mut PgConnection, tried: &[Tried], now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    let settled: Vec<Settled> = tried.iter().map(|tried| tried.settled(now)).collect();
    let written = sqlx::query(
        "UPDATE notifications.messages AS m \
         SET state = r.state, reason = COALESCE(r.reason, m.reason), provider_id = r.provider_id, \
             due = COALESCE(r.due, m.due), attempts = r.attempts, uncertain_since = r.uncertain_since, \
             finished_at = CASE WHEN r.state = 'queued' THEN NULL ELSE $8 END \
         FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::int[], \
                     $7::timestamptz[]) \
              AS r(message_id, state, reason, provider_id, due, attempts, uncertain_since) \
         WHERE m.message_id = ANY($1) AND m.message_id = r.message_id AND m.state = 'queued'",
    )
    .bind(tried.iter().map(|tried| tried.message.message_id).collect::<Vec<_>>())
    .bind(settled.iter().map(|row| row.state).collect::<Vec<_>>())
    .bind(settled.iter().map(|row| row.reason.as_deref()).collect::<Vec<_>>())
    .bind(settled.iter().map(|row| row.provider_id.as_deref()).collect::<Vec<_>>())
    .bind(settled.iter().map(|row| row.due).collect::<Vec<_>>())
    .bind(settled.iter().map(|row| row.attempts).collect::<Vec<_>>())
    .bind(settled.iter().map(|row| row.uncertain_since).collect::<Vec<_>>())
    .bind(now)
    .execute(tx)
    .await?
    .rows_affected();
    // The fence says that nobody else has written them: fewer means that somebody deleted them meanwhile.
    if written != tried.len() as u64 {
        tracing::warn!(written, expected = tried.len(), "messages are gone that were being sent");
    }
    Ok(())
}

async fn pause_in_tx(
    tx: &mut PgConnection,
    channel: Channel,
    hold: &Hold,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE notifications.channels SET paused_until = GREATEST(paused_until, $2), pause_reason = $3 \
         WHERE channel = $1",
    )
    .bind(channel.name())
    .bind(hold.until(now))
    .bind(hold.reason())
    .execute(tx)
    .await?;
    Ok(())
}

async fn unpause_in_tx(tx: &mut PgConnection, channel: Channel) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE notifications.channels SET paused_until = NULL, pause_reason = NULL \
         WHERE channel = $1 AND paused_until IS NOT NULL",
    )
    .bind(channel.name())
    .execute(tx)
    .await?;
    Ok(())
}
