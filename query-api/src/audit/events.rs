//! `GET /api/v1/audit/events`.

use axum::response::Response;
use chrono::{DateTime, Utc};
use events::{
    RecordedEvent, StreamKind,
    log::{EventFilter, count_stream, read_stream_part, read_stretch},
};
use platform::{
    access_log::Kind,
    error::{ApiError, ErrorBody, Fault},
    paging::{List, Page, PageParams, Paged, write_cursor},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::PgConnection;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    expect_auditor, export,
    filter::{HistoryFilter, Span},
    looked_at,
    tracing::Traced,
};
use crate::{
    accept::{Format, preferred},
    answer,
    failure::ReadFailure,
    freshness::Seen,
    listing::after,
    reader::Reader,
    refusals::{HistoryRefusals, ListRefusals, ReadHeaders, ReadRefusals},
};

const LIST: &str = "history";
/// Positions that one page looks at: no index leads to a type or an actor, and a page must not cost the log.
const PAGE_POSITIONS: i64 = 50_000;

/// An event as the log holds it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HistoryEvent {
    /// Its place in the log, from 1, without holes.
    global_position: i64,
    event_id: Uuid,
    /// The kind of its stream.
    #[schema(example = "order")]
    stream_type: String,
    stream_id: Uuid,
    /// Its place in its stream, from 1, without holes.
    sequence: i64,
    #[serde(rename = "type")]
    #[schema(example = "OrderPlaced")]
    event_type: String,
    /// Of the shape of `data`.
    #[schema(example = "1")]
    version: String,
    /// To the microsecond: all six digits are hashed.
    #[serde(serialize_with = "to_the_microsecond")]
    recorded_at: DateTime<Utc>,
    /// `account:<id>:<ROLE>` or `system:<name>`.
    actor: String,
    /// Shared by all events of one command.
    command_id: Uuid,
    causation_id: Option<String>,
    /// The request that it began with.
    correlation_id: Option<String>,
    /// What happened, as it is stored.
    #[schema(value_type = Object)]
    data: Value,
    /// How it came to be: request and trace.
    #[schema(value_type = Object)]
    metadata: Value,
    /// SHA-256 in hex over all of the above but the position: fields in the order event id (16 bytes), stream
    /// type, stream id (16 bytes), sequence, type, version, data, metadata, recorded at (microseconds since 1970),
    /// command id (16 bytes), actor; each after its length in bytes; numbers as i64 and lengths as u64, big endian;
    /// `data` and `metadata` as canonical JSON (RFC 8785).
    content_hash: String,
}

fn to_the_microsecond<S: serde::Serializer>(at: &DateTime<Utc>, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true))
}

impl HistoryEvent {
    fn of(event: RecordedEvent) -> Result<Self, ReadFailure> {
        let json = |text: &str| serde_json::from_str(text).map_err(|error| sqlx::Error::Decode(error.into()));
        let traced = Traced::of(&event);
        Ok(Self {
            global_position: event.global_position,
            event_id: event.event_id,
            data: json(&event.payload)?,
            metadata: json(&event.metadata)?,
            stream_type: event.stream_kind,
            stream_id: event.stream_id,
            sequence: event.sequence,
            event_type: event.event_type,
            version: event.event_version,
            recorded_at: event.recorded_at,
            actor: event.actor,
            command_id: event.command_id,
            causation_id: traced.causation_id,
            correlation_id: traced.correlation_id,
            content_hash: hex::encode(event.content_hash),
        })
    }
}

/// Events of the log, oldest first; for `AUDITOR` and `ADMIN`.
///
/// A page looks at no more than 50,000 positions: with a filter by type, actor or kind it may be short or even empty
/// and still have a `next_cursor`; the list ends where that is null. There is no `offset` here, and `count` only
/// without a filter or with a whole stream.
///
/// With `Accept: application/x-ndjson` the whole of it is streamed, a line per event and a last line
/// `{"end":true,"position":N,"count":M,"root":"…"}`: `root` is the RFC 6962 Merkle root over the lines' content
/// hashes, `position` the last one looked at. An answer without that line was cut: go on with `from_position` after
/// the last line that came whole. Parameters of pages do not count there.
#[utoipa::path(
    get, path = "/api/v1/audit/events", tag = "audit", params(HistoryFilter, PageParams, ReadHeaders),
    security(("bearer" = [])),
    responses(
        ReadRefusals, ListRefusals, HistoryRefusals,
        (status = 200, description = "By `Accept`: a page as JSON (default), or all of it as lines.",
            content((List<HistoryEvent> = "application/json"), (String = "application/x-ndjson"))),
        (status = 403, body = ErrorBody, description = "`auditor_only`."),
        (status = 503, body = ErrorBody, description = "`exports_busy`: as many exports run as this process \
            allows. See `Retry-After`.")
    )
)]
pub(crate) async fn list_history(
    reader: Reader,
    Paged { page, filter }: Paged<HistoryFilter>,
) -> Result<Response, ApiError> {
    expect_auditor(reader.role)?;
    let head = reader.log_head().await?;
    let events = filter.events();
    let sight = reader.sight().await?;
    let span = filter.span(&mut *sight.connection().await, head).await?;
    let told = told(&events, span);
    if preferred(&reader.headers, &[Format::Json, Format::Ndjson]) == Format::Ndjson {
        drop(sight);
        let source = export::Source { pool: reader.state.pool.clone(), caller: reader.caller };
        let answer = export::answer(&reader.state.exports, source, head, events, span).await?;
        // No byte of it leaves before it is on record who took it.
        reader.record(reader.access(Kind::EXPORT).of("log", None).with(told)).await?;
        return Ok(answer::by_accept(answer));
    }
    let list = page_of(&mut *sight.connection().await, &events, span, &page).await?;
    drop(sight);
    looked_at(&reader, "log", None, told).await?;
    Ok(answer::by_accept(answer::json(Seen { position: head, value: list })))
}

