//! Schema `audit`: what was archived, on record.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, Row};

use super::{check::Checked, partition::Partition};

/// A row of `audit.archives`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Archive {
    /// The first position.
    pub first: i64,
    /// The last one.
    pub last: i64,
    /// The file's name.
    pub file: String,
    /// Of the file.
    pub sha256: Vec<u8>,
    /// The events are not in the table, or on their way out of it.
    pub is_away: bool,
}

/// What is on record of the file of that name; `None` where nothing is.
///
/// # Errors
/// Whatever the database says.
pub async fn find_archive(owner: &mut PgConnection, file: &str) -> Result<Option<Archive>, sqlx::Error> {
    let sql =
        "SELECT first_position, last_position, file, sha256, is_away FROM audit.archives WHERE file = $1";
    let row = sqlx::query(sql).bind(file).fetch_optional(owner).await?;
    row.map(|row| {
        Ok(Archive {
            first: row.try_get("first_position")?,
            last: row.try_get("last_position")?,
            file: row.try_get("file")?,
            sha256: row.try_get("sha256")?,
            is_away: row.try_get("is_away")?,
        })
    })
    .transpose()
}

/// Puts on record that the partition was written to a file, and checked; a later file of the same partition takes the
/// place of an earlier one, as long as the events are in the table.
///
/// # Errors
/// Whatever the database says.
pub async fn record_archive(
    owner: &mut PgConnection,
    partition: &Partition,
    checked: &Checked,
    by: &str,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let recorded = sqlx::query(
        "INSERT INTO audit.archives AS held (first_position, last_position, file, sha256, root, first_recorded_at, \
             last_recorded_at, written_at, written_by) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
         ON CONFLICT (first_position) DO UPDATE SET file = EXCLUDED.file, sha256 = EXCLUDED.sha256, \
             root = EXCLUDED.root, written_at = EXCLUDED.written_at, written_by = EXCLUDED.written_by \
         WHERE NOT held.is_away OR held.sha256 = EXCLUDED.sha256",
    )
    .bind(partition.first)
    .bind(partition.last)
    .bind(partition.file_name())
    .bind(checked.sha256.as_slice())
    .bind(checked.root.as_slice())
    .bind(checked.first_recorded_at)
    .bind(checked.last_recorded_at)
    .bind(now)
    .bind(by)
    .execute(owner)
    .await?
    .rows_affected();
    if recorded == 1 { Ok(()) } else { Err(sqlx::Error::RowNotFound) }
}
