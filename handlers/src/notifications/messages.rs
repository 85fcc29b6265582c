//! What is written down to be sent, each with what was decided about it.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// By what something is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Channel {
    Email,
    Push,
}

impl Channel {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Push => "push",
        }
    }
}

/// Which goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Priority {
    Critical = 0,
    AtOnce = 1,
    Digest = 2,
}

/// What is sent, exactly so however often it is tried.
#[derive(Clone, Debug, Default)]
pub(crate) struct Frozen {
    pub(crate) recipient: Option<String>,
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: Option<String>,
    pub(crate) unsubscribe_url: Option<String>,
}

/// What becomes of a message when it is written.
#[derive(Clone, Debug)]
pub(crate) enum Fate {
    Send(Frozen),
    Defer(Frozen, DateTime<Utc>),
    /// Told in that digest, which is due then.
    Collect(Uuid, DateTime<Utc>),
    Suppress(&'static str),
}

/// A message to be written.
#[derive(Clone, Debug)]
pub(crate) struct NewMessage {
    pub(crate) message_id: Uuid,
    pub(crate) account_id: Uuid,
    pub(crate) notification_id: Option<Uuid>,
    /// The digest that it is.
    pub(crate) digest_id: Option<Uuid>,
    pub(crate) device_id: Option<Uuid>,
    pub(crate) channel: Channel,
    pub(crate) kind: &'static str,
    pub(crate) priority: Priority,
    pub(crate) fate: Fate,
}

impl Fate {
    /// What was decided, and where that leaves the message.
    pub(crate) const fn decision_and_state(&self) -> (&'static str, &'static str) {
        match self {
            Self::Send(_) => ("now", "queued"),
            Self::Defer(..) => ("deferred", "queued"),
            Self::Collect(..) => ("digest", "in_digest"),
            Self::Suppress(_) => ("suppressed", "suppressed"),
        }
    }

    fn due(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Self::Defer(_, due) | Self::Collect(_, due) => *due,
            Self::Send(_) | Self::Suppress(_) => now,
        }
    }

    fn reason(&self) -> Option<&'static str> {
        match self {
            Self::Send(_) => None,
            Self::Defer(..) => Some("quiet_hours"),
            Self::Collect(..) => Some("daily_digest"),
            Self::Suppress(reason) => Some(reason),
        }
    }

    fn frozen(&self) -> Option<&Frozen> {
        match self {
            Self::Send(frozen) | Self::Defer(frozen, _) => Some(frozen),
            Self::Collect(..) | Self::Suppress(_) => None,
        }
    }
}

/// Writes the messages, in the caller's transaction.
///
/// # Errors
/// The database's; also where one of them has been written before.
pub(crate) async fn insert_in_tx(
    tx: &mut PgConnection,
    messages: &[NewMessage],
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    if messages.is_empty() {
        return Ok(());
    }
    let frozen = |pick: fn(&Frozen) -> Option<String>| -> Vec<Option<String>> {
        messages.iter().map(|message| message.fate.frozen().and_then(pick)).collect()
    };
    let finished = |message: &NewMessage| match message.fate {
        Fate::Send(_) | Fate::Defer(..) => None,
        Fate::Collect(..) | Fate::Suppress(_) => Some(now),
    };
    let digest = |message: &NewMessage| match message.fate {
        Fate::Collect(digest_id, _) => Some(digest_id),
        _ => message.digest_id,
    };
    // What is to be sent now is due by the database's clock at the latest: a process whose own is ahead, if only for a
    // moment, would have all others wait until theirs have come as far.
    sqlx::query(
        "INSERT INTO notifications.messages (message_id, account_id, notification_id, digest_id, device_id, \
                channel, kind, decision, state, reason, priority, due, recipient, subject, text_body, \
                html_body, unsubscribe_url, created_at, finished_at) \
         SELECT r.message_id, r.account_id, r.notification_id, r.digest_id, r.device_id, r.channel, r.kind, \
                r.decision, r.state, r.reason, r.priority, \
                CASE r.decision WHEN 'now' THEN LEAST(r.due, statement_timestamp()) ELSE r.due END, \
                r.recipient, r.subject, r.text_body, r.html_body, r.unsubscribe_url, $18, r.finished_at \
         FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::text[], \
                     $8::text[], $9::text[], $10::text[], $11::smallint[], $12::timestamptz[], $13::text[], \
                     $14::text[], $15::text[], $16::text[], $17::text[], $19::timestamptz[]) \
              AS r(message_id, account_id, notification_id, digest_id, device_id, channel, kind, decision, \
                   state, reason, priority, due, recipient, subject, text_body, html_body, \
                   unsubscribe_url, finished_at)",
    )
    .bind(messages.iter().map(|message| message.message_id).collect::<Vec<_>>())
    .bind(messages.iter().map(|message| message.account_id).collect::<Vec<_>>())
    .bind(messages.iter().map(|message| message.notification_id).collect::<Vec<_>>())
    .bind(messages.iter().map(digest).collect::<Vec<_>>())
    .bind(messages.iter().map(|message| message.device_id).collect::<Vec<_>>())
    .bind(messages.iter().map(|message| message.channel.name()).collect::<Vec<_>>())
    .bind(messages.iter().map(|message| message.kind).collect::<Vec<_>>())
    .bind(messages.iter().map(|message| message.fate.decision_and_state().0).collect::<Vec<_>>())
    .bind(messages.iter().map(|message| message.fate.decision_and_state().1).collect::<Vec<_>>())
    .bind(messages.iter().map(|message| message.fate.reason()).collect::<Vec<_>>())
    .bind(messages.iter().map(|message| message.priority as i16).collect::<Vec<_>>())
    .bind(messages.iter().map(|message| message.fate.due(now)).collect::<Vec<_>>())
    .bind(frozen(|frozen| frozen.recipient.clone()))
    .bind(frozen(|frozen| Some(frozen.subject.clone())))
    .bind(frozen(|frozen| Some(frozen.text.clone())))
    .bind(frozen(|frozen| frozen.html.clone()))
    .bind(frozen(|frozen| frozen.unsubscribe_url.clone()))
    .bind(now)
    .bind(messages.iter().map(finished).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    Ok(())
}
