//! `fanout.followers`: how far each follower of the log has come, and which process follows.
//!
//! One process at a time holds a follower, by a lease in the database's time. Whoever takes over raises the
//! fence, and every write of a holder names its fence: what a former holder still had in hand, however
//! long it was paused, then changes nothing.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool, Row};
use uuid::Uuid;

use crate::consumer::{Durability, Start};

/// A follower as one process claims it.
#[derive(Clone)]
pub(crate) struct Claim {
    pub(crate) pool: PgPool,
    pub(crate) name: &'static str,
    pub(crate) start: Start,
    pub(crate) holder: Uuid,
    pub(crate) lease: Duration,
}

/// A place in the log, held under a fence: what a write must still find in the row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hold {
    pub(crate) position: i64,
    pub(crate) fence: i64,
}

impl Claim {
    /// Takes the follower over if its lease has run out or was given back. `None` while another holds it.
    pub(crate) async fn take(&self) -> Result<Option<Hold>, sqlx::Error> {
        let row = sqlx::query(
            "INSERT INTO fanout.followers AS f (name, position, holder, fence, lease_until, updated_at) \
             SELECT $1, CASE WHEN $2 THEN h.position ELSE 0 END, $3, 1, clock_timestamp() + $4, clock_timestamp() \
             FROM public.log_head h WHERE h.id = 1 \
             ON CONFLICT (name) DO UPDATE \
             SET holder = EXCLUDED.holder, fence = f.fence + 1, lease_until = clock_timestamp() + $4, \
                 updated_at = clock_timestamp() \
             WHERE f.lease_until IS NULL OR f.lease_until < clock_timestamp() \
             RETURNING position, fence",
        )
        .bind(self.name)
        .bind(self.start == Start::Head)
        .bind(self.holder)
        .bind(self.lease)
        .fetch_optional(&self.pool)
        .await?;
        row.map(|row| Ok(Hold { position: row.try_get("position")?, fence: row.try_get("fence")? }))
            .transpose()
    }

    /// Holds on, and moves a consumer on over what held nothing for it. Says where the follower is; `None` once another
    /// has taken over.
    ///
    /// The row is moved only from where it was left: a crash of the database may have taken back effects and position
    /// of a batch that was not flushed, and to pass these over would lose them. Not flushed itself: what a crash takes
    /// back of it is a lease, and a stretch that is passed over once more.
    pub(crate) async fn pass(&self, hold: Hold, to: i64) -> Result<Option<i64>, sqlx::Error> {
        sqlx::query_scalar(
            "UPDATE fanout.followers \
             SET lease_until = clock_timestamp() + $3, position = CASE WHEN position = $4 THEN $5 ELSE position END, \
                 updated_at = clock_timestamp() \
             WHERE name = $1 AND fence = $2 \
             RETURNING position, set_config('synchronous_commit', 'off', true)",
        )
        .bind(self.name)
        .bind(hold.fence)
        .bind(self.lease)
        .bind(hold.position)
        .bind(to)
        .fetch_optional(&self.pool)
        .await
    }

    /// Holds on, and says where the follower is; `None` once another has taken over. The relay also leaves
    /// its position here.
    pub(crate) async fn renew(&self, fence: i64, position: Option<i64>) -> Result<Option<i64>, sqlx::Error> {
        sqlx::query_scalar(
            "UPDATE fanout.followers \
             SET lease_until = clock_timestamp() + $3, position = COALESCE($4, position), \
                 updated_at = clock_timestamp() \
             WHERE name = $1 AND fence = $2 \
             RETURNING position",
        )
        .bind(self.name)
        .bind(fence)
        .bind(self.lease)
        .bind(position)
        .fetch_optional(&self.pool)
        .await
    }

    /// Gives the follower back, so that another process need not wait for the lease to run out.
    pub(crate) async fn release(&self, fence: i64, position: Option<i64>) -> Result<(), sqlx::Error> {
        sqlx::query(
            "UPDATE fanout.followers \
             SET holder = NULL, lease_until = NULL, position = COALESCE($3, position), \
                 updated_at = clock_timestamp() \
             WHERE name = $1 AND fence = $2",
        )
        .bind(self.name)
        .bind(fence)
        .bind(position)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Moves a consumer on, first thing in the transaction of its effects. False if it is elsewhere or in
    /// other hands: then nothing may happen.
    ///
    /// This row is the consumer's inbox: the compare-and-set on position and fence lets each position be
    /// passed once, by one transaction, and the effects are in that transaction or nowhere.
    ///
    /// The row stays locked until the end, so who takes over waits for the batch. A process that is paused
    /// meanwhile would make it wait for as long; Postgres ends its session after ten idle seconds instead.
    /// The settings last for the transaction, so they are safe behind a pooler.
    pub(crate) async fn move_in_tx(
        &self,
        tx: &mut PgConnection,
        hold: Hold,
        to: i64,
        durability: Durability,
    ) -> Result<bool, sqlx::Error> {
        let moved = sqlx::query(
            "UPDATE fanout.followers \
             SET position = $4, lease_until = clock_timestamp() + $5, updated_at = clock_timestamp() \
             WHERE name = $1 AND position = $2 AND fence = $3 \
             RETURNING set_config('idle_in_transaction_session_timeout', '10s', true), \
                 CASE WHEN $6 THEN set_config('synchronous_commit', 'off', true) END",
        )
        .bind(self.name)
        .bind(hold.position)
        .bind(hold.fence)
        .bind(to)
        .bind(self.lease)
        .bind(durability == Durability::Derived)
        .fetch_all(tx)
        .await?;
        Ok(moved.len() == 1)
    }
}

/// What lies between a follower and the end of the log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Distance {
    /// Where the log ends.
    pub(crate) head: i64,
    /// When the oldest event was recorded that was not followed yet.
    pub(crate) waiting_since: Option<DateTime<Utc>>,
}

impl Distance {
    pub(crate) async fn from(pool: &PgPool, position: i64) -> Result<Self, sqlx::Error> {
        // Positions are dense, so the oldest event not yet followed is the next one.
        let row = sqlx::query(
            "SELECT h.position AS head, e.recorded_at AS waiting_since \
             FROM public.log_head h LEFT JOIN public.events e ON e.global_position = $1 + 1 \
             WHERE h.id = 1",
        )
        .bind(position)
        .fetch_one(pool)
        .await?;
        Ok(Self { head: row.try_get("head")?, waiting_since: row.try_get("waiting_since")? })
    }

    /// Seconds that the oldest has waited; 0 where none waits.
    pub(crate) fn seconds(&self, now: DateTime<Utc>) -> f64 {
        self.waiting_since.map_or(0.0, |since| (now - since).as_seconds_f64().max(0.0))
    }
}
