//! Dropping views that are over.

use chrono::{DateTime, Utc};
use sqlx::PgPool;

use crate::{
    rebuild::{RebuildError, drop_scratch},
    schema::SchemaName,
};

/// Drops views that nobody has read for their time, and every schema of a view that has no row: of one that was
/// deleted, by whomever, or whose builder was killed after that. Returns how many schemas were dropped.
///
/// # Errors
/// The database refuses; what was dropped until then stays dropped.
pub async fn sweep_views(pool: &PgPool, now: DateTime<Utc>) -> Result<usize, RebuildError> {
    sqlx::query("DELETE FROM audit.views WHERE status <> 'building' AND expires_at <= $1")
        .bind(now)
        .execute(pool)
        .await?;
    // A schema is made after its row, so of one snapshot: without a row it belongs to nobody any more.
    let orphans: Vec<String> = sqlx::query_scalar(
        "SELECT n.nspname::text FROM pg_catalog.pg_namespace n \
         WHERE n.nspname ~ '^read_asof_[0-9]+$' \
           AND NOT EXISTS (SELECT 1 FROM audit.views v WHERE 'read_asof_' || v.number = n.nspname)",
    )
    .fetch_all(pool)
    .await?;
    for name in &orphans {
        let schema: SchemaName = name.parse().map_err(|_| RebuildError::NotScratch(name.clone()))?;
        drop_scratch(pool, &schema).await?;
        tracing::info!(%schema, "a view is over: its schema is dropped");
    }
    Ok(orphans.len())
}
