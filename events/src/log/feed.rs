//! The feed: all events in commit order, from any position.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, Row, postgres::PgRow};

use crate::envelope::{RecordedEvent, StreamKind};

/// A stretch of the log.
#[derive(Clone, Debug, Default)]
pub struct FeedBatch {
    /// The events of the wanted kinds with `after < global_position <= upto`, by position.
    pub events: Vec<RecordedEvent>,
    /// How far this batch reaches: a reader that has taken it has seen everything up to here, of any
    /// kind. Equal to `after` where there is nothing new.
    pub upto: i64,
    /// Where the log ended when the batch was read.
    pub head: i64,
}

impl FeedBatch {
    /// True if nothing was left when the batch was read.
    pub fn is_last(&self) -> bool {
        self.upto >= self.head
    }
}

/// The columns of [`RecordedEvent`], for [`recorded`].
pub(super) const RECORDED_COLUMNS: &str = "global_position, event_id, aggregate_type, aggregate_id, sequence, \
     event_type, event_version, payload::text AS payload, metadata::text AS metadata, recorded_at, command_id, \
     actor, content_hash";

macro_rules! feed_sql {
    ($wanted:literal) => {
        concat!(
            "SELECT h.position AS head, e.global_position, e.event_id, e.aggregate_type, e.aggregate_id, e.sequence, \
                    e.event_type, e.event_version, e.payload::text AS payload, e.metadata::text AS metadata, \
                    e.recorded_at, e.command_id, e.actor, e.content_hash \
             FROM public.log_head h \
             LEFT JOIN public.events e ON e.global_position > $1 AND e.global_position <= $1 + $2",
            $wanted,
            " WHERE h.id = 1 AND (SELECT public.expect_events($1, $1 + $2)) ORDER BY e.global_position"
        )
    };
}

/// Reads on after a position: at most `positions_max` positions, and of those the wanted kinds.
///
/// Head and events come from one statement, so from one snapshot; positions are dense and in commit
/// order, so nothing at or below `upto` can appear later.
///
/// # Errors
/// Whatever the database says, also that events of the stretch are archived ([`super::archived`]); never a short batch
/// in its place.
pub async fn read_feed(
    connection: &mut PgConnection,
    after: i64,
    positions_max: i64,
    kinds: &[StreamKind],
) -> Result<FeedBatch, sqlx::Error> {
    let kinds: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
    // LEFT JOIN: the head comes back even where no event does. No snapshot has events behind its head, so both ends
    // are numbers that Postgres knows when it plans: where it had to guess, it took a stretch for a third of a long log,
    // and compiled the statement for that each time, for a hundred times what it takes to run.
    //
    // By `|| ''` no index has the kinds. Of a partition without statistics, as each new one is, Postgres takes any stretch
    // for a fixed share, and read all that the primary key has of the kinds beside it: a second for a batch, where the
    // partition had ten million events, and consumers fell behind.
    let statement = sqlx::query(feed_sql!(" AND e.aggregate_type || '' = ANY($3)"));
    let rows = statement.bind(after).bind(positions_max).bind(kinds).fetch_all(connection).await?;
    batch(&rows, after, positions_max)
}

/// As [`read_feed`], of every kind there is, also such as this program does not know.
///
/// # Errors
/// As there.
pub async fn read_whole_feed(
    connection: &mut PgConnection,
    after: i64,
    positions_max: i64,
) -> Result<FeedBatch, sqlx::Error> {
    let rows = sqlx::query(feed_sql!("")).bind(after).bind(positions_max).fetch_all(connection).await?;
    batch(&rows, after, positions_max)
}

fn batch(rows: &[PgRow], after: i64, positions_max: i64) -> Result<FeedBatch, sqlx::Error> {
    let head: i64 = rows.first().ok_or(sqlx::Error::RowNotFound)?.try_get("head")?;
    let found = |row: &&PgRow| !matches!(row.try_get::<Option<i64>, _>("global_position"), Ok(None));
    let events = rows.iter().filter(found).map(recorded).collect::<Result<_, _>>()?;
    Ok(FeedBatch { events, upto: head.min(after + positions_max).max(after), head })
}

/// The position of the first event recorded at that moment or later; `None` where there is none yet.
///
/// By halving, one probe of the feed's index per step. Writers on several machines may have clocks that
/// differ by moments: around such a place the answer is one of the events of those moments.
///
/// # Errors
/// Whatever the database says, also that the moment lies among archived events ([`super::archived`]).
pub async fn position_at(
    connection: &mut PgConnection,
    moment: DateTime<Utc>,
) -> Result<Option<i64>, sqlx::Error> {
    // All before `low` was recorded earlier, all from `high` on was not; LIMIT 1 keeps each step a probe.
    let found: Option<i64> = sqlx::query_scalar(
        "WITH RECURSIVE search(low, high, head) AS ( \
           SELECT public.expect_moment($1) + 1, h.position + 1, h.position FROM public.log_head h WHERE h.id = 1 \
           UNION ALL \
           SELECT CASE WHEN e.recorded_at < $1 THEN e.global_position + 1 ELSE s.low END, \
                  CASE WHEN e.recorded_at < $1 THEN s.high ELSE e.global_position END, \
                  s.head \
           FROM search s \
           CROSS JOIN LATERAL ( \
             SELECT e.global_position, e.recorded_at FROM public.events e \
             WHERE e.global_position = (s.low + s.high) / 2 LIMIT 1 \
           ) e \
           WHERE s.low < s.high \
         ) \
         SELECT low FROM search WHERE low = high AND low <= head",
    )
    .bind(moment)
    .fetch_optional(connection)
    .await?;
    Ok(found)
}

pub(super) fn recorded(row: &PgRow) -> Result<RecordedEvent, sqlx::Error> {
    let stream_id: &str = row.try_get("aggregate_id")?;
    Ok(RecordedEvent {
        global_position: row.try_get("global_position")?,
        event_id: row.try_get("event_id")?,
        stream_kind: row.try_get("aggregate_type")?,
        stream_id: stream_id.parse().map_err(|error: uuid::Error| sqlx::Error::Decode(error.into()))?,
        sequence: row.try_get("sequence")?,
        event_type: row.try_get("event_type")?,
        event_version: row.try_get("event_version")?,
        payload: row.try_get("payload")?,
        metadata: row.try_get("metadata")?,
        recorded_at: row.try_get("recorded_at")?,
        command_id: row.try_get("command_id")?,
        actor: row.try_get("actor")?,
        content_hash: row.try_get("content_hash")?,
    })
}
