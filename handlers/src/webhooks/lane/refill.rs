//! What a lane fetches, and how it is let go.

use std::time::Duration;

use chrono::{DateTime, Utc};
use events::webhook_endpoint::{DeliveryOrder, EndpointStatus};
use sqlx::{PgConnection, Row, postgres::PgRow};
use tokio::time::Instant;

use super::{HELD_COLUMNS, HeldLane, Lane};
use crate::webhooks::{health::Breaker, pace::Limits, request::DueDelivery, secrets::Secrets};

/// Which deliveries of a lane may go: `$1` the endpoint, `$2` pings alone, `$3` nothing waits for its
/// aggregate, `$4` the order is strict.
///
/// One waits for the earlier ones of its aggregate that came for the same reason: a replay does not hold up
/// what happens now, and neither does one that had been delivered and was asked for again. A ping waits for nothing, and holds up nothing.
macro_rules! may_go {
    () => {
        "d.endpoint_id = $1 AND d.state = 'pending' AND (d.origin = 'ping' OR NOT $2) \
         AND (d.origin = 'ping' OR $3 OR NOT EXISTS ( \
             SELECT 1 FROM webhooks.deliveries e \
             WHERE e.endpoint_id = d.endpoint_id AND e.aggregate_id = d.aggregate_id \
               AND e.position < d.position AND e.state IN ('pending', 'failed') AND NOT e.by_hand \
               AND ($4 OR (e.state = 'pending' AND NOT e.stepped_aside)) \
               AND e.origin = d.origin AND e.replay_id IS NOT DISTINCT FROM d.replay_id))"
    };
}

impl Lane {
    pub(super) fn wants_refill(&self) -> bool {
        let is_low = self.queue.len() <= self.running.settings.refill_max / 4;
        let rests = self.rests_until.is_some_and(|until| Instant::now() < until);
        is_low && !rests && (self.is_stale || self.has_more) && self.parting_allows()
    }

    /// Looks again at the lane, and fetches what may go. False if it is in other hands.
    pub(super) async fn refill(&mut self) -> Result<bool, sqlx::Error> {
        let running = self.running.clone();
        let mut connection = running.pool.acquire().await?;
        (self.is_stale, self.has_more) = (false, false);
        self.looked_at = Instant::now();
        if !self.look_again(&mut connection).await? {
            return Ok(false);
        }
        let now = running.clock.now();
        let limit = match self.held.health.breaker(&running.settings, now) {
            Breaker::Open(_) => return Ok(true),
            Breaker::HalfOpen => 1_usize.saturating_sub(self.taken.len()),
            Breaker::Closed => running.settings.refill_max,
        };
        if limit > 0 && self.sends_anything() {
            let due = self.fetch(&mut connection, now, limit).await?;
            self.has_more = due.len() == limit;
            for (delivery, has_follower) in due {
                self.taken.insert(delivery.delivery_id, has_follower);
                self.queue.push_back(delivery);
            }
        }
        Ok(true)
    }

    /// Looks again at the lane alone. False if it is in other hands.
    pub(super) async fn look(&mut self) -> Result<bool, sqlx::Error> {
        let mut connection = self.running.pool.acquire().await?;
        self.look_again(&mut connection).await
    }

    /// Takes over what the fan-out has changed about the endpoint.
    async fn look_again(&mut self, connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
        let row =
            sqlx::query("SELECT revision, queued FROM webhooks.lanes WHERE endpoint_id = $1 AND fence = $2")
                .bind(self.held.endpoint_id)
                .bind(self.held.fence)
                .fetch_optional(&mut *connection)
                .await?;
        let Some(row) = row else { return Ok(false) };
        let queued: i64 = row.try_get("queued")?;
        if queued != self.held.queued {
            // What came may wait for any of those that are taken.
            self.taken.values_mut().for_each(|has_follower| *has_follower = true);
            self.held.queued = queued;
        }
        if row.try_get::<i64, _>("revision")? == self.held.revision {
            return Ok(true);
        }
        let sql =
            format!("SELECT {HELD_COLUMNS} FROM webhooks.lanes l WHERE endpoint_id = $1 AND fence = $2");
        let row = sqlx::query(&sql)
            .bind(self.held.endpoint_id)
            .bind(self.held.fence)
            .fetch_optional(&mut *connection)
            .await?;
        let Some(row) = row else { return Ok(false) };
        let mut held = HeldLane::from_row(&row)?;
        if held.health_revision == self.held.health_revision {
            // What this lane has felt since may still be on its way to the row.
            held.health = std::mem::take(&mut self.held.health);
        }
        self.held = held;
        self.secrets = Secrets::load(connection, &self.running.seal, self.held.endpoint_id).await?;
        self.pace.set(Limits::of(&self.held.endpoint));
        self.parting = None;
        self.forget_queue();
        Ok(true)
    }

