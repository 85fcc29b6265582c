//! Replays: events of the past, queued again stretch by stretch.
//!
//! A replay is a row. Each stretch queues its deliveries and moves the row in one transaction, so whatever
//! dies, the next one goes on where it was; and no more than a certain number waits at a time, so that a year
//! of history does not stand before what happens now.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use events::{
    Folded,
    public::{PublicEvent, read_public},
    webhook_endpoint::{EndpointStatus, WebhookEndpoint},
};
use platform::clock::{Clock, Ids};
use sqlx::{PgConnection, PgPool, Row, postgres::PgRow, types::Json};
use uuid::Uuid;

use super::{
    WebhookSettings,
    audience::{Grants, may_hear},
    bell::Bell,
    fanout::{Origin, Queue, WantedEvent},
    metrics,
};

/// Replays that are looked at for one that can go on.
const CANDIDATES_MAX: i64 = 100;

/// What replays need.
pub(super) struct Replays {
    pub(super) pool: PgPool,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) ids: Arc<dyn Ids>,
    pub(super) settings: WebhookSettings,
    pub(super) bell: Arc<Bell>,
}

/// A replay that may go on, its row locked.
struct Stretch {
    replay_id: Uuid,
    endpoint_id: Uuid,
    next_position: i64,
    upto_position: i64,
    endpoint: WebhookEndpoint,
}

impl Replays {
    /// Replays until dropped.
    pub(super) async fn run(self) {
        loop {
            match self.stretch().await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => tracing::warn!(%error, "replays wait"),
            }
            tokio::select! {
                () = self.bell.replays_rung() => {}
                () = tokio::time::sleep(self.settings.poll) => {}
            }
        }
    }

    /// Queues the next stretch of one replay; false where none can go on at present.
    async fn stretch(&self) -> Result<bool, sqlx::Error> {
        let mut tx = platform::db::begin(&self.pool).await?;
        limit_idleness_in_tx(&mut tx).await?;
        let Some(next) = self.next_in_tx(&mut tx).await? else { return Ok(false) };
        let now = self.clock.now();
        let (mut position, mut queued) = (next.upto_position, 0);
        if next.endpoint.status != EndpointStatus::Deleted {
            let after = next.next_position - 1;
            let batch = read_public(&mut tx, after, self.settings.replay_positions_max).await?;
            for (position, error) in &batch.unreadable {
                tracing::error!(position, %error, replay_id = %next.replay_id, "event left out of a replay");
            }
            position = batch.upto.min(next.upto_position);
            queued = self.queue_in_tx(&mut tx, &next, &batch.events, now).await?;
        }
        let is_over = position >= next.upto_position;
        sqlx::query(
            "UPDATE webhooks.replays \
             SET next_position = $2, queued = queued + $3, finished_at = $4 WHERE replay_id = $1",
        )
        .bind(next.replay_id)
        .bind(position + 1)
        .bind(queued)
        .bind(is_over.then_some(now))
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        if queued > 0 {
            self.bell.ring([next.endpoint_id]);
        }
        Ok(true)
    }

    /// The oldest replay whose endpoint does not have enough to do as it is.
    async fn next_in_tx(&self, tx: &mut PgConnection) -> Result<Option<Stretch>, sqlx::Error> {
        let waiting = sqlx::query(
            "SELECT r.replay_id, r.endpoint_id, l.state \
             FROM webhooks.replays r JOIN webhooks.lanes l ON l.endpoint_id = r.endpoint_id \
             WHERE r.finished_at IS NULL \
               AND (SELECT count(*) FROM ( \
                        SELECT 1 FROM webhooks.deliveries d WHERE d.endpoint_id = r.endpoint_id \
                          AND d.state = 'pending' AND d.origin = 'replay' LIMIT $1) AS waiting) < $1 \
             ORDER BY r.created_at LIMIT $2",
        )
        .bind(self.settings.replay_pending_max)
        .bind(CANDIDATES_MAX)
        .fetch_all(&mut *tx)
        .await?;
        // One whose endpoint cannot be read must not keep the younger ones waiting.
        let Some(next) = waiting.iter().find(|row| is_readable(row)) else { return Ok(None) };
        Self::take_in_tx(tx, next.try_get("replay_id")?, next.try_get("endpoint_id")?).await
    }

    /// Locks the lane and then the replay, as the fan-out does; and before the grants are read, so that one
    /// that is taken back is either known, or takes with it what is about to be queued. `None` where another
    /// process has finished it meanwhile.
    async fn take_in_tx(
        tx: &mut PgConnection,
        replay_id: Uuid,
        endpoint_id: Uuid,
    ) -> Result<Option<Stretch>, sqlx::Error> {
        let state = "SELECT state FROM webhooks.lanes WHERE endpoint_id = $1 FOR UPDATE";
        let Json(Folded { state: endpoint, .. }): Json<Folded<WebhookEndpoint>> =
            sqlx::query_scalar(state).bind(endpoint_id).fetch_one(&mut *tx).await?;
        let row = sqlx::query(
            "SELECT next_position, upto_position FROM webhooks.replays \
             WHERE replay_id = $1 AND finished_at IS NULL FOR UPDATE",
        )
        .bind(replay_id)
        .fetch_optional(tx)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let (next_position, upto_position) = (row.try_get("next_position")?, row.try_get("upto_position")?);
        Ok(Some(Stretch { replay_id, endpoint_id, next_position, upto_position, endpoint }))
    }

    /// A replay brings what the endpoint may hear, and wants, today: also from before it was registered.
    async fn queue_in_tx(
        &self,
        tx: &mut PgConnection,
        next: &Stretch,
        events: &[PublicEvent],
        now: DateTime<Utc>,
    ) -> Result<i64, sqlx::Error> {
        let grants = Grants::load_in_tx(tx, events).await?;
        let (endpoint, origin) = (&next.endpoint, Origin::Replay(next.replay_id));
        let mut queue = Queue::default();
        for public in events.iter().take_while(|public| public.position <= next.upto_position) {
            let mut event = WantedEvent::new(public);
            if may_hear(&endpoint.owner, public, &grants) && event.is_wanted_by(&endpoint.details) {
                let style = endpoint.details.payload_style;
                queue.push(&mut event, next.endpoint_id, style, origin, self.ids.next(), now);
            }
        }
        queue.write_in_tx(&mut *tx, now).await?.tell_lanes_in_tx(tx, now).await?;
        Ok(i64::try_from(queue.len()).unwrap_or(i64::MAX))
    }
}

fn is_readable(row: &PgRow) -> bool {
    let state = row.try_get::<Json<Folded<WebhookEndpoint>>, _>("state");
    if let Err(error) = &state {
        let replay_id = row.try_get::<Uuid, _>("replay_id").ok();
        metrics::unreadable();
        tracing::error!(?replay_id, %error, "a lane cannot be read, its replay waits");
    }
    state.is_ok()
}

/// Lanes stay locked until the end of a stretch, and with them the fan-out and every writer. A process that is
/// paused meanwhile would stop webhooks everywhere; Postgres ends its session after ten idle seconds instead.
/// The setting lasts for the transaction, so it is safe behind a pooler.
async fn limit_idleness_in_tx(tx: &mut PgConnection) -> Result<(), sqlx::Error> {
    let limit = sqlx::query("SELECT set_config('idle_in_transaction_session_timeout', '10s', true)");
    limit.execute(tx).await.map(drop)
}
