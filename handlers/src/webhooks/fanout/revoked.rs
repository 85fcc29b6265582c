//! Grants taken back: what a partner was to be sent for an organisation's sake is not sent any more.

use chrono::{DateTime, Utc};
use events::{
    RecordedEvent, StreamKind,
    fold::decode,
    restaurant::{Restaurant, RestaurantEvent},
    supplier::{Supplier, SupplierEvent},
};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::webhooks::metrics;

/// True of a delivery `d` that concerns an organisation which lets that partner's account hear of it today.
macro_rules! granted {
    ($partner:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM read.suppliers s WHERE s.supplier_id = d.supplier_id \
                AND s.state->'state'->'partners' @> to_jsonb(",
            $partner,
            "::text)) \
             OR EXISTS (SELECT 1 FROM read.restaurants r WHERE r.restaurant_id = d.restaurant_id \
                AND r.state->'state'->'partners' @> to_jsonb(",
            $partner,
            "::text))"
        )
    };
}
pub(super) use granted;

/// An organisation lets a partner hear of it no more.
#[derive(Debug)]
pub(super) struct Revoked {
    pub(super) partner_id: Uuid,
    organisation_id: Uuid,
    position: i64,
}

impl Revoked {
    /// `None` where the organisation's event says something else. One that cannot be read is logged and counted.
    pub(super) fn of(recorded: &RecordedEvent) -> Option<Self> {
        let partner_id = match StreamKind::named(&recorded.stream_kind) {
            Some(StreamKind::Supplier) => decode::<Supplier>(recorded).map(|event| match event {
                SupplierEvent::SupplierPartnerRevoked { account_id } => Some(account_id.0),
                _ => None,
            }),
            Some(StreamKind::Restaurant) => decode::<Restaurant>(recorded).map(|event| match event {
                RestaurantEvent::RestaurantPartnerRevoked { account_id } => Some(account_id.0),
                _ => None,
            }),
            _ => return None,
        };
        let partner_id = partner_id
            .inspect_err(|error| {
                metrics::unreadable();
                let position = recorded.global_position;
                tracing::error!(%error, position, "an organisation's event is passed over");
            })
            .ok()??;
        let (organisation_id, position) = (recorded.stream_id, recorded.global_position);
        Some(Self { partner_id, organisation_id, position })
    }

    /// Cancels what waits for these endpoints, all of them the partner's, unless the other organisation that
    /// an event concerns lets it hear of it still. Their lanes look again: they may have fetched it already.
    ///
    /// The lanes are locked by then: a replay that read the grants before has been waited for.
    pub(super) async fn write_in_tx(
        &self,
        tx: &mut PgConnection,
        endpoint_ids: &[Uuid],
        now: DateTime<Utc>,
    ) -> Result<(), sqlx::Error> {
        if endpoint_ids.is_empty() {
            return Ok(());
        }
        sqlx::query("UPDATE webhooks.lanes SET revision = revision + 1 WHERE endpoint_id = ANY($1)")
            .bind(endpoint_ids)
            .execute(&mut *tx)
            .await?;
        sqlx::query(concat!(
            "UPDATE webhooks.deliveries d SET state = 'cancelled', finished_at = $4 \
             WHERE d.endpoint_id = ANY($1) AND d.state = 'pending' AND d.position < $3 \
               AND (d.supplier_id = $2 OR d.restaurant_id = $2) AND NOT (",
            granted!("$5"),
            ")"
        ))
        .bind(endpoint_ids)
        .bind(self.organisation_id)
        .bind(self.position)
        .bind(now)
        .bind(self.partner_id.to_string())
        .execute(tx)
        .await?;
        Ok(())
    }
}
