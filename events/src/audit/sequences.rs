//! Within a stream, sequences follow one another as positions do.

use sqlx::{PgConnection, Row};
use uuid::Uuid;

/// The events from `first` to `last` that are not the next of their stream, by position; at most `limit`.
///
/// Postgres does the work, and sorts on disk what does not fit into its memory: here it costs a row per fault,
/// however many streams there are.
pub(super) async fn out_of_sequence(
    connection: &mut PgConnection,
    first: i64,
    last: i64,
    limit: i64,
) -> Result<Vec<(i64, Uuid)>, sqlx::Error> {
    // A stream's first event of the stretch follows on one before the stretch, which the primary key finds.
    let rows = sqlx::query(
        "SELECT s.global_position, s.event_id FROM ( \
             SELECT e.global_position, e.event_id, e.aggregate_type, e.aggregate_id, e.sequence, \
                    lag(e.sequence) OVER ( \
                        PARTITION BY e.aggregate_id COLLATE \"C\", e.aggregate_type COLLATE \"C\" \
                        ORDER BY e.global_position) AS before \
             FROM public.events e WHERE e.global_position >= $1 AND e.global_position <= $2 \
         ) s \
         WHERE CASE WHEN s.before IS NOT NULL THEN s.sequence <> s.before + 1 \
                    WHEN s.sequence = 1 THEN false \
                    ELSE NOT EXISTS ( \
                        SELECT 1 FROM public.events p \
                        WHERE p.aggregate_type = s.aggregate_type AND p.aggregate_id = s.aggregate_id \
                          AND p.sequence = s.sequence - 1 AND p.global_position < $1) END \
         ORDER BY s.global_position LIMIT $3",
    )
    .bind(first)
    .bind(last)
    .bind(limit)
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| Ok((row.try_get("global_position")?, row.try_get("event_id")?))).collect()
}
