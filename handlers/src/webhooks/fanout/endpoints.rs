//! The endpoints as the fan-out knows them: `webhooks.lanes.state`, folded from their streams.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use events::{
    Fold as _, Folded, StreamKind,
    fold::decode,
    log::read_stream,
    webhook_endpoint::{EndpointOwner, EndpointStatus, WebhookEndpoint, WebhookEndpointEvent},
};
use sqlx::{PgConnection, Row, types::Json};
use uuid::Uuid;

use crate::{consumer::HandleError, webhooks::metrics};

/// One endpoint.
#[derive(Clone, Debug)]
pub(super) struct KnownEndpoint {
    pub(super) registered_position: i64,
    pub(super) folded: Folded<WebhookEndpoint>,
}

/// All endpoints, by id.
#[derive(Clone, Debug, Default)]
pub(super) struct Endpoints {
    by_id: BTreeMap<Uuid, KnownEndpoint>,
    fingerprint: (i64, i64),
    /// The types that those of them want that are active; `*` for all.
    wanted: BTreeSet<String>,
}

/// Rows are only added and revisions only rise, so no change leaves both numbers as they were.
const FINGERPRINT: &str =
    "SELECT count(*) AS lanes, COALESCE(sum(revision), 0)::bigint AS revisions FROM webhooks.lanes";

impl Endpoints {
    pub(super) async fn load_in_tx(tx: &mut PgConnection) -> Result<Self, sqlx::Error> {
        let fingerprint = fingerprint_in_tx(tx).await?;
        let rows = sqlx::query("SELECT endpoint_id, registered_position, state FROM webhooks.lanes")
            .fetch_all(tx)
            .await?;
        let endpoint = |row: &sqlx::postgres::PgRow| {
            let Json(folded) = row.try_get("state")?;
            let registered_position = row.try_get("registered_position")?;
            Ok::<_, sqlx::Error>((row.try_get("endpoint_id")?, KnownEndpoint { registered_position, folded }))
        };
        let by_id = rows.iter().filter_map(|row| endpoint(row).map_err(|error| pass_over(row, &error)).ok());
        let by_id: BTreeMap<_, _> = by_id.collect();
        let active = by_id.values().map(|known| &known.folded.state);
        let active = active.filter(|endpoint| endpoint.status == EndpointStatus::Active);
        let wanted = active.flat_map(|endpoint| endpoint.details.event_types.iter().cloned()).collect();
        Ok(Self { by_id, fingerprint, wanted })
    }

    /// True if one of those that were active when they were loaded may want events of that type.
    pub(super) fn want(&self, event_type: &str) -> bool {
        self.wanted.contains("*") || self.wanted.contains(event_type)
    }

    /// True if none of those that were active when they were loaded wants anything.
    pub(super) fn want_nothing(&self) -> bool {
        self.wanted.is_empty()
    }

    /// True if what one of them may hear depends on who has let its owner in.
    pub(super) fn has_partners(&self) -> bool {
        let mut owners = self.by_id.values().map(|endpoint| &endpoint.folded.state.owner);
        owners.any(|owner| matches!(owner, EndpointOwner::Partner(_)))
    }

    /// True if these are still what the table holds.
    pub(super) async fn is_current_in_tx(&self, tx: &mut PgConnection) -> Result<bool, sqlx::Error> {
        Ok(fingerprint_in_tx(tx).await? == self.fingerprint)
    }

    /// Gives a lane to endpoints that were registered before the fan-out ever ran: it begins at the head,
    /// and would not know of them. True if there are any.
    pub(super) async fn adopt_in_tx(
        tx: &mut PgConnection,
        upto: i64,
        now: DateTime<Utc>,
    ) -> Result<bool, HandleError> {
        let unknown = sqlx::query(
            "SELECT e.aggregate_id FROM public.events e \
             WHERE e.aggregate_type = $1 AND e.sequence = 1 AND e.global_position <= $2 \
               AND NOT EXISTS (SELECT 1 FROM webhooks.lanes l WHERE l.endpoint_id = e.aggregate_id::uuid)",
        )
        .bind(StreamKind::WebhookEndpoint.name())
        .bind(upto)
        .fetch_all(&mut *tx)
        .await?;
        let mut adopted = Self::default();
        for row in unknown {
            let id: &str = row.try_get("aggregate_id")?;
            let id: Uuid = id.parse().map_err(|_| HandleError::Corrupt(format!("stream id {id}")))?;
            let history = read_stream(&mut *tx, WebhookEndpoint::stream(id)).await?;
            for event in history.iter().filter(|event| event.global_position <= upto) {
                adopted.apply(
                    id,
                    event.global_position,
                    event.sequence,
                    event.recorded_at,
                    decode_or_tell(event),
                );
            }
        }
        let ids: Vec<Uuid> = adopted.by_id.keys().copied().collect();
        adopted.write_in_tx(tx, &ids, now).await?;
        Ok(!ids.is_empty())
    }

