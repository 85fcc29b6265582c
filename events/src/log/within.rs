//! Reading for answers whose size others decide: as much as is allowed, however much there is.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use futures::TryStreamExt as _;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::feed::{RECORDED_COLUMNS, recorded};
use crate::envelope::{RecordedEvent, StreamRef};

/// Events per statement: what may be on its way and is not wanted any more.
const PART: usize = 50;
/// How far beside an event its command's other events are looked for at first, and at last.
const BESIDE_FIRST: i64 = 64;
const BESIDE_LAST: i64 = 4_096;

/// What may still be read, over any number of calls.
#[derive(Clone, Debug)]
pub struct Allowance {
    events: usize,
    bytes: usize,
    is_exceeded: bool,
}

impl Allowance {
    /// So many events, and so many bytes of their payloads and metadata; the last event may go beyond.
    pub fn new(events: usize, bytes: usize) -> Self {
        Self { events, bytes, is_exceeded: false }
    }

    /// True once something was left out, or nothing could be looked at any more.
    pub fn is_exceeded(&self) -> bool {
        self.is_exceeded
    }

    /// Whether one more may be read; from the first that may not, it is exceeded.
    fn has_room(&mut self) -> bool {
        self.is_exceeded |= self.events == 0 || self.bytes == 0;
        !self.is_exceeded
    }

    fn spend(&mut self, event: &RecordedEvent) {
        self.events = self.events.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(event.payload.len() + event.metadata.len());
    }
}

/// The events of one stream, by sequence, as far as is allowed.
///
/// # Errors
/// Whatever the database says.
pub async fn read_stream_within(
    connection: &mut PgConnection,
    stream: StreamRef,
    allowance: &mut Allowance,
) -> Result<Vec<RecordedEvent>, sqlx::Error> {
    let sql = format!(
        "SELECT {RECORDED_COLUMNS} FROM public.events \
         WHERE aggregate_type = $1 AND aggregate_id = $2 AND sequence > $3 \
           AND (SELECT public.expect_stream($1, $2, $3, 9223372036854775807)) ORDER BY sequence LIMIT $4"
    );
    let mut found: Vec<RecordedEvent> = Vec::new();
    loop {
        let before = found.len();
        // One by one: a part of large events must not be in memory before it is counted.
        let mut rows = sqlx::query(&sql)
            .bind(stream.kind.name())
            .bind(stream.id.to_string())
            .bind(found.last().map_or(0, |event| event.sequence))
            .bind(i64::try_from(PART).unwrap_or(i64::MAX))
            .fetch(&mut *connection);
        while let Some(row) = rows.try_next().await? {
            if !allowance.has_room() {
                return Ok(found);
            }
            let event = recorded(&row)?;
            allowance.spend(&event);
            found.push(event);
        }
        if found.len() - before < PART {
            return Ok(found);
        }
    }
}

/// The other events of the commands that these events came of, by position, as far as is allowed.
///
/// No index leads from a command to its events, and none is needed: an append records a command's events one
/// after another, so they stand side by side. They are looked for 64 positions to either side, and further, up to
/// 4,096, while one stands at the very edge.
///
/// # Errors
/// Whatever the database says.
pub async fn read_beside(
    connection: &mut PgConnection,
    known: &BTreeMap<i64, RecordedEvent>,
    allowance: &mut Allowance,
) -> Result<Vec<RecordedEvent>, sqlx::Error> {
    let positions = positions_beside(connection, known, allowance).await?;
    let sql = format!(
        "SELECT {RECORDED_COLUMNS} FROM public.events WHERE global_position = ANY($1) ORDER BY global_position"
    );
    let mut found = Vec::new();
    for part in positions.chunks(PART) {
        let mut rows = sqlx::query(&sql).bind(part).fetch(&mut *connection);
        while let Some(row) = rows.try_next().await? {
            if !allowance.has_room() {
                return Ok(found);
            }
            let event = recorded(&row)?;
            allowance.spend(&event);
            found.push(event);
        }
    }
    Ok(found)
}

/// Where they are, without those that are known; no more than may be read.
async fn positions_beside(
    connection: &mut PgConnection,
    known: &BTreeMap<i64, RecordedEvent>,
    allowance: &mut Allowance,
) -> Result<Vec<i64>, sqlx::Error> {
    // First and last position of each command that is still looked for.
    let mut commands: HashMap<Uuid, (i64, i64)> = HashMap::new();
    for event in known.values() {
        let position = event.global_position;
        let (first, last) = commands.entry(event.command_id).or_insert((position, position));
        (*first, *last) = ((*first).min(position), (*last).max(position));
    }
    let mut found = BTreeSet::new();
    let mut beside = BESIDE_FIRST;
    loop {
        let rows = sqlx::query(
            "SELECT c.id, e.global_position \
             FROM unnest($1::uuid[], $2::bigint[], $3::bigint[]) AS c(id, first, last) \
             CROSS JOIN LATERAL ( \
               SELECT e.global_position FROM public.events e \
               WHERE e.global_position >= c.first AND e.global_position <= c.last AND e.command_id = c.id \
             ) e WHERE (SELECT bool_and(public.expect_events(r.first - 1, r.last)) \
                        FROM unnest($2::bigint[], $3::bigint[]) AS r(first, last)) LIMIT $4",
        )
        .bind(commands.keys().copied().collect::<Vec<_>>())
        .bind(commands.values().map(|(first, _)| first - beside).collect::<Vec<_>>())
        .bind(commands.values().map(|(_, last)| last + beside).collect::<Vec<_>>())
        .bind(i64::try_from(known.len() + allowance.events + 1).unwrap_or(i64::MAX))
        .fetch_all(&mut *connection)
        .await?;
        let mut at_edge = HashMap::new();
        for row in rows {
            let (id, position): (Uuid, i64) = (row.try_get("id")?, row.try_get("global_position")?);
            if !known.contains_key(&position) {
                found.insert(position);
            }
            let Some((first, last)) = commands.get(&id) else { continue };
            if [first - beside, last + beside].contains(&position) {
                at_edge.insert(id, (*first, *last));
            }
        }
        let is_enough = found.len() > allowance.events;
        if is_enough || beside >= BESIDE_LAST || at_edge.is_empty() {
            allowance.is_exceeded |= is_enough;
            return Ok(found.into_iter().take(allowance.events).collect());
        }
        commands = at_edge;
        beside *= 4;
    }
}
