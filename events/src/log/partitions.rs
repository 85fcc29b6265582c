//! Partitions of the log, by position.

use sqlx::PgConnection;

/// True where an append found no partition for its positions: nothing was recorded.
pub fn is_without_partition(error: &sqlx::Error) -> bool {
    // A check constraint has a name, and is broken for good.
    error
        .as_database_error()
        .is_some_and(|error| error.code().as_deref() == Some("23514") && error.constraint().is_none())
}

/// Makes partitions for so many positions behind the head, and for a whole partition at least; returns how many.
///
/// Idempotent. Appends and reads go on meanwhile. The nightly job calls it long before it is needed, and an append that
/// finds none calls it itself.
///
/// # Errors
/// Whatever the database says.
pub async fn make_partitions(connection: &mut PgConnection, ahead: usize) -> Result<i32, sqlx::Error> {
    sqlx::query_scalar("SELECT public.make_event_partitions($1)")
        .bind(i64::try_from(ahead).unwrap_or(i64::MAX))
        .fetch_one(connection)
        .await
}
