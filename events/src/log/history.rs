//! Parts of the log by what is asked of its history: a stream, a kind, a type, an actor.

use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::feed::{RECORDED_COLUMNS, recorded};
use crate::{
    envelope::{RecordedEvent, StreamKind, StreamRef},
    history_line::Routing,
};

/// Which events are wanted; what is absent lets all pass.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Of streams of this kind.
    pub stream_kind: Option<StreamKind>,
    /// Of streams of this id.
    pub stream_id: Option<Uuid>,
    /// Of this type, `OrderPlaced`.
    pub event_type: Option<String>,
    /// By this actor, as it stands in the log.
    pub actor: Option<String>,
}

impl EventFilter {
    /// The one stream that is wanted, if it is named whole.
    pub fn stream(&self) -> Option<StreamRef> {
        Some(StreamRef { kind: self.stream_kind?, id: self.stream_id? })
    }

    /// True where every event is wanted.
    pub fn is_everything(&self) -> bool {
        *self == Self::default()
    }

    /// Whether that event is wanted.
    pub fn takes(&self, event: &RecordedEvent) -> bool {
        self.stream_kind.is_none_or(|kind| kind.name() == event.stream_kind)
            && self.stream_id.is_none_or(|id| id == event.stream_id)
            && self.event_type.as_ref().is_none_or(|wanted| *wanted == event.event_type)
            && self.actor.as_ref().is_none_or(|wanted| *wanted == event.actor)
    }
}

/// The wanted events with `after < global_position <= upto`, by position, at most `limit`.
///
/// Looks at every position of that stretch until it has enough: the caller bounds the stretch.
///
/// # Errors
/// Whatever the database says.
pub async fn read_stretch(
    connection: &mut PgConnection,
    (after, upto): (i64, i64),
    filter: &EventFilter,
    limit: i64,
) -> Result<Vec<RecordedEvent>, sqlx::Error> {
    // By its positions alone, as the feed is (`read_feed` says why): by `|| ''` no index has the kind.
    let sql = format!(
        "SELECT {RECORDED_COLUMNS} FROM public.events \
         WHERE global_position > $1 AND global_position <= $2 AND (SELECT public.expect_events($1, $2)) \
           AND ($3::text IS NULL OR aggregate_type || '' = $3) AND ($4::text IS NULL OR aggregate_id = $4) \
           AND ($5::text IS NULL OR event_type = $5) AND ($6::text IS NULL OR actor = $6) \
         ORDER BY global_position LIMIT $7"
    );
    let rows = sqlx::query(&sql)
        .bind(after)
        .bind(upto)
        .bind(filter.stream_kind.map(StreamKind::name))
        .bind(filter.stream_id.map(|id| id.to_string()))
        .bind(filter.event_type.as_deref())
        .bind(filter.actor.as_deref())
        .bind(limit)
        .fetch_all(connection)
        .await?;
    rows.iter().map(recorded).collect()
}

/// The events with `after < global_position <= upto`, by position, with the organisations that each was routed by.
pub(crate) async fn read_routed(
    connection: &mut PgConnection,
    after: i64,
    upto: i64,
) -> Result<Vec<(RecordedEvent, Routing)>, sqlx::Error> {
    let sql = format!(
        "SELECT {RECORDED_COLUMNS}, supplier_id, restaurant_id FROM public.events \
         WHERE global_position > $1 AND global_position <= $2 ORDER BY global_position"
    );
    let rows = sqlx::query(&sql).bind(after).bind(upto).fetch_all(connection).await?;
    rows.iter()
        .map(|row| {
            let routing = Routing {
                supplier_id: row.try_get("supplier_id")?,
                restaurant_id: row.try_get("restaurant_id")?,
            };
            Ok((recorded(row)?, routing))
        })
        .collect()
}

/// Events of one stream after a sequence and up to a position, by sequence, at most `limit`.
///
/// # Errors
/// Whatever the database says.
pub async fn read_stream_part(
    connection: &mut PgConnection,
    stream: StreamRef,
    after_sequence: i64,
    upto: i64,
    limit: i64,
) -> Result<Vec<RecordedEvent>, sqlx::Error> {
    let sql = format!(
        "SELECT {RECORDED_COLUMNS} FROM public.events \
         WHERE aggregate_type = $1 AND aggregate_id = $2 AND sequence > $3 AND global_position <= $4 \
           AND (SELECT public.expect_stream($1, $2, $3, $4)) \
         ORDER BY sequence LIMIT $5"
    );
    let rows = sqlx::query(&sql)
        .bind(stream.kind.name())
        .bind(stream.id.to_string())
        .bind(after_sequence)
        .bind(upto)
        .bind(limit)
        .fetch_all(connection)
        .await?;
    rows.iter().map(recorded).collect()
}

/// How many events of a stream stand at or before that position.
///
/// # Errors
/// Whatever the database says.
pub async fn count_stream(
    connection: &mut PgConnection,
    stream: StreamRef,
    upto: i64,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT count(*) FROM public.events \
         WHERE aggregate_type = $1 AND aggregate_id = $2 AND global_position <= $3 \
           AND (SELECT public.expect_stream($1, $2, 0, $3))",
    )
    .bind(stream.kind.name())
    .bind(stream.id.to_string())
    .bind(upto)
    .fetch_one(connection)
    .await
}

/// When the event at that position was recorded; `None` where there is none.
///
/// # Errors
/// Whatever the database says.
pub async fn time_of(
    connection: &mut PgConnection,
    position: i64,
) -> Result<Option<chrono::DateTime<chrono::Utc>>, sqlx::Error> {
    let row = sqlx::query(
        "SELECT recorded_at FROM public.events \
                           WHERE global_position = $1 AND (SELECT public.expect_events($1 - 1, $1))",
    )
    .bind(position)
    .fetch_optional(connection)
    .await?;
    row.map(|row| row.try_get("recorded_at")).transpose()
}

/// Position and content hash of the events with `after < global_position <= upto`, by position.
///
/// # Errors
/// Whatever the database says.
pub async fn read_hashes(
    connection: &mut PgConnection,
    after: i64,
    upto: i64,
) -> Result<Vec<(i64, Vec<u8>)>, sqlx::Error> {
    sqlx::query_as(
        "SELECT global_position, content_hash FROM public.events \
         WHERE global_position > $1 AND global_position <= $2 AND (SELECT public.expect_events($1, $2)) \
         ORDER BY global_position",
    )
    .bind(after)
    .bind(upto)
    .fetch_all(connection)
    .await
}
