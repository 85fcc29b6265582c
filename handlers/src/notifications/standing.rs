//! Whether what waits is still to be sent: by what its receiver wants, and where they work, by now.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use events::values::{AccountId, NotificationKind};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    decide::{Silence, digest_after_quiet_hours, refused, wait_for_quiet_hours},
    facts::{Facts, Person},
    messages::Channel,
};
use crate::consumer::HandleError;

/// A message whose turn it is.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct Ready {
    pub(crate) message_id: Uuid,
    account_id: Uuid,
    pub(crate) kind: String,
    /// Of what it is about; a digest has those of its parts.
    organisation_id: Option<Uuid>,
    /// The digest that it is.
    digest_id: Option<Uuid>,
}

/// What becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Sendable,
    /// Quiet hours have begun since it was written, or since it was tried last.
    Quiet(DateTime<Utc>),
    Over(Silence),
}

type Part = (Option<NotificationKind>, Option<Uuid>);

/// Says it of each, in that order.
///
/// # Errors
/// The database's.
pub(crate) async fn of_in_tx(
    tx: &mut PgConnection,
    channel: Channel,
    ready: &[Ready],
    now: DateTime<Utc>,
) -> Result<Vec<Standing>, HandleError> {
    let accounts: BTreeSet<Uuid> = ready.iter().map(|one| one.account_id).collect();
    let facts = Facts::load_people_in_tx(tx, &accounts).await?;
    let parts = parts_in_tx(tx, ready).await?;
    let standing = |one: &Ready| {
        let parts = one.digest_id.and_then(|id| parts.get(&id)).map(Vec::as_slice);
        let itself = [(one.kind.parse().ok(), one.organisation_id)];
        let Some(person) = facts.person(AccountId(one.account_id)) else {
            return Standing::Over(Silence::AccountUnknown);
        };
        let told = parts.unwrap_or(&itself);
        let silences: Vec<Option<Silence>> =
            told.iter().map(|part| silence(channel, &facts, person, *part)).collect();
        // Words cannot be taken out of a mail that may have been tried: a digest goes while any of it holds.
        match silences.first().copied().flatten() {
            Some(silence) if silences.iter().all(Option::is_some) => Standing::Over(silence),
            _ => quiet(one, person, now).map_or(Standing::Sendable, Standing::Quiet),
        }
    };
    Ok(ready.iter().map(standing).collect())
}

fn silence(channel: Channel, facts: &Facts, person: &Person, (kind, organisation): Part) -> Option<Silence> {
    if !facts.works_for(person.account_id, organisation) {
        return Some(Silence::NoLongerMember);
    }
    kind.filter(|kind| refused(*kind, channel, &person.preferences)).map(|_| Silence::SwitchedOff)
}

fn quiet(one: &Ready, person: &Person, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    if one.digest_id.is_some() {
        return digest_after_quiet_hours(&person.preferences, now);
    }
    wait_for_quiet_hours(one.kind.parse().ok()?, &person.preferences, now)
}

/// What the digests among them tell.
async fn parts_in_tx(
    tx: &mut PgConnection,
    ready: &[Ready],
) -> Result<HashMap<Uuid, Vec<Part>>, HandleError> {
    let digests: Vec<Uuid> = ready.iter().filter_map(|one| one.digest_id).collect();
    let mut parts: HashMap<Uuid, Vec<Part>> = HashMap::new();
    if digests.is_empty() {
        return Ok(parts);
    }
    let rows: Vec<(Uuid, String, Option<Uuid>)> = sqlx::query_as(
        "SELECT m.digest_id, n.kind, n.organisation_id FROM notifications.messages AS m \
         JOIN notifications.notifications AS n ON n.notification_id = m.notification_id \
         WHERE m.digest_id = ANY($1)",
    )
    .bind(digests)
    .fetch_all(tx)
    .await?;
    for (digest_id, kind, organisation) in rows {
        parts.entry(digest_id).or_default().push((kind.parse().ok(), organisation));
    }
    Ok(parts)
}
