//! What is told later, if it still holds then.

use chrono::{DateTime, Utc};
use events::{
    public::{PublicData, PublicEvent},
    values::NotificationKind,
    webhook_endpoint::PayloadStyle,
};
use sqlx::{PgConnection, PgPool};

use super::{
    facts::{Directory, Facts},
    recipients::tellings,
    tell::{Teller, ToTell},
};
use crate::consumer::HandleError;

/// Told in one transaction at most.
const TOLD_AT_ONCE_MAX: i64 = 50;

/// Keeps the event until then; once, however often it is handled.
pub(crate) async fn keep_in_tx(
    tx: &mut PgConnection,
    event: &PublicEvent,
    kind: NotificationKind,
    due: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO notifications.scheduled (event_id, kind, due, event) VALUES ($1, $2, $3, $4::json) \
         ON CONFLICT (event_id, kind) DO NOTHING",
    )
    .bind(event.event_id)
    .bind(kind.name())
    .bind(due)
    .bind(event.to_cloud_event(PayloadStyle::Full))
    .execute(tx)
    .await?;
    Ok(())
}

/// Tells what is due and still holds, to those whom it concerns by now; says how many were due. Several
/// processes may do so at once: each row is taken by one.
pub(crate) async fn tell_due(
    pool: &PgPool,
    teller: &Teller,
    now: DateTime<Utc>,
) -> Result<usize, HandleError> {
    let mut tx = platform::db::begin(pool).await?;
    let due: Vec<(String, String)> = sqlx::query_as(
        "DELETE FROM notifications.scheduled AS s \
         USING (SELECT event_id, kind FROM notifications.scheduled \
                WHERE due <= $1 ORDER BY due LIMIT $2 FOR UPDATE SKIP LOCKED) AS ready \
         WHERE s.event_id = ready.event_id AND s.kind = ready.kind \
         RETURNING s.kind, s.event::text",
    )
    .bind(now)
    .bind(TOLD_AT_ONCE_MAX)
    .fetch_all(&mut *tx)
    .await?;
    let kept: Vec<(String, PublicEvent)> = due.iter().filter_map(|(kind, json)| read(kind, json)).collect();
    let events = kept.iter().map(|(_, event)| event);
    let facts = Facts::load_in_tx(&mut tx, events, Directory::default(), teller.configured).await?;
    let mut told = Vec::new();
    for (kind, event) in kept.iter().filter(|(_, event)| still_holds(event, &facts, now)) {
        let all = tellings(event, |id| facts.order(id)).unwrap_or_default();
        let due = all.into_iter().filter(|telling| telling.kind.name() == kind);
        told.extend(due.map(|telling| ToTell { event, telling }));
    }
    teller.tell_in_tx(&mut tx, &told, &facts, now).await?;
    tx.commit().await?;
    Ok(due.len())
}

fn read(kind: &str, json: &str) -> Option<(String, PublicEvent)> {
    match PublicEvent::from_cloud_event(json.as_bytes()) {
        Ok(event) => Some((kind.to_owned(), event)),
        Err(error) => {
            tracing::error!(%error, kind, "what was kept to be told later cannot be read");
            None
        }
    }
}

/// A trial that is over, or that of a restaurant which may no longer order, ends nothing.
fn still_holds(event: &PublicEvent, facts: &Facts, now: DateTime<Utc>) -> bool {
    match &event.data {
        PublicData::RestaurantApproved(approved) => {
            facts.is_approved(approved.restaurant_id) && now < approved.trial_ends_at
        }
        _ => true,
    }
}
