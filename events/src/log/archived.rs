//! Events that are in files: who asks for them is refused, and told where they are.

use sqlx::{PgConnection, Row};

/// SQLSTATE of `public.expect_events` and its like.
const ARCHIVED: &str = "IRA01";

/// A range of positions that is in a file, and not in the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchivedRange {
    /// The first position.
    pub first: i64,
    /// The last one.
    pub last: i64,
    /// The file's name, without where it is kept.
    pub file: String,
    /// Of the file.
    pub sha256: Vec<u8>,
}

/// What the database says of the range, its file and how to bring it back, if the error is that what was asked for is
/// archived.
pub fn archived(error: &sqlx::Error) -> Option<&str> {
    let said = error.as_database_error().filter(|error| error.code().as_deref() == Some(ARCHIVED))?;
    Some(said.message())
}

/// Expects all events with `after < position <= upto` to be in the table.
///
/// # Errors
/// Whatever the database says: that some are archived ([`archived`]).
pub async fn expect_events(connection: &mut PgConnection, after: i64, upto: i64) -> Result<(), sqlx::Error> {
    sqlx::query("SELECT public.expect_events($1, $2)").bind(after).bind(upto).execute(connection).await?;
    Ok(())
}

/// The archived ranges that reach into `after < position <= upto`, by position.
///
/// # Errors
/// Whatever the database says.
pub async fn archived_between(
    connection: &mut PgConnection,
    after: i64,
    upto: i64,
) -> Result<Vec<ArchivedRange>, sqlx::Error> {
    let sql = "SELECT first_position, last_position, file, sha256 FROM public.archived_events($1, $2)";
    let rows = sqlx::query(sql).bind(after).bind(upto).fetch_all(connection).await?;
    rows.iter()
        .map(|row| {
            Ok(ArchivedRange {
                first: row.try_get("first_position")?,
                last: row.try_get("last_position")?,
                file: row.try_get("file")?,
                sha256: row.try_get("sha256")?,
            })
        })
        .collect()
}
