//! `jobs.leader`: which of all processes says what is due.
//!
//! A lease by the database's clock and no lock of a session, so that it holds behind a pooler, too.

use std::time::Duration;

use sqlx::PgPool;
use uuid::Uuid;

/// The leadership as one process seeks it.
pub(super) struct Leadership {
    pub(super) pool: PgPool,
    pub(super) holder: Uuid,
    pub(super) lease: Duration,
}

impl Leadership {
    /// Takes it, or holds on to it. False while another process leads.
    pub(super) async fn take_or_keep(&self) -> Result<bool, sqlx::Error> {
        let taken = sqlx::query(
            "INSERT INTO jobs.leader AS l (holder, fence, lease_until) VALUES ($1, 1, clock_timestamp() + $2) \
             ON CONFLICT (is_the_only_row) DO UPDATE \
             SET holder = EXCLUDED.holder, lease_until = clock_timestamp() + $2, \
                 fence = l.fence + CASE WHEN l.holder = EXCLUDED.holder THEN 0 ELSE 1 END \
             WHERE l.holder = EXCLUDED.holder OR l.lease_until IS NULL OR l.lease_until < clock_timestamp()",
        )
        .bind(self.holder)
        .bind(self.lease)
        .execute(&self.pool)
        .await?;
        Ok(taken.rows_affected() == 1)
    }

    /// Gives it back, so that the next process need not wait for the lease to run out.
    pub(super) async fn release(&self) -> Result<(), sqlx::Error> {
        sqlx::query("UPDATE jobs.leader SET lease_until = NULL WHERE holder = $1")
            .bind(self.holder)
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}