    /// Takes an event of an endpoint's into account; false where it had been already.
    pub(super) fn apply(
        &mut self,
        id: Uuid,
        position: i64,
        sequence: i64,
        recorded_at: DateTime<Utc>,
        event: Option<WebhookEndpointEvent>,
    ) -> bool {
        let Some(event) = event else { return false };
        // An endpoint whose registration could not be read has no owner that anybody knows of, and hears nothing:
        // to give it any would be to let it hear what it must not.
        let is_registered = matches!(event, WebhookEndpointEvent::WebhookEndpointRegistered { .. });
        if !is_registered && !self.by_id.contains_key(&id) {
            return false;
        }
        let new = || KnownEndpoint { registered_position: position, folded: Folded::default() };
        let endpoint = self.by_id.entry(id).or_insert_with(new);
        if sequence <= endpoint.folded.revision {
            return false;
        }
        endpoint.folded.apply(&event, recorded_at);
        // An event that could not be read was passed over; what came after it counts all the same.
        endpoint.folded.revision = sequence;
        true
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Uuid, &KnownEndpoint)> {
        self.by_id.iter()
    }

    /// The partner's account whose endpoint it is, where it is one's.
    pub(super) fn partner_of(&self, endpoint_id: Uuid) -> Option<Uuid> {
        match self.by_id.get(&endpoint_id)?.folded.state.owner {
            EndpointOwner::Partner(account_id) => Some(account_id.0),
            EndpointOwner::Restaurant(_) | EndpointOwner::Supplier(_) | EndpointOwner::Platform => None,
        }
    }

    /// The endpoints of that partner's account; sorted.
    pub(super) fn of_partner(&self, account_id: Uuid) -> Vec<Uuid> {
        let is_its = |id: &Uuid| self.partner_of(*id) == Some(account_id);
        self.by_id.keys().copied().filter(is_its).collect()
    }

    /// Writes the lanes of these endpoints, and makes each due: whoever takes it up looks what that means.
    pub(super) async fn write_in_tx(
        &self,
        tx: &mut PgConnection,
        ids: &[Uuid],
        now: DateTime<Utc>,
    ) -> Result<(), sqlx::Error> {
        let known: Vec<(Uuid, &KnownEndpoint)> =
            ids.iter().filter_map(|id| Some((*id, self.by_id.get(id)?))).collect();
        if known.is_empty() {
            return Ok(());
        }
        sqlx::query(
            "INSERT INTO webhooks.lanes AS l (endpoint_id, registered_position, state, due, handshake_due) \
             SELECT w.endpoint_id, w.registered_position, w.state::json, n.at, n.at \
             FROM unnest($1::uuid[], $2::bigint[], $3::text[]) AS w(endpoint_id, registered_position, state), \
                  LEAST($4, statement_timestamp()) AS n(at) \
             ORDER BY w.endpoint_id \
             ON CONFLICT (endpoint_id) DO UPDATE \
             SET state = EXCLUDED.state, revision = l.revision + 1, due = EXCLUDED.due, \
                 handshake_due = EXCLUDED.due, handshake_attempts = 0",
        )
        .bind(known.iter().map(|(id, _)| *id).collect::<Vec<_>>())
        .bind(known.iter().map(|(_, endpoint)| endpoint.registered_position).collect::<Vec<_>>())
        .bind(known.iter().map(|(_, endpoint)| state_json(endpoint)).collect::<Vec<_>>())
        .bind(now)
        .execute(tx)
        .await?;
        Ok(())
    }
}

/// The event, or `None` where it is not one that this program can read: logged and counted.
pub(super) fn decode_or_tell(event: &events::RecordedEvent) -> Option<WebhookEndpointEvent> {
    match decode::<WebhookEndpoint>(event) {
        Ok(event) => Some(event),
        Err(error) => {
            metrics::unreadable();
            tracing::error!(%error, position = event.global_position, "an endpoint's event is passed over");
            None
        }
    }
}

/// One lane that cannot be read must not keep all others from hearing: its endpoint hears nothing.
fn pass_over(row: &sqlx::postgres::PgRow, error: &sqlx::Error) {
    metrics::unreadable();
    let endpoint_id = row.try_get::<Uuid, _>("endpoint_id").ok();
    tracing::error!(?endpoint_id, %error, "a lane cannot be read, its endpoint is passed over");
}

fn state_json(endpoint: &KnownEndpoint) -> String {
    serde_json::to_string(&endpoint.folded).expect("a state is JSON by its types")
}

async fn fingerprint_in_tx(tx: &mut PgConnection) -> Result<(i64, i64), sqlx::Error> {
    let row = sqlx::query(FINGERPRINT).fetch_one(tx).await?;
    Ok((row.try_get("lanes")?, row.try_get("revisions")?))
}

#[cfg(test)]
mod tests {
    use events::webhook_endpoint::EndpointDetails;

    use super::*;

    #[test]
    fn an_endpoint_without_its_registration_is_none_and_no_event_counts_twice() {
        let mut endpoints = Endpoints::default();
        let id = Uuid::from_u128(1);
        let mut apply =
            |sequence, event| endpoints.apply(id, 10 + sequence, sequence, DateTime::UNIX_EPOCH, Some(event));
        let revised = || WebhookEndpointEvent::WebhookEndpointRevised { details: EndpointDetails::default() };
        assert!(!apply(2, revised()), "its owner is not known");
        let registered = WebhookEndpointEvent::WebhookEndpointRegistered {
            owner: EndpointOwner::Platform,
            details: EndpointDetails::default(),
            secret_id: Uuid::nil(),
            handshake: false,
        };
        assert!(apply(1, registered));
        // One in between could not be read.
        assert!(apply(3, revised()));
        assert!(!apply(3, revised()));
        assert_eq!(endpoints.by_id[&id].registered_position, 11);
    }
}
