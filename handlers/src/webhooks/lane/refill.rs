//! What a lane fetches, and how it is let go.

use std::time::Duration;

use chrono::{DateTime, Utc};
use events::webhook_endpoint::EndpointStatus;
use sqlx::{PgConnection, Row};
use tokio::time::Instant;

use super::{
    HELD_COLUMNS, HeldLane, Lane,
    heads::{Heads, mark, unmark_next},
};
use crate::webhooks::{health::Breaker, pace::Limits, secrets::Secrets};

impl Lane {
    pub(super) fn wants_refill(&self) -> bool {
        let is_low = self.queue.len() <= self.reach / 4;
        let rests = self.rests_until.is_some_and(|until| Instant::now() < until);
        is_low && !rests && (self.is_stale || self.has_more) && self.parting_allows()
    }

    /// Something may have changed about the endpoint, and what is queued for it will last: a slow one is not to be
    /// sent all of that after it was disabled, or at the URL that it had before.
    pub(super) fn wants_look(&self) -> bool {
        let rests = self.rests_until.is_some_and(|until| Instant::now() < until);
        self.is_stale && !rests && self.looked_at.elapsed() >= self.running.settings.poll
    }

    /// Looks again at the lane, and fetches what may go. False if it is in other hands.
    pub(super) async fn refill(&mut self) -> Result<bool, sqlx::Error> {
        let running = self.running.clone();
        let mut connection = running.pool.acquire().await?;
        loop {
            (self.is_stale, self.has_more, self.complete_at) = (false, false, None);
            self.looked_at = Instant::now();
            if !self.look_again(&mut connection).await? {
                return Ok(false);
            }
            let now = running.clock.now();
            self.clear_marks(&mut connection).await?;
            let limit = match self.held.health.breaker(&running.settings, now) {
                // What is fetched now would wait, and a lane with something in its queue does not look again: it
                // would not hear that it has been disabled.
                _ if self.parting.is_some() => return Ok(true),
                Breaker::Open(_) => return Ok(true),
                Breaker::HalfOpen => 1_usize.saturating_sub(self.taken.len()),
                Breaker::Closed => self.reach,
            };
            if limit == 0 || !self.sends_anything() || self.fetch(&mut connection, now, limit).await? {
                return Ok(true);
            }
        }
    }

    /// Looks again at the lane alone. False if it is in other hands.
    pub(super) async fn look(&mut self) -> Result<bool, sqlx::Error> {
        let mut connection = self.running.pool.acquire().await?;
        self.looked_at = Instant::now();
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
        self.marks_unsure = true;
        self.secrets = Secrets::load(connection, &self.running.seal, self.held.endpoint_id).await?;
        self.pace.set(Limits::of(&self.held.endpoint));
        self.parting = None;
        self.forget_queue();
        Ok(true)
    }

    /// What was fetched and not begun may no longer be wanted: it is fetched again if it is.
    pub(super) fn forget_queue(&mut self) {
        self.has_more = false;
        if !self.queue.is_empty() {
            self.complete_at = None;
        }
        for delivery in self.queue.drain(..) {
            self.taken.remove(&delivery.delivery_id);
        }
    }

    fn sends_anything(&self) -> bool {
        matches!(self.held.endpoint.status, EndpointStatus::Active | EndpointStatus::Disabled)
    }

    fn heads(&self) -> Heads {
        if self.held.endpoint.status == EndpointStatus::Active {
            Heads::All(self.held.endpoint.details.delivery_order)
        } else {
            Heads::Pings
        }
    }

    /// False if the endpoint has changed since it was looked at: then nothing was fetched.
    async fn fetch(
        &mut self,
        connection: &mut PgConnection,
        now: DateTime<Utc>,
        limit: usize,
    ) -> Result<bool, sqlx::Error> {
        let taken = self.taken.keys().copied().collect();
        let found = self.heads().find(connection, self.held.endpoint_id, now, taken, limit).await?;
        // Security: what came with or after another URL, a new secret or a withdrawn grant is nothing for whoever was
        // there before.
        if found.revision.is_some_and(|revision| revision != self.held.revision) {
            return Ok(false);
        }
        self.has_more = found.has_more;
        if found.has_more {
            self.reach = (self.reach * 2).min(self.running.settings.refill_max);
        }
        self.complete_at = (!found.has_more).then_some(now);
        for (delivery, has_follower) in found.free {
            self.taken.insert(delivery.delivery_id, has_follower);
            self.queue.push_back(delivery);
        }
        if !found.waiting.is_empty() {
            mark(connection, &self.held, &found.waiting).await?;
            // Any of them may wait for any of those that are taken; and one of those may be committed already,
            // but that will be heard of only after this.
            self.taken.values_mut().for_each(|has_follower| *has_follower = true);
        }
        Ok(true)
    }

    /// Takes away the marks of what need not wait any more.
    async fn clear_marks(&mut self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        if self.heads() == Heads::Pings {
            // Nothing but pings is sent. Whoever holds the lane when that changes looks at all marks.
            self.marks_unsure |= !self.done.is_empty();
        } else if self.marks_unsure {
            self.heads().review_marks(connection, self.held.endpoint_id).await?;
            self.marks_unsure = false;
        } else if !self.done.is_empty() {
            unmark_next(connection, &self.done).await?;
        }
        self.done.clear();
        Ok(())
    }

    /// Lets the lane go, due when there is something to do next. False if somebody has queued something or
    /// changed the endpoint since this lane last looked, or it is in other hands: then nothing happened.
    ///
    /// `queued` and `revision` are part of the condition because the statement looks for what is due as of
    /// its beginning: what a fan-out commits while it waits for the row would be overlooked, and wait for ever.
    /// OFFSET 0 keeps Postgres from looking for it twice, once for each time that it is named.
    pub(super) async fn release(&mut self) -> Result<bool, sqlx::Error> {
        self.forget_queue();
        let mut connection = self.running.pool.acquire().await?;
        self.clear_marks(&mut connection).await?;
        let sql = format!(
            "UPDATE webhooks.lanes l \
             SET holder = NULL, lease_until = NULL, marked_revision = $8, \
                 due = (SELECT GREATEST(n.due, $9) FROM ( \
                     SELECT CASE WHEN $5 THEN l.handshake_due WHEN NOT $6 THEN NULL ELSE {} END AS due OFFSET 0) AS n \
                     WHERE n.due IS NOT NULL) \
             WHERE l.endpoint_id = $1 AND l.fence = $2 AND l.queued = $3 AND l.revision = $4",
            self.heads().next_due()
        );
        let done = sqlx::query(&sql)
            .bind(self.held.endpoint_id)
            .bind(self.held.fence)
            .bind(self.held.queued)
            .bind(self.held.revision)
            .bind(self.held.endpoint.status == EndpointStatus::Unverified)
            .bind(self.sends_anything())
            .bind(self.complete_at)
            .bind((!self.marks_unsure).then_some(self.held.revision))
            .bind(self.gives_way)
            .execute(&mut *connection)
            .await?;
        Ok(done.rows_affected() == 1)
    }

    fn parting_allows(&self) -> bool {
        // While it is being disabled, only whether it has been is of interest.
        self.parting.is_none() || self.looked_at.elapsed() >= Duration::from_millis(20)
    }
}
