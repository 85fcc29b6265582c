//! What was folded again, beside what is live: comparing, and putting right.

use chrono::NaiveDate;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::CONSUMER;

/// Rows that are named of those that differ.
const NAMED_MAX: i64 = 10;

/// How the live rows differ from the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Differences {
    /// The position that both are of.
    pub position: i64,
    /// Months that the log comes to.
    pub months: i64,
    /// Months that differ, are missing, or should not be there.
    pub rows: i64,
    /// Some of them, by product, restaurant and month.
    pub named: Vec<(Uuid, Uuid, NaiveDate)>,
}

/// Where the consumer is, and stays until the end of the transaction: its batches begin by moving this row.
pub(super) async fn lock_consumer_in_tx(tx: &mut PgConnection) -> Result<Option<i64>, sqlx::Error> {
    // Whoever is paused with it in hand would stop the consumer for as long; Postgres ends that session instead.
    sqlx::query_scalar(
        "SELECT position FROM fanout.followers \
         WHERE name = $1 AND set_config('idle_in_transaction_session_timeout', '10s', true) IS NOT NULL \
         FOR UPDATE",
    )
    .bind(CONSUMER)
    .fetch_optional(tx)
    .await
}

/// Both sides, in one statement.
pub(super) async fn compare(
    connection: &mut PgConnection,
    position: i64,
) -> Result<Differences, sqlx::Error> {
    let rows = sqlx::query(
        "WITH differing AS ( \
             SELECT product_id, restaurant_id, month \
             FROM demand.months m FULL JOIN demand.months_anew a USING (product_id, restaurant_id, month) \
             WHERE (m.supplier_id, m.wanted, m.received, m.censored) \
                   IS DISTINCT FROM (a.supplier_id, a.wanted, a.received, a.censored)) \
         SELECT (SELECT count(*) FROM demand.months_anew) AS months, \
                (SELECT count(*) FROM differing) AS differing, d.product_id, d.restaurant_id, d.month \
         FROM (VALUES (1)) AS one(row) \
         LEFT JOIN (SELECT * FROM differing ORDER BY product_id, restaurant_id, month LIMIT $1) d ON true",
    )
    .bind(NAMED_MAX)
    .fetch_all(connection)
    .await?;
    let first = rows.first().ok_or(sqlx::Error::RowNotFound)?;
    let (months, differing): (i64, i64) = (first.try_get("months")?, first.try_get("differing")?);
    let mut named = Vec::new();
    for row in rows.iter().filter(|_| differing > 0) {
        named.push((row.try_get("product_id")?, row.try_get("restaurant_id")?, row.try_get("month")?));
    }
    Ok(Differences { position, months, rows: differing, named })
}

/// Makes the live rows what was folded; touches those alone that differ.
pub(super) async fn put_right_in_tx(tx: &mut PgConnection, found: &Differences) -> Result<(), sqlx::Error> {
    let deleted = sqlx::query(
        "DELETE FROM demand.months m WHERE NOT EXISTS ( \
             SELECT FROM demand.months_anew a \
             WHERE (a.product_id, a.restaurant_id, a.month) = (m.product_id, m.restaurant_id, m.month))",
    )
    .execute(&mut *tx)
    .await?;
    let written = sqlx::query(
        "INSERT INTO demand.months AS m \
             (product_id, restaurant_id, month, supplier_id, wanted, received, censored) \
         SELECT product_id, restaurant_id, month, supplier_id, wanted, received, censored \
         FROM demand.months_anew \
         ON CONFLICT (product_id, restaurant_id, month) DO UPDATE SET \
             supplier_id = EXCLUDED.supplier_id, wanted = EXCLUDED.wanted, received = EXCLUDED.received, \
             censored = EXCLUDED.censored \
         WHERE (m.supplier_id, m.wanted, m.received, m.censored) \
               IS DISTINCT FROM (EXCLUDED.supplier_id, EXCLUDED.wanted, EXCLUDED.received, EXCLUDED.censored)",
    )
    .execute(tx)
    .await?;
    let touched = i64::try_from(deleted.rows_affected() + written.rows_affected()).unwrap_or(i64::MAX);
    if touched == found.rows { Ok(()) } else { Err(sqlx::Error::RowNotFound) }
}
