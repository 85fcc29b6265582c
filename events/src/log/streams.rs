//! Loading streams: a snapshot where there is one, and the events after it.

use std::collections::HashMap;

use sqlx::{PgConnection, Row, postgres::PgRow};

use super::feed::{RECORDED_COLUMNS, recorded};
use crate::envelope::{RecordedEvent, StreamRef};

/// What is known of a stream: possibly nothing.
#[derive(Clone, Debug, Default)]
pub struct StreamHistory {
    /// Sequence and JSON of a stored state of the wanted version.
    pub snapshot: Option<(i64, String)>,
    /// The events after it, by sequence.
    pub events: Vec<RecordedEvent>,
}

/// Loads many streams in one round trip; `wanted` names each with the state version it can use.
///
/// # Errors
/// Whatever the database says, also that events of a stream are archived whose stored state is of another version.
pub async fn load_streams(
    connection: &mut PgConnection,
    wanted: &[(StreamRef, i32)],
) -> Result<HashMap<StreamRef, StreamHistory>, sqlx::Error> {
    let kinds: Vec<&str> = wanted.iter().map(|(stream, _)| stream.kind.name()).collect();
    let ids: Vec<String> = wanted.iter().map(|(stream, _)| stream.id.to_string()).collect();
    let versions: Vec<i32> = wanted.iter().map(|(_, version)| *version).collect();
    let rows = sqlx::query(
        "SELECT w.place, s.sequence AS snapshot_sequence, s.state::text AS snapshot_state, \
                e.global_position, e.event_id, e.aggregate_type, e.aggregate_id, e.sequence, e.event_type, \
                e.event_version, e.payload::text AS payload, e.metadata::text AS metadata, e.recorded_at, \
                e.command_id, e.actor, e.content_hash \
         FROM unnest($1::text[], $2::text[], $3::int[]) WITH ORDINALITY AS w(kind, id, state_version, place) \
         LEFT JOIN LATERAL ( \
           SELECT CASE WHEN s.state_version = w.state_version THEN s.sequence END AS sequence, \
                  CASE WHEN s.state_version = w.state_version THEN s.state END AS state, s.archived_sequence \
           FROM public.snapshots s WHERE s.aggregate_type = w.kind AND s.aggregate_id = w.id \
           LIMIT 1 \
         ) s ON true \
         LEFT JOIN LATERAL ( \
           SELECT * FROM public.events e \
           WHERE e.aggregate_type = w.kind AND e.aggregate_id = w.id AND e.sequence > COALESCE(s.sequence, 0) \
           ORDER BY e.sequence \
         ) e ON true \
         WHERE CASE WHEN s.archived_sequence > COALESCE(s.sequence, 0) \
                    THEN public.expect_stream(w.kind, w.id, COALESCE(s.sequence, 0), 9223372036854775807) \
                    ELSE true END \
         ORDER BY w.place, e.sequence",
    )
    .bind(kinds)
    .bind(ids)
    .bind(versions)
    .fetch_all(connection)
    .await?;
    let mut histories: HashMap<StreamRef, StreamHistory> = HashMap::with_capacity(wanted.len());
    for row in &rows {
        let place: i64 = row.try_get("place")?;
        let place = usize::try_from(place - 1).map_err(|error| sqlx::Error::Decode(error.into()))?;
        histories.entry(wanted[place].0).or_default().take(row)?;
    }
    Ok(histories)
}

impl StreamHistory {
    fn take(&mut self, row: &PgRow) -> Result<(), sqlx::Error> {
        if self.snapshot.is_none()
            && let Some(sequence) = row.try_get("snapshot_sequence")?
        {
            self.snapshot = Some((sequence, row.try_get("snapshot_state")?));
        }
        if row.try_get::<Option<i64>, _>("global_position")?.is_some() {
            self.events.push(recorded(row)?);
        }
        Ok(())
    }
}

/// The first event of each of these events' streams; unique by stream, in no order.
///
/// First events of the kinds that are asked for stay in the table when the others are archived.
pub async fn read_origins(
    connection: &mut PgConnection,
    events: &[&RecordedEvent],
) -> Result<Vec<RecordedEvent>, sqlx::Error> {
    let mut streams: Vec<(&str, String)> =
        events.iter().map(|event| (event.stream_kind.as_str(), event.stream_id.to_string())).collect();
    streams.sort_unstable();
    streams.dedup();
    if streams.is_empty() {
        return Ok(Vec::new());
    }
    let (kinds, ids): (Vec<&str>, Vec<String>) = streams.into_iter().unzip();
    let sql = format!(
        "SELECT {RECORDED_COLUMNS} FROM public.events \
         WHERE (aggregate_type, aggregate_id, sequence) IN \
               (SELECT w.kind, w.id, 1::bigint FROM unnest($1::text[], $2::text[]) AS w(kind, id))"
    );
    let rows = sqlx::query(&sql).bind(kinds).bind(ids).fetch_all(connection).await?;
    rows.iter().map(recorded).collect()
}

/// One stream from its first event, whatever snapshots say.
pub async fn read_stream(
    connection: &mut PgConnection,
    stream: StreamRef,
) -> Result<Vec<RecordedEvent>, sqlx::Error> {
    let sql = format!(
        "SELECT {RECORDED_COLUMNS} FROM public.events \
         WHERE aggregate_type = $1 AND aggregate_id = $2 \
           AND (SELECT public.expect_stream($1, $2, 0, 9223372036854775807)) ORDER BY sequence"
    );
    let rows =
        sqlx::query(&sql).bind(stream.kind.name()).bind(stream.id.to_string()).fetch_all(connection).await?;
    rows.iter().map(recorded).collect()
}
