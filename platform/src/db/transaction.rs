//! Beginning a transaction that may be given up at any moment.

use sqlx::{PgPool, Postgres, Transaction};

/// Begins a transaction on a connection of the pool. May be dropped while it waits: the connection is not handed to
/// others with the transaction still open.
///
/// # Errors
/// No connection, or no transaction on it.
pub async fn begin(pool: &PgPool) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
    begin_with(pool, "BEGIN").await
}

/// The same by a statement that says more, such as `BEGIN READ ONLY`.
///
/// # Errors
/// As [`begin`].
pub async fn begin_with(
    pool: &PgPool,
    statement: &'static str,
) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
    // sqlx up to 0.9.0 knows of the transaction only once BEGIN is answered. Dropped before that (a client that
    // hangs up, a time limit, a shutdown), it gives back a connection whose next statement, of whomever, joins a
    // transaction that nobody commits: done for whoever asked, and gone later (transact-rs/sqlx#4393). In a task of
    // its own it is always waited for.
    let pool = pool.clone();
    #[expect(clippy::disallowed_methods, reason = "nothing drops this one")]
    let begun = tokio::spawn(async move { pool.begin_with(statement).await });
    // The runtime ends, or the task died: nothing can be done on this connection.
    begun.await.unwrap_or(Err(sqlx::Error::WorkerCrashed))
}
