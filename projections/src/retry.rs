//! Streams that are left out, and taking one back once the program can fold it.

use std::{collections::BTreeSet, sync::Arc};

use chrono::{DateTime, Utc};
use events::{RecordedEvent, StreamRef, log::read_stream};
use sqlx::{PgConnection, PgPool, Row};
use uuid::Uuid;

use crate::{
    checkpoint::hold_still_in_tx,
    projection::{ProjectError, Projection},
    schema::SchemaName,
};

/// A stream that a projection leaves out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParkedStream {
    /// The projection's name.
    pub name: String,
    /// The stream's id.
    pub key: Uuid,
    /// The first position that is left out; the row is as it was before.
    pub position: i64,
    /// What went wrong.
    pub error: String,
    /// When.
    pub parked_at: DateTime<Utc>,
}

/// Why a stream stays parked.
#[derive(Debug, thiserror::Error)]
pub enum RetryError {
    /// It is not.
    #[error("projection {name} has not parked {key}")]
    NotParked {
        /// Which projection.
        name: &'static str,
        /// Which stream.
        key: Uuid,
    },
    /// The live rows are not of this program's version.
    #[error("the rows of {name} are not of version {ours}, which this program folds")]
    OtherVersion {
        /// Which projection.
        name: &'static str,
        /// The version of this program.
        ours: i32,
    },
    /// It cannot be folded yet, or the database does not answer; it stays parked.
    #[error("still parked: {0}")]
    Project(#[from] ProjectError),
}

impl From<sqlx::Error> for RetryError {
    fn from(error: sqlx::Error) -> Self {
        Self::Project(error.into())
    }
}

/// The streams that live projections leave out, or one of them does; sorted by projection and position.
pub async fn parked(pool: &PgPool, name: Option<&str>) -> Result<Vec<ParkedStream>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT name, key, position, error, parked_at FROM read.parked \
         WHERE $1::text IS NULL OR name = $1 ORDER BY name, position, key",
    )
    .bind(name)
    .fetch_all(pool)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(ParkedStream {
                name: row.try_get("name")?,
                key: row.try_get("key")?,
                position: row.try_get("position")?,
                error: row.try_get("error")?,
                parked_at: row.try_get("parked_at")?,
            })
        })
        .collect()
}

/// Folds what was left out of a stream, and follows it again from there on. Returns the number of events.
///
/// One transaction, during which the projection stands still: so what is folded here and what its follower
/// folds next meet exactly.
///
/// # Errors
/// [`RetryError`]: the stream stays parked, and its row as it was.
pub async fn retry(pool: &PgPool, projection: &dyn Projection, key: Uuid) -> Result<usize, RetryError> {
    let identity = projection.identity();
    let (name, ours) = (identity.name, identity.version);
    let schema = SchemaName::live();
    let mut tx = platform::db::begin(pool).await?;
    let live = hold_still_in_tx(&mut tx, &schema, &BTreeSet::from([name])).await?;
    let Some(seen) = live.get(name).filter(|seen| seen.version == ours) else {
        return Err(RetryError::OtherVersion { name, ours });
    };
    let from: Option<i64> =
        sqlx::query_scalar("DELETE FROM read.parked WHERE name = $1 AND key = $2 RETURNING position")
            .bind(name)
            .bind(key)
            .fetch_optional(&mut *tx)
            .await?;
    let from = from.ok_or(RetryError::NotParked { name, key })?;
    let events = left_out(&mut tx, projection, key, from, seen.hold.position).await?;
    let events: Vec<_> = events.into_iter().map(Arc::new).collect();
    projection.project_in_tx(&mut tx, &schema, &events).await?;
    tx.commit().await?;
    Ok(events.len())
}

/// What the stream holds between these positions, both included; of several kinds where the projection folds
/// several under one id.
async fn left_out(
    tx: &mut PgConnection,
    projection: &dyn Projection,
    key: Uuid,
    from: i64,
    upto: i64,
) -> Result<Vec<RecordedEvent>, sqlx::Error> {
    let mut events = Vec::new();
    for kind in projection.identity().kinds {
        events.extend(read_stream(tx, StreamRef { kind: *kind, id: key }).await?);
    }
    events.retain(|event| (from..=upto).contains(&event.global_position));
    events.sort_by_key(|event| event.global_position);
    Ok(events)
}
