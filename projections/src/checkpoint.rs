//! The checkpoint row: how far a projection is, and in whose hands.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, Row, postgres::PgRow};
use uuid::Uuid;

use crate::{projection::Identity, schema::SchemaName};

/// A place in the log, held under a fence: what a batch must still find in the checkpoint row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hold {
    pub(crate) position: i64,
    pub(crate) fence: i64,
}

/// A checkpoint as somebody who does not hold it sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sighting {
    pub(crate) hold: Hold,
    pub(crate) version: i32,
    /// Where the log ends.
    pub(crate) head: i64,
}

/// What came of moving the checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Move {
    /// It moved; these streams are parked.
    Moved {
        /// Sorted by nothing; unique.
        parked: Vec<Uuid>,
    },
    /// Somebody's batch is under way, perhaps one of ours whose connection died.
    Busy,
    /// It is elsewhere or in other hands: nothing happened.
    Missed,
}

/// Moves the checkpoint if it is still where `from` says, first thing in a batch's transaction.
///
/// Everything that guards a batch is in this one statement:
/// - The advisory lock is tried, not waited for, and held until the transaction ends. It belongs to the
///   transaction, not the session, so a pooler that hands sessions around cannot break it. It only spares
///   rivals the wait; right without it would be the next point alone.
/// - Position and fence are compared and set. The row stays locked until commit, so of two that read the
///   same events, the second finds the position moved and writes nothing.
/// - The commit need not wait for the disk: rows and checkpoint are lost together if the machine dies in
///   the next instants, and folded again. They cannot outlive the events they come from, whose commit was
///   on disk before they became visible.
pub(crate) async fn move_in_tx(
    tx: &mut PgConnection,
    schema: &SchemaName,
    name: &str,
    from: Hold,
    to: i64,
    now: DateTime<Utc>,
) -> Result<Move, sqlx::Error> {
    let sql = format!(
        "WITH turn AS MATERIALIZED ( \
             SELECT pg_try_advisory_xact_lock(hashtextextended($6, 0)) AS is_mine \
         ), moved AS ( \
             UPDATE {schema}.checkpoints c SET position = $4, updated_at = $5 \
             FROM turn WHERE turn.is_mine AND c.name = $1 AND c.position = $2 AND c.fence = $3 \
             RETURNING c.name \
         ) \
         SELECT turn.is_mine, (SELECT count(*) FROM moved) = 1 AS is_moved, \
                ARRAY(SELECT key FROM {schema}.parked WHERE name = $1) AS parked, \
                set_config('synchronous_commit', 'off', true) \
         FROM turn"
    );
    let row = sqlx::query(&sql)
        .bind(name)
        .bind(from.position)
        .bind(from.fence)
        .bind(to)
        .bind(now)
        .bind(lock_name(schema, name))
        .fetch_one(tx)
        .await?;
    if !row.try_get("is_mine")? {
        return Ok(Move::Busy);
    }
    let is_moved: bool = row.try_get("is_moved")?;
    Ok(if is_moved { Move::Moved { parked: row.try_get("parked")? } } else { Move::Missed })
}

/// Raises the fence, whoever holds it, and waits for the batch that may be under way. `None` where the
/// rows were folded by another version; rows of position 0 are none, so any version may take them.
pub(crate) async fn seize(
    connection: &mut PgConnection,
    schema: &SchemaName,
    identity: &Identity,
    now: DateTime<Utc>,
) -> Result<Option<Hold>, sqlx::Error> {
    let sql = format!(
        "INSERT INTO {schema}.checkpoints AS c (name, version, position, fence, updated_at) \
         VALUES ($1, $2, 0, 1, $3) \
         ON CONFLICT (name) DO UPDATE \
         SET fence = c.fence + 1, version = EXCLUDED.version, updated_at = EXCLUDED.updated_at \
         WHERE c.version = EXCLUDED.version OR c.position = 0 \
         RETURNING position, fence"
    );
    let row = sqlx::query(&sql)
        .bind(identity.name)
        .bind(identity.version)
        .bind(now)
        .fetch_optional(connection)
        .await?;
    row.map(|row| Ok(Hold { position: row.try_get("position")?, fence: row.try_get("fence")? })).transpose()
}