    /// What was fetched and not begun may no longer be wanted: it is fetched again if it is.
    pub(super) fn forget_queue(&mut self) {
        self.has_more = false;
        for delivery in self.queue.drain(..) {
            self.taken.remove(&delivery.delivery_id);
        }
    }

    fn sends_anything(&self) -> bool {
        matches!(self.held.endpoint.status, EndpointStatus::Active | EndpointStatus::Disabled)
    }

    fn sends_pings_alone(&self) -> bool {
        self.held.endpoint.status != EndpointStatus::Active
    }

    async fn fetch(
        &self,
        connection: &mut PgConnection,
        now: DateTime<Utc>,
        limit: usize,
    ) -> Result<Vec<(DueDelivery, bool)>, sqlx::Error> {
        let order = self.held.endpoint.details.delivery_order;
        let rows = sqlx::query(concat!(
            "SELECT d.delivery_id, d.event_id, d.position, d.attempts, m.body, \
                    NOT $3 AND EXISTS ( \
                        SELECT 1 FROM webhooks.deliveries f \
                        WHERE f.endpoint_id = d.endpoint_id AND f.aggregate_id = d.aggregate_id \
                          AND f.position > d.position AND f.state = 'pending') AS has_follower \
             FROM webhooks.deliveries d \
             JOIN webhooks.messages m ON m.event_id = d.event_id AND m.payload_style = d.payload_style \
             WHERE ",
            may_go!(),
            " AND d.due <= $5 AND d.delivery_id <> ALL($6) ORDER BY d.due, d.position LIMIT $7"
        ))
        .bind(self.held.endpoint_id)
        .bind(self.sends_pings_alone())
        .bind(order == DeliveryOrder::BestEffort)
        .bind(order == DeliveryOrder::Strict)
        .bind(now)
        .bind(self.taken.keys().copied().collect::<Vec<_>>())
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(connection)
        .await?;
        rows.iter().map(|row| Ok((due_delivery(row)?, row.try_get("has_follower")?))).collect()
    }

    /// Lets the lane go, due when there is something to do next. False if somebody has queued something or
    /// changed the endpoint since this lane last looked, or it is in other hands: then nothing happened.
    ///
    /// `queued` and `revision` are part of the condition because the statement looks for what is due as of
    /// its beginning: what a fan-out commits while it waits for the row would be overlooked, and wait for ever.
    pub(super) async fn release(&mut self) -> Result<bool, sqlx::Error> {
        self.forget_queue();
        let order = self.held.endpoint.details.delivery_order;
        let done = sqlx::query(concat!(
            "UPDATE webhooks.lanes l \
             SET holder = NULL, lease_until = NULL, \
                 due = CASE WHEN $8 THEN l.handshake_due WHEN NOT $9 THEN NULL \
                       ELSE (SELECT GREATEST(d.due, l.breaker_until) FROM webhooks.deliveries d WHERE ",
            may_go!(),
            " ORDER BY d.due LIMIT 1) END \
             WHERE l.endpoint_id = $1 AND l.fence = $5 AND l.queued = $6 AND l.revision = $7"
        ))
        .bind(self.held.endpoint_id)
        .bind(self.sends_pings_alone())
        .bind(order == DeliveryOrder::BestEffort)
        .bind(order == DeliveryOrder::Strict)
        .bind(self.held.fence)
        .bind(self.held.queued)
        .bind(self.held.revision)
        .bind(self.held.endpoint.status == EndpointStatus::Unverified)
        .bind(self.sends_anything())
        .execute(&self.running.pool)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    fn parting_allows(&self) -> bool {
        // While it is being disabled, only whether it has been is of interest.
        self.parting.is_none() || self.looked_at.elapsed() >= Duration::from_millis(20)
    }
}

fn due_delivery(row: &PgRow) -> Result<DueDelivery, sqlx::Error> {
    Ok(DueDelivery {
        delivery_id: row.try_get("delivery_id")?,
        event_id: row.try_get("event_id")?,
        position: row.try_get("position")?,
        attempts: row.try_get("attempts")?,
        body: row.try_get("body")?,
    })
}
