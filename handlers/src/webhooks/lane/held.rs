//! A lane as its row has it, and the fence that it is held under.

use chrono::{DateTime, Utc};
use events::{Folded, webhook_endpoint::WebhookEndpoint};
use sqlx::{Row, postgres::PgRow, types::Json};
use uuid::Uuid;

use crate::webhooks::health::Health;

/// The columns of [`HeldLane`].
pub(in crate::webhooks) const HELD_COLUMNS: &str = "l.endpoint_id, l.fence, l.revision, l.health_revision, l.queued, \
     l.state, l.breaker_failures, l.breaker_opened, l.breaker_until, l.failing_since, l.failures, l.warnings, \
     l.last_success_at, l.handshake_due, l.handshake_attempts, l.marked_revision";

/// What its holder knows of a lane.
#[derive(Debug)]
pub(in crate::webhooks) struct HeldLane {
    pub(in crate::webhooks) endpoint_id: Uuid,
    pub(in crate::webhooks) fence: i64,
    pub(in crate::webhooks) revision: i64,
    pub(in crate::webhooks) health_revision: i64,
    pub(in crate::webhooks) queued: i64,
    pub(in crate::webhooks) endpoint: WebhookEndpoint,
    pub(in crate::webhooks) health: Health,
    pub(in crate::webhooks) handshake_due: Option<DateTime<Utc>>,
    pub(in crate::webhooks) handshake_attempts: i32,
    /// The revision as of which the marks on its deliveries are justified.
    pub(in crate::webhooks) marked_revision: Option<i64>,
}

impl HeldLane {
    pub(in crate::webhooks) fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        let Json(Folded { state: endpoint, .. }) =
            row.try_get::<Json<Folded<WebhookEndpoint>>, _>("state")?;
        Ok(Self {
            endpoint_id: row.try_get("endpoint_id")?,
            fence: row.try_get("fence")?,
            revision: row.try_get("revision")?,
            health_revision: row.try_get("health_revision")?,
            queued: row.try_get("queued")?,
            endpoint,
            health: Health {
                breaker_failures: row.try_get("breaker_failures")?,
                breaker_opened: row.try_get("breaker_opened")?,
                breaker_until: row.try_get("breaker_until")?,
                failing_since: row.try_get("failing_since")?,
                failures: row.try_get("failures")?,
                warnings: row.try_get("warnings")?,
                last_success_at: row.try_get("last_success_at")?,
            },
            handshake_due: row.try_get("handshake_due")?,
            handshake_attempts: row.try_get("handshake_attempts")?,
            marked_revision: row.try_get("marked_revision")?,
        })
    }
}
