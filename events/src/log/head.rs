//! The head row: where the log ends, and who may move it.

use sqlx::{PgConnection, Row};

/// Where the log ends, and in which epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// The last position; 0 while the log is empty.
    pub position: i64,
    /// Raised by [`fence`].
    pub epoch: i64,
}

/// Reads the head without locking it.
pub async fn read_head(connection: &mut PgConnection) -> Result<Head, sqlx::Error> {
    fetch(connection, "SELECT position, epoch FROM public.log_head WHERE id = 1").await
}

/// Locks the head until the transaction ends: no other append can happen in between.
///
/// A process that is paused with the lock in its hands (stopped, swapped out, its machine frozen) would
/// stop all others for as long; Postgres ends its session after five idle seconds instead. When it
/// wakes, its connection is gone, its append did not happen, and it begins anew.
pub async fn lock_head(transaction: &mut PgConnection) -> Result<Head, sqlx::Error> {
    // For this transaction only, so it is safe behind a pooler.
    let lock = "SELECT position, epoch, set_config('idle_in_transaction_session_timeout', '5s', true) \
                FROM public.log_head WHERE id = 1 FOR UPDATE";
    fetch(transaction, lock).await
}

/// Settles every append that is under way: what has the lock is waited for, and what comes later in
/// the old epoch finds its head moved and does nothing. After this, an event either is in the log
/// or never will be.
pub async fn fence(connection: &mut PgConnection) -> Result<Head, sqlx::Error> {
    fetch(connection, "UPDATE public.log_head SET epoch = epoch + 1 WHERE id = 1 RETURNING position, epoch")
        .await
}

async fn fetch(connection: &mut PgConnection, sql: &'static str) -> Result<Head, sqlx::Error> {
    let row = sqlx::query(sql).fetch_one(connection).await?;
    Ok(Head { position: row.try_get("position")?, epoch: row.try_get("epoch")? })
}
