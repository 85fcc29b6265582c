//! Answers already given, by key.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, Row};
use uuid::Uuid;

/// A client's key within its account and operation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IdempotencyKey {
    /// Account and operation: `<account id>:place_order`.
    pub scope: String,
    /// The client's header.
    pub key: String,
}

/// The answer that a key stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAnswer {
    /// The key.
    pub key: IdempotencyKey,
    /// SHA-256 of the request, canonical.
    pub request_hash: Vec<u8>,
    /// The command that it was.
    pub command_id: Uuid,
    /// HTTP status of the first answer.
    pub status: i16,
    /// Body of the answer, JSON.
    pub response: String,
    /// The log's position as the command left it.
    pub position: i64,
}

/// The answers stored under these keys, in no order; keys without an answer are left out.
pub async fn find_answers(
    connection: &mut PgConnection,
    keys: &[IdempotencyKey],
) -> Result<Vec<StoredAnswer>, sqlx::Error> {
    let scopes: Vec<&str> = keys.iter().map(|key| key.scope.as_str()).collect();
    let texts: Vec<&str> = keys.iter().map(|key| key.key.as_str()).collect();
    // LATERAL with LIMIT: one probe of the primary key per wanted key, whatever the planner believes
    // of the table. A plan made while it was empty is kept, and as a join it would read all of it.
    let rows = sqlx::query(
        "SELECT i.scope, i.key, i.request_hash, i.command_id, i.status, i.response, i.position \
         FROM unnest($1::text[], $2::text[]) AS wanted(scope, key) \
         CROSS JOIN LATERAL ( \
           SELECT * FROM public.idempotency i WHERE i.scope = wanted.scope AND i.key = wanted.key LIMIT 1 \
         ) i",
    )
    .bind(scopes)
    .bind(texts)
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(StoredAnswer {
                key: IdempotencyKey { scope: row.try_get("scope")?, key: row.try_get("key")? },
                request_hash: row.try_get("request_hash")?,
                command_id: row.try_get("command_id")?,
                status: row.try_get("status")?,
                response: row.try_get("response")?,
                position: row.try_get("position")?,
            })
        })
        .collect()
}

/// Deletes answers older than that; at most 10,000 at a time. Returns how many.
pub async fn forget_answers_before(
    connection: &mut PgConnection,
    moment: DateTime<Utc>,
) -> Result<u64, sqlx::Error> {
    let deleted = sqlx::query(
        "DELETE FROM public.idempotency WHERE (scope, key) IN \
         (SELECT scope, key FROM public.idempotency WHERE created_at < $1 LIMIT 10000)",
    )
    .bind(moment)
    .execute(connection)
    .await?;
    Ok(deleted.rows_affected())
}
