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

/// Where a checkpoint is to be moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Goal {
    pub(crate) position: i64,
    /// The event that the log must have there, where what leads there is from memory.
    pub(crate) event_id: Option<Uuid>,
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
/// - What is from memory may be of a log that was lost since. The event that it ends with is asked for: its
///   id at its place stands for all before it. By ORDER BY and LIMIT, so that the index is taken also by a plan
///   that was made while the log was short.
pub(crate) async fn move_in_tx(
    tx: &mut PgConnection,
    schema: &SchemaName,
    name: &str,
    from: Hold,
    to: Goal,
    now: DateTime<Utc>,
) -> Result<Move, sqlx::Error> {
    let sql = format!(
        "WITH turn AS MATERIALIZED ( \
             SELECT pg_try_advisory_xact_lock(hashtextextended($6, 0)) AS is_mine \
         ), moved AS ( \
             UPDATE {schema}.checkpoints c SET position = $4, updated_at = $5 \
             FROM turn WHERE turn.is_mine AND c.name = $1 AND c.position = $2 AND c.fence = $3 \
               AND ($7::uuid IS NULL OR $7 = (SELECT e.event_id FROM public.events e WHERE e.global_position >= $4 \
                                              ORDER BY e.global_position LIMIT 1)) \
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
        .bind(to.position)
        .bind(now)
        .bind(lock_name(schema, name))
        .bind(to.event_id)
        .fetch_one(tx)
        .await?;
    if !row.try_get("is_mine")? {
        return Ok(Move::Busy);
    }
    let is_moved: bool = row.try_get("is_moved")?;
    Ok(if is_moved { Move::Moved { parked: row.try_get("parked")? } } else { Move::Missed })
}

/// The same for several that go to one place, where nothing has to be written for any of them: each by itself
/// moves or does not. Commits by itself; the answers are in the order of `from`.
pub(crate) async fn move_together(
    connection: &mut PgConnection,
    schema: &SchemaName,
    from: &[(&'static str, Hold)],
    to: Goal,
    now: DateTime<Utc>,
) -> Result<Vec<Move>, sqlx::Error> {
    let sql = format!(
        "WITH wanted AS MATERIALIZED ( \
             SELECT w.name, w.position, w.fence, w.place, \
                    pg_try_advisory_xact_lock(hashtextextended(w.lock, 0)) AS is_mine \
             FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::text[]) \
                  WITH ORDINALITY AS w(name, position, fence, lock, place) \
         ), moved AS ( \
             UPDATE {schema}.checkpoints c SET position = $5, updated_at = $6 \
             FROM wanted w WHERE w.is_mine AND c.name = w.name AND c.position = w.position AND c.fence = w.fence \
               AND ($7::uuid IS NULL OR $7 = (SELECT e.event_id FROM public.events e WHERE e.global_position >= $5 \
                                              ORDER BY e.global_position LIMIT 1)) \
             RETURNING c.name \
         ) \
         SELECT w.is_mine, m.name IS NOT NULL AS is_moved, set_config('synchronous_commit', 'off', true) \
         FROM wanted w LEFT JOIN moved m ON m.name = w.name ORDER BY w.place"
    );
    let rows = sqlx::query(&sql)
        .bind(from.iter().map(|(name, _)| *name).collect::<Vec<_>>())
        .bind(from.iter().map(|(_, hold)| hold.position).collect::<Vec<_>>())
        .bind(from.iter().map(|(_, hold)| hold.fence).collect::<Vec<_>>())
        .bind(from.iter().map(|(name, _)| lock_name(schema, name)).collect::<Vec<_>>())
        .bind(to.position)
        .bind(now)
        .bind(to.event_id)
        .fetch_all(connection)
        .await?;
    let answer = |row: &PgRow| {
        Ok(match (row.try_get("is_mine")?, row.try_get("is_moved")?) {
            (false, _) => Move::Busy,
            (true, false) => Move::Missed,
            (true, true) => Move::Moved { parked: Vec::new() },
        })
    };
    rows.iter().map(answer).collect()
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
