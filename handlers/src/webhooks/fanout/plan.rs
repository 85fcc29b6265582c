//! What a batch changes, gathered first and written with few statements.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use events::{
    RecordedEvent, StreamKind,
    public::{PublicEvent, ping},
    webhook_endpoint::{EndpointDetails, PayloadStyle, WebhookEndpointEvent},
};
use platform::clock::Ids;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    endpoints::{Endpoints, decode_or_tell},
    queue::{Origin, Queue},
    revoked::{Revoked, granted},
};
use crate::webhooks::filter::{conditions_hold, wants_type};

/// An event on its way to endpoints; its JSON is made at most once per use.
pub(in crate::webhooks) struct WantedEvent<'a> {
    pub(in crate::webhooks) public: &'a PublicEvent,
    data: Option<serde_json::Value>,
}

impl<'a> WantedEvent<'a> {
    pub(in crate::webhooks) fn new(public: &'a PublicEvent) -> Self {
        Self { public, data: None }
    }

    pub(in crate::webhooks) fn is_wanted_by(&mut self, details: &EndpointDetails) -> bool {
        if !wants_type(details, self.public.public_type().name) {
            return false;
        }
        details.conditions.is_empty() || {
            let data = self.data.get_or_insert_with(|| self.public.data.to_json());
            conditions_hold(details, data)
        }
    }
}

/// All that a batch changes.
#[derive(Default)]
pub(super) struct Plan {
    pub(super) queue: Queue,
    changed: BTreeSet<Uuid>,
    /// Whose past failures count no more.
    forgiven: BTreeSet<Uuid>,
    deleted: BTreeSet<Uuid>,
    retries: Vec<Retry>,
    replays: Vec<NewReplay>,
    revoked: Vec<Revoked>,
}

struct Retry {
    delivery_id: Uuid,
    endpoint_id: Uuid,
    /// Whose endpoint it is, where a grant may be needed.
    partner: Option<Uuid>,
}

struct NewReplay {
    replay_id: Uuid,
    endpoint_id: Uuid,
    from_position: i64,
    upto_position: i64,
}

impl Plan {
    /// Takes an event of an endpoint's stream, or of an organisation that may let partners in, into account.
    pub(super) fn take_inner(
        &mut self,
        endpoints: &mut Endpoints,
        recorded: &RecordedEvent,
        now: DateTime<Utc>,
        ids: &dyn Ids,
    ) {
        use WebhookEndpointEvent as E;
        if recorded.stream_kind != StreamKind::WebhookEndpoint.name() {
            self.revoked.extend(Revoked::of(recorded));
            return;
        }
        let endpoint_id = recorded.stream_id;
        let event = decode_or_tell(recorded);
        let (position, sequence) = (recorded.global_position, recorded.sequence);
        if !endpoints.apply(endpoint_id, position, sequence, recorded.recorded_at, event.clone()) {
            return;
        }
        let Some(event) = event else { return };
        if matches!(event, WebhookEndpointEvent::WebhookEndpointFailing { .. }) {
            // For the owner. The lane has said so itself, and has nothing to look at.
            return;
        }
        self.changed.insert(endpoint_id);
        match event {
            // Another URL, a decision of the owner: what was before says nothing about it.
            E::WebhookEndpointEnabled {} | E::WebhookEndpointRevised { .. } => {
                self.forgiven.insert(endpoint_id);
            }
            E::WebhookEndpointDeleted {} => {
                self.deleted.insert(endpoint_id);
            }
            E::WebhookPingRequested { ping_id } => {
                let ping = ping(recorded, ping_id);
                let (mut ping, style) = (WantedEvent::new(&ping), PayloadStyle::Full);
                self.queue.push(&mut ping, endpoint_id, style, Origin::Ping, ids.next(), now);
            }
            E::WebhookReplayRequested { replay_id, from_position, upto_position } => {
                self.replays.push(NewReplay { replay_id, endpoint_id, from_position, upto_position });
            }
            E::WebhookDeliveryRetryRequested { delivery_id } => {
                let partner = endpoints.partner_of(endpoint_id);
                self.retries.push(Retry { delivery_id, endpoint_id, partner });
            }
            E::WebhookEndpointRegistered { .. }
            | E::WebhookSecretRotated { .. }
            | E::WebhookEndpointVerified { .. }
            | E::WebhookEndpointDisabled { .. }
            | E::WebhookEndpointFailing { .. } => {}
        }
    }

