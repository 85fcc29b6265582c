//! Do two schemas hold the same rows?

use std::{collections::BTreeSet, sync::Arc};

use sqlx::{PgConnection, PgPool, Postgres, Row, postgres::PgArguments, query::Query};
use uuid::Uuid;

use crate::{
    projection::{Projection, ReadTable},
    schema::SchemaName,
};

/// Which streams are left out, whenever and for whatever reason they came to be.
const PARKED: ReadTable = ReadTable { name: "parked", key: "key" };
/// Keys named per table.
const KEYS_MAX: i64 = 10;

/// A table that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Its name.
    pub table: &'static str,
    /// Rows that only the left schema has as they are.
    pub only_left: i64,
    /// Rows that only the right schema has as they are; a row that differs counts on both sides.
    pub only_right: i64,
    /// First keys of such rows: at most 10, sorted.
    pub keys: Vec<Uuid>,
}

/// How many rows a table has on both sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowCount {
    /// Its name.
    pub table: &'static str,
    /// Rows that are served.
    pub live: i64,
    /// Rows of what is to take their place.
    pub built: i64,
}

/// Compares the projections' tables row by row; empty where all agree.
///
/// Both sides come from one snapshot. Checkpoints do not count, so differences are to be expected where
/// one side has folded more of the log. Reads every row of both.
pub async fn compare(
    pool: &PgPool,
    left: &SchemaName,
    right: &SchemaName,
    projections: &[Arc<dyn Projection>],
) -> Result<Vec<Difference>, sqlx::Error> {
    let mut tx = platform::db::begin(pool).await?;
    sqlx::query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY").execute(&mut *tx).await?;
    let differences = compare_in_tx(&mut tx, left, right, projections).await?;
    tx.commit().await?;
    Ok(differences)
}

/// The same in the snapshot of the caller's transaction.
pub(crate) async fn compare_in_tx(
    tx: &mut PgConnection,
    left: &SchemaName,
    right: &SchemaName,
    projections: &[Arc<dyn Projection>],
) -> Result<Vec<Difference>, sqlx::Error> {
    let tables: BTreeSet<ReadTable> =
        projections.iter().flat_map(|projection| projection.identity().tables).copied().collect();
    let names: Vec<&str> = projections.iter().map(|projection| projection.identity().name).collect();
    let mut differences = Vec::new();
    for table in tables {
        // All columns, whatever they are, as one value that can be compared (json alone cannot).
        let sql = comparison(left, right, table, &format!("{}, to_jsonb(t)", table.key), "");
        let query = sqlx::query(&sql).bind(KEYS_MAX);
        differences.extend(difference(&mut *tx, query, table).await?);
    }
    // The live schema has the streams that others leave out, too.
    let sql = comparison(left, right, PARKED, "name, key", "WHERE name = ANY($2)");
    let query = sqlx::query(&sql).bind(KEYS_MAX).bind(&names);
    differences.extend(difference(tx, query, PARKED).await?);
    Ok(differences)
}

/// Rows of each table on both sides, in the snapshot of the caller's transaction.
pub(crate) async fn count_in_tx(
    tx: &mut PgConnection,
    left: &SchemaName,
    right: &SchemaName,
    tables: &BTreeSet<ReadTable>,
) -> Result<Vec<RowCount>, sqlx::Error> {
    let mut counts = Vec::new();
    for ReadTable { name, .. } in tables {
        let sql = format!(
            "SELECT (SELECT count(*) FROM {left}.{name}) AS live, (SELECT count(*) FROM {right}.{name}) AS built"
        );
        let row = sqlx::query(&sql).fetch_one(&mut *tx).await?;
        counts.push(RowCount { table: name, live: row.try_get("live")?, built: row.try_get("built")? });
    }
    Ok(counts)
}

async fn difference(
    tx: &mut PgConnection,
    query: Query<'_, Postgres, PgArguments>,
    table: ReadTable,
) -> Result<Option<Difference>, sqlx::Error> {
    let row = query.fetch_one(tx).await?;
    let keys: Vec<Uuid> = row.try_get("keys")?;
    if keys.is_empty() {
        return Ok(None);
    }
    let (only_left, only_right) = (row.try_get("only_left")?, row.try_get("only_right")?);
    Ok(Some(Difference { table: table.name, only_left, only_right, keys }))
}

fn comparison(
    left: &SchemaName,
    right: &SchemaName,
    table: ReadTable,
    columns: &str,
    condition: &str,
) -> String {
    let ReadTable { name, key } = table;
    let left = format!("SELECT {columns} FROM {left}.{name} t {condition}");
    let right = format!("SELECT {columns} FROM {right}.{name} t {condition}");
    format!(
        "WITH only_left AS ({left} EXCEPT {right}), only_right AS ({right} EXCEPT {left}) \
         SELECT (SELECT count(*) FROM only_left) AS only_left, (SELECT count(*) FROM only_right) AS only_right, \
                ARRAY(SELECT {key} FROM only_left UNION SELECT {key} FROM only_right ORDER BY 1 LIMIT $1) AS keys"
    )
}