/// What was asked for.
fn told(filter: &EventFilter, span: Span) -> Value {
    json!({
        "stream_type": filter.stream_kind.map(StreamKind::name),
        "stream_id": filter.stream_id,
        "event_type": &filter.event_type,
        "actor": &filter.actor,
        "after_position": span.after,
        "upto_position": span.upto,
    })
}

/// Where the next page begins.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct After {
    position: i64,
    /// In the stream below, which is the one that was filtered by.
    sequence: i64,
    stream_id: Option<Uuid>,
}

async fn page_of(
    connection: &mut PgConnection,
    filter: &EventFilter,
    span: Span,
    page: &Page,
) -> Result<List<HistoryEvent>, ApiError> {
    if page.offset > 0 {
        return Err(not_offered("offset", "Go on by cursor, or begin at from_position."));
    }
    let total = if page.count { Some(total(connection, filter, span).await?) } else { None };
    let after = after::<After>(page, LIST)?.unwrap_or_default();
    let (mut found, looked_upto) = found(connection, filter, span, after, page.limit_i64() + 1).await?;
    let next = if i64::try_from(found.len()).unwrap_or(i64::MAX) > page.limit_i64() {
        found.truncate(page.limit as usize);
        found.last().map(|last| (last.global_position, last.sequence))
    } else {
        (looked_upto < span.upto).then_some((looked_upto, 0))
    };
    let stream_id = filter.stream().map(|stream| stream.id);
    let cursor = |(position, sequence)| write_cursor(LIST, &After { position, sequence, stream_id });
    Ok(List {
        items: found.into_iter().map(HistoryEvent::of).collect::<Result<_, _>>()?,
        limit: page.limit,
        offset: 0,
        next_cursor: next.map(cursor),
        total,
    })
}

/// Up to `limit` events after that place, and how far was looked.
async fn found(
    connection: &mut PgConnection,
    filter: &EventFilter,
    span: Span,
    after: After,
    limit: i64,
) -> Result<(Vec<RecordedEvent>, i64), ReadFailure> {
    let first = span.after.max(after.position);
    if let Some(stream) = filter.stream() {
        // A place in another stream means nothing in this one.
        let sequence = if after.stream_id == Some(stream.id) { after.sequence } else { 0 };
        let wanted = |event: &RecordedEvent| event.global_position > first && filter.takes(event);
        let mut found = Vec::new();
        let mut sequence = sequence;
        // What a type or an actor leaves out is passed over within the stream.
        loop {
            let part = read_stream_part(connection, stream, sequence, span.upto, STREAM_PART).await?;
            let Some(last) = part.last() else { return Ok((found, span.upto)) };
            sequence = last.sequence;
            found.extend(part.into_iter().filter(wanted));
            if i64::try_from(found.len()).unwrap_or(i64::MAX) >= limit {
                found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
                return Ok((found, span.upto));
            }
        }
    }
    if first >= span.upto {
        // Behind the end: nothing more comes of this list, however far behind.
        return Ok((Vec::new(), span.upto));
    }
    let upto =
        if filter.is_everything() { span.upto } else { span.upto.min(first.saturating_add(PAGE_POSITIONS)) };
    Ok((read_stretch(connection, (first, upto), filter, limit).await?, upto))
}

/// Events of a stream that are read at a time.
const STREAM_PART: i64 = 500;

async fn total(connection: &mut PgConnection, filter: &EventFilter, span: Span) -> Result<u64, ApiError> {
    let count = if filter.is_everything() {
        span.upto - span.after
    } else if let Some(stream) =
        filter.stream().filter(|_| filter.event_type.is_none() && filter.actor.is_none())
    {
        let upto = count_stream(connection, stream, span.upto).await.map_err(ReadFailure::from)?;
        upto - count_stream(connection, stream, span.after).await.map_err(ReadFailure::from)?
    } else {
        return Err(not_offered("count", "What a filter finds in the whole log is not counted; export it."));
    };
    Ok(u64::try_from(count).unwrap_or_default())
}

fn not_offered(field: &str, message: &str) -> ApiError {
    ApiError::unprocessable("not_offered", message).with_details(vec![Fault::new(
        field,
        "not_offered",
        message,
    )])
}