/// Raises the fence if the checkpoint is still as it was seen and no batch is under way.
pub(crate) async fn seize_abandoned(
    connection: &mut PgConnection,
    schema: &SchemaName,
    name: &str,
    seen: Hold,
    now: DateTime<Utc>,
) -> Result<Option<Hold>, sqlx::Error> {
    let sql = format!(
        "WITH turn AS MATERIALIZED (SELECT pg_try_advisory_xact_lock(hashtextextended($5, 0)) AS is_mine) \
         UPDATE {schema}.checkpoints c SET fence = c.fence + 1, updated_at = $4 \
         FROM turn WHERE turn.is_mine AND c.name = $1 AND c.position = $2 AND c.fence = $3 \
         RETURNING c.position, c.fence"
    );
    let row = sqlx::query(&sql)
        .bind(name)
        .bind(seen.position)
        .bind(seen.fence)
        .bind(now)
        .bind(lock_name(schema, name))
        .fetch_optional(connection)
        .await?;
    row.map(|row| Ok(Hold { position: row.try_get("position")?, fence: row.try_get("fence")? })).transpose()
}

/// The checkpoint as it is; `None` where nobody ever started that projection.
pub(crate) async fn sight(
    connection: &mut PgConnection,
    schema: &SchemaName,
    name: &str,
) -> Result<Option<Sighting>, sqlx::Error> {
    let sql = format!(
        "SELECT c.position, c.fence, c.version, h.position AS head \
         FROM {schema}.checkpoints c CROSS JOIN public.log_head h WHERE c.name = $1 AND h.id = 1"
    );
    let row = sqlx::query(&sql).bind(name).fetch_optional(connection).await?;
    row.as_ref().map(sighting).transpose()
}

/// Keeps every batch of these projections from beginning, and waits for those under way, until the
/// transaction ends. Returns their sightings by name; one that was never started is missing.
///
/// Followers meanwhile find a batch under way and try again: nobody loses a fence, so that whoever ran
/// them goes on at once, also where the holder of this lock dies.
pub(crate) async fn hold_still_in_tx(
    tx: &mut PgConnection,
    schema: &SchemaName,
    names: &BTreeSet<&'static str>,
) -> Result<BTreeMap<String, Sighting>, sqlx::Error> {
    for name in names {
        sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))")
            .bind(lock_name(schema, name))
            .execute(&mut *tx)
            .await?;
    }
    let names: Vec<&str> = names.iter().copied().collect();
    // The rows too: an arriving process raises a fence without the lock.
    let sql = format!("SELECT name FROM {schema}.checkpoints WHERE name = ANY($1) ORDER BY name FOR UPDATE");
    sqlx::query(&sql).bind(&names).execute(&mut *tx).await?;
    sight_all(tx, schema, &names).await
}

/// The checkpoints of these projections; one that was never started is missing.
pub(crate) async fn sight_all(
    connection: &mut PgConnection,
    schema: &SchemaName,
    names: &[&str],
) -> Result<BTreeMap<String, Sighting>, sqlx::Error> {
    let sql = format!(
        "SELECT c.name, c.position, c.fence, c.version, h.position AS head \
         FROM {schema}.checkpoints c CROSS JOIN public.log_head h WHERE c.name = ANY($1) AND h.id = 1"
    );
    let rows = sqlx::query(&sql).bind(names).fetch_all(connection).await?;
    rows.iter().map(|row| Ok((row.try_get("name")?, sighting(row)?))).collect()
}

fn sighting(row: &PgRow) -> Result<Sighting, sqlx::Error> {
    Ok(Sighting {
        hold: Hold { position: row.try_get("position")?, fence: row.try_get("fence")? },
        version: row.try_get("version")?,
        head: row.try_get("head")?,
    })
}

fn lock_name(schema: &SchemaName, name: &str) -> String {
    format!("iris.projection:{}.{name}", schema.as_str())
}