    /// True if any endpoint is another than before.
    pub(super) fn has_changed(&self) -> bool {
        !self.changed.is_empty()
    }

    /// The endpoints whose lanes have something to look at.
    pub(super) fn touched<'a>(&'a self, endpoints: &'a Endpoints) -> impl Iterator<Item = Uuid> + 'a {
        let revoked = self.revoked.iter().flat_map(|revoked| endpoints.of_partner(revoked.partner_id));
        self.changed.iter().copied().chain(self.queue.endpoint_ids()).chain(revoked)
    }

    /// Writes it all, and tells the lanes.
    pub(super) async fn write_in_tx(
        &self,
        tx: &mut PgConnection,
        endpoints: &Endpoints,
        now: DateTime<Utc>,
    ) -> Result<(), sqlx::Error> {
        // Most of the work, and the lanes' results go on being written meanwhile.
        let queued = self.queue.write_in_tx(&mut *tx, now).await?;
        self.lock_lanes_in_tx(&mut *tx, endpoints).await?;
        let changed: Vec<Uuid> = self.changed.iter().copied().collect();
        endpoints.write_in_tx(&mut *tx, &changed, now).await?;
        queued.tell_lanes_in_tx(&mut *tx, now).await?;
        self.write_retries_in_tx(&mut *tx, now).await?;
        self.write_revoked_in_tx(&mut *tx, endpoints, now).await?;
        self.write_replays_in_tx(&mut *tx, now).await?;
        self.forgive_in_tx(&mut *tx).await?;
        self.delete_in_tx(tx, now).await
    }

    /// All lanes that will be written to, at once and in the order of their ids, as everybody locks them who
    /// locks several: two who did so bit by bit would wait for each other.
    async fn lock_lanes_in_tx(
        &self,
        tx: &mut PgConnection,
        endpoints: &Endpoints,
    ) -> Result<(), sqlx::Error> {
        let touched: BTreeSet<Uuid> = self.touched(endpoints).collect();
        sqlx::query(
            "SELECT 1 FROM webhooks.lanes WHERE endpoint_id = ANY($1) ORDER BY endpoint_id FOR UPDATE",
        )
        .bind(touched.into_iter().collect::<Vec<_>>())
        .execute(tx)
        .await?;
        Ok(())
    }

    async fn write_retries_in_tx(
        &self,
        tx: &mut PgConnection,
        now: DateTime<Utc>,
    ) -> Result<(), sqlx::Error> {
        if self.retries.is_empty() {
            return Ok(());
        }
        let deliveries: Vec<Uuid> = self.retries.iter().map(|retry| retry.delivery_id).collect();
        let endpoints: Vec<Uuid> = self.retries.iter().map(|retry| retry.endpoint_id).collect();
        let partners: Vec<Option<Uuid>> = self.retries.iter().map(|retry| retry.partner).collect();
        // Before all else that is due: a breaker that is half open lets one through, and it is to be this one.
        // One that is over must not hold up what came after it; but where the order is strict, one that has
        // failed goes on doing so. What a partner was let hear of once, it may be
        // sent only while somebody concerned lets it still.
        sqlx::query(concat!(
            "UPDATE webhooks.deliveries d \
             SET state = 'pending', finished_at = NULL, \
                 due = LEAST($3, statement_timestamp(), (SELECT min(e.due) FROM webhooks.deliveries e \
                                  WHERE e.endpoint_id = d.endpoint_id AND e.state = 'pending' \
                                    AND NOT e.blocked) \
                                 - interval '1 microsecond'), \
                 stepped_aside = d.stepped_aside OR d.state <> 'pending', \
                 by_hand = d.by_hand OR d.state IN ('delivered', 'cancelled') \
             FROM unnest($1::uuid[], $2::uuid[], $4::uuid[]) AS w(delivery_id, endpoint_id, partner_id) \
             WHERE d.delivery_id = w.delivery_id AND d.endpoint_id = w.endpoint_id \
               AND (w.partner_id IS NULL OR (d.supplier_id IS NULL AND d.restaurant_id IS NULL) OR ",
            granted!("w.partner_id"),
            ")"
        ))
        .bind(deliveries)
        .bind(&endpoints)
        .bind(now)
        .bind(partners)
        .execute(&mut *tx)
        .await?;
        // Half open: one is tried, whatever the breaker was waiting for.
        sqlx::query(
            "UPDATE webhooks.lanes SET breaker_until = NULL, health_revision = health_revision + 1 \
             WHERE endpoint_id = ANY($1)",
        )
        .bind(endpoints)
        .execute(tx)
        .await?;
        Ok(())
    }

