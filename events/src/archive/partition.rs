//! The partitions of the log.

use sqlx::{PgConnection, Row};

/// What stands in for a partition that is archived begins with this.
pub(super) const KEPT: &str = "kept_";

/// A partition of `public.events`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// Its name in schema `log`.
    pub name: String,
    /// Its first position.
    pub first: i64,
    /// Its last one; it may not be reached yet.
    pub last: i64,
}

impl Partition {
    /// True where its events are in an archive, and only those that are asked for by their keys are here.
    pub fn is_archived(&self) -> bool {
        self.name.starts_with(KEPT)
    }

    /// The name of its archive.
    pub fn file_name(&self) -> String {
        format!("events-{:012}-{:012}.ndjson", self.first, self.last)
    }
}

/// All partitions, by position.
///
/// # Errors
/// Whatever the database says; the owner alone may ask.
pub async fn partitions(owner: &mut PgConnection) -> Result<Vec<Partition>, sqlx::Error> {
    let sql = "SELECT name, first_position, behind - 1 AS last FROM log.partitions ORDER BY first_position";
    let rows = sqlx::query(sql).fetch_all(owner).await?;
    rows.iter()
        .map(|row| {
            Ok(Partition {
                name: row.try_get("name")?,
                first: row.try_get("first_position")?,
                last: row.try_get("last")?,
            })
        })
        .collect()
}
