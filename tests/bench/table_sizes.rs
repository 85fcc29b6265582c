//! What tables take up: their bytes, their rows, the dead ones, and how often autovacuum came by.

use std::collections::BTreeMap;

use serde::Serialize;
use sqlx::{FromRow, PgPool};

/// One table at one moment.
#[derive(Clone, Debug, FromRow, Serialize)]
pub struct TableSize {
    /// With its schema.
    pub name: String,
    /// Of rows, out-of-line values and maps.
    pub table_bytes: i64,
    pub index_bytes: i64,
    /// As the server counts them, by estimate.
    pub live_rows: i64,
    pub dead_rows: i64,
    /// Updates and deletions so far.
    pub changes: i64,
    pub autovacuums: i64,
}

impl TableSize {
    /// With its indexes.
    pub fn bytes(&self) -> i64 {
        self.table_bytes + self.index_bytes
    }
}

/// All tables of the database, by name.
pub async fn table_sizes(pool: &PgPool) -> anyhow::Result<BTreeMap<String, TableSize>> {
    let sizes: Vec<TableSize> = sqlx::query_as(
        "SELECT s.schemaname || '.' || s.relname AS name, pg_table_size(s.relid) AS table_bytes, \
                pg_indexes_size(s.relid) AS index_bytes, s.n_live_tup AS live_rows, s.n_dead_tup AS dead_rows, \
                s.n_tup_upd + s.n_tup_del AS changes, s.autovacuum_count AS autovacuums \
         FROM pg_catalog.pg_stat_user_tables s",
    )
    .fetch_all(pool)
    .await?;
    Ok(sizes.into_iter().map(|size| (size.name.clone(), size)).collect())
}
