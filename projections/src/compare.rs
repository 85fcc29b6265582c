//! Do two schemas hold the same rows?

use std::{collections::BTreeSet, sync::Arc};

use sqlx::{PgPool, Row};
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
    let tables: BTreeSet<ReadTable> =
        projections.iter().flat_map(|projection| projection.identity().tables).copied().collect();
    let mut tx = pool.begin().await?;
    sqlx::query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY").execute(&mut *tx).await?;
    let mut differences = Vec::new();
    for table in tables {
        // All columns, whatever they are, as one value that can be compared (json alone cannot).
        let sql = comparison(left, right, table, &format!("{}, to_jsonb(t)", table.key));
        differences.extend(difference(&mut tx, &sql, table).await?);
    }
    let sql = comparison(left, right, PARKED, "name, key");
    differences.extend(difference(&mut tx, &sql, PARKED).await?);
    tx.commit().await?;
    Ok(differences)
}

async fn difference(
    tx: &mut sqlx::PgConnection,
    sql: &str,
    table: ReadTable,
) -> Result<Option<Difference>, sqlx::Error> {
    let row = sqlx::query(sql).bind(KEYS_MAX).fetch_one(tx).await?;
    let keys: Vec<Uuid> = row.try_get("keys")?;
    if keys.is_empty() {
        return Ok(None);
    }
    let (only_left, only_right) = (row.try_get("only_left")?, row.try_get("only_right")?);
    Ok(Some(Difference { table: table.name, only_left, only_right, keys }))
}

fn comparison(left: &SchemaName, right: &SchemaName, table: ReadTable, columns: &str) -> String {
    let ReadTable { name, key } = table;
    format!(
        "WITH only_left AS ( \
             SELECT {columns} FROM {left}.{name} t EXCEPT SELECT {columns} FROM {right}.{name} t \
         ), only_right AS ( \
             SELECT {columns} FROM {right}.{name} t EXCEPT SELECT {columns} FROM {left}.{name} t \
         ) \
         SELECT (SELECT count(*) FROM only_left) AS only_left, (SELECT count(*) FROM only_right) AS only_right, \
                ARRAY(SELECT {key} FROM only_left UNION SELECT {key} FROM only_right ORDER BY 1 LIMIT $1) AS keys"
    )
}
