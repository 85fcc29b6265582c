//! Parking: finding the streams of a batch that cannot be folded, and going on without them.

use std::{collections::BTreeSet, sync::Arc};

use chrono::{DateTime, Utc};
use events::RecordedEvent;
use sqlx::{Acquire, PgConnection};
use uuid::Uuid;

use crate::{
    keyed_fold::streams_of,
    projection::{Blame, ProjectError, Projection},
    schema::SchemaName,
};

/// A stream that is left out.
#[derive(Debug)]
pub(crate) struct Parked {
    pub(crate) key: Uuid,
    /// Of its first event in the batch: the row stays as it was before that one.
    pub(crate) position: i64,
    pub(crate) error: String,
}

/// Projects the events part by part, each in a savepoint, and parks the streams at fault.
///
/// An error that names its stream costs one more try; one that does not is cornered by halves. Events
/// of one stream stay together and in order, and streams do not depend on one another.
pub(crate) async fn project_leaving_out_in_tx(
    tx: &mut PgConnection,
    schema: &SchemaName,
    projection: &dyn Projection,
    events: Vec<Arc<RecordedEvent>>,
    now: DateTime<Utc>,
) -> Result<Vec<Parked>, ProjectError> {
    let mut parked = Vec::new();
    let mut parts: Vec<Vec<Arc<RecordedEvent>>> = vec![events];
    while let Some(mut part) = parts.pop() {
        if part.is_empty() {
            continue;
        }
        let mut savepoint = tx.begin().await?;
        let Err(error) = projection.project_in_tx(&mut savepoint, schema, &part).await else {
            savepoint.commit().await?;
            continue;
        };
        savepoint.rollback().await?;
        let streams = streams_of(&part);
        let culprit = match (error.blame(), streams.as_slice()) {
            (Blame::Surroundings, _) => return Err(error),
            (Blame::Stream(key), _) | (Blame::SomeStream, &[key]) => key,
            (Blame::SomeStream, _) => {
                let half: BTreeSet<Uuid> = streams[..streams.len() / 2].iter().copied().collect();
                let (left, right) = part.into_iter().partition(|event| half.contains(&event.stream_id));
                parts.extend([left, right]);
                continue;
            }
        };
        let stream = park(&mut part, culprit, &error)?;
        insert_in_tx(tx, schema, projection.identity().name, &stream, now).await?;
        parked.push(stream);
        parts.push(part);
    }
    Ok(parked)
}

/// Takes the culprit's events out of the part.
fn park(part: &mut Vec<Arc<RecordedEvent>>, key: Uuid, error: &ProjectError) -> Result<Parked, ProjectError> {
    let first = part.iter().find(|event| event.stream_id == key).map(|event| event.global_position);
    part.retain(|event| event.stream_id != key);
    // The error as such, not its sources: those may quote the payload, and so a person's data.
    let error = error.to_string();
    let position = first.ok_or(sqlx::Error::RowNotFound)?;
    Ok(Parked { key, position, error })
}

async fn insert_in_tx(
    tx: &mut PgConnection,
    schema: &SchemaName,
    name: &str,
    parked: &Parked,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let sql = format!(
        "INSERT INTO {schema}.parked (name, key, position, error, parked_at) VALUES ($1, $2, $3, $4, $5)"
    );
    sqlx::query(&sql)
        .bind(name)
        .bind(parked.key)
        .bind(parked.position)
        // Postgres takes no NUL in a text, whatever the error quotes.
        .bind(parked.error.replace('\0', "\u{fffd}"))
        .bind(now)
        .execute(tx)
        .await?;
    Ok(())
}