    async fn write_revoked_in_tx(
        &self,
        tx: &mut PgConnection,
        endpoints: &Endpoints,
        now: DateTime<Utc>,
    ) -> Result<(), sqlx::Error> {
        for revoked in &self.revoked {
            revoked.write_in_tx(&mut *tx, &endpoints.of_partner(revoked.partner_id), now).await?;
        }
        Ok(())
    }

    async fn write_replays_in_tx(
        &self,
        tx: &mut PgConnection,
        now: DateTime<Utc>,
    ) -> Result<(), sqlx::Error> {
        for replay in &self.replays {
            sqlx::query(
                "INSERT INTO webhooks.replays \
                     (replay_id, endpoint_id, next_position, upto_position, created_at) \
                 VALUES ($1, $2, GREATEST($3, 1), $4, $5) ON CONFLICT (replay_id) DO NOTHING",
            )
            .bind(replay.replay_id)
            .bind(replay.endpoint_id)
            .bind(replay.from_position)
            .bind(replay.upto_position)
            .bind(now)
            .execute(&mut *tx)
            .await?;
        }
        Ok(())
    }

    async fn forgive_in_tx(&self, tx: &mut PgConnection) -> Result<(), sqlx::Error> {
        if self.forgiven.is_empty() {
            return Ok(());
        }
        sqlx::query(
            "UPDATE webhooks.lanes \
             SET breaker_failures = 0, breaker_opened = 0, breaker_until = NULL, failing_since = NULL, \
                 failures = 0, warnings = 0, health_revision = health_revision + 1 \
             WHERE endpoint_id = ANY($1)",
        )
        .bind(self.forgiven.iter().copied().collect::<Vec<_>>())
        .execute(tx)
        .await?;
        Ok(())
    }

    async fn delete_in_tx(&self, tx: &mut PgConnection, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
        if self.deleted.is_empty() {
            return Ok(());
        }
        let deleted: Vec<Uuid> = self.deleted.iter().copied().collect();
        let statements = [
            "UPDATE webhooks.deliveries SET state = 'cancelled', finished_at = $2 \
             WHERE endpoint_id = ANY($1) AND state = 'pending'",
            "UPDATE webhooks.replays SET finished_at = $2 WHERE endpoint_id = ANY($1) AND finished_at IS NULL",
            "UPDATE webhooks.lanes SET due = NULL WHERE endpoint_id = ANY($1) AND $2 IS NOT NULL",
            // Nothing is signed for it any more, so nothing that could sign is kept.
            "DELETE FROM webhooks.secrets WHERE endpoint_id = ANY($1) AND $2 IS NOT NULL",
        ];
        for statement in statements {
            sqlx::query(statement).bind(&deleted).bind(now).execute(&mut *tx).await?;
        }
        Ok(())
    }
}
