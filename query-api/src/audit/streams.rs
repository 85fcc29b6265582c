//! `GET /api/v1/audit/streams/{type}/{id}`.

use axum::response::Response;
use chrono::{DateTime, Utc};
use events::{
    RecordedEvent, StreamKind, StreamRef,
    log::{count_stream, read_stream_part},
};
use platform::{
    body::Path,
    error::{ApiError, ErrorBody},
    paging::{List, NoFilter, Page, PageParams, Paged},
};
use serde::Serialize;
use serde_json::{Value, json};
use sqlx::PgConnection;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    expect_auditor, looked_at,
    names::Names,
    tracing::RequestSeen,
    who::{Actors, Who},
    words::{Change, tell},
};
use crate::{
    access::Viewer,
    answer,
    failure::ReadFailure,
    freshness::Seen,
    listing::after,
    reader::Reader,
    refusals::{HistoryRefusals, ListRefusals, ReadHeaders, ReadRefusals, not_found},
};

const LIST: &str = "stream history";
/// Events at the beginning of a stream that names are learned from.
const CONTEXT_MAX: i64 = 1_000;

/// An event in words.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StreamEntry {
    /// Its place in the log.
    position: i64,
    /// Its place in the stream, from 1, without holes.
    sequence: i64,
    recorded_at: DateTime<Utc>,
    #[serde(rename = "type")]
    #[schema(example = "OrderConfirmed")]
    event_type: String,
    who: Who,
    /// What was done, in the past tense and without its subject.
    #[schema(example = "Confirmed the order: it will be delivered.")]
    words: String,
    changes: Vec<Change>,
    request: RequestSeen,
    /// The event itself, as it is stored.
    #[schema(value_type = Object)]
    data: Value,
}

/// A stream's history.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StreamHistory {
    stream_type: &'static str,
    stream_id: Uuid,
    /// Oldest first.
    items: Vec<StreamEntry>,
    /// The limit that held.
    limit: u32,
    /// The offset that held.
    offset: u64,
    /// Hand it back as `cursor` for the next page; null on the last.
    #[schema(required)]
    next_cursor: Option<String>,
    /// Events of the stream; only with `count=true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<u64>,
}

/// What happened to one thing, in words, oldest first; for `AUDITOR` and `ADMIN`.
///
/// Names of organisations and whom an account works for are those of today; all else is what the events say.
#[utoipa::path(
    get, path = "/api/v1/audit/streams/{type}/{id}", tag = "audit",
    params(
        ("type" = String, Path, description = "`order`, `stock`, `invoice`, … as in `stream_type` of events."),
        ("id" = Uuid, Path, description = "Which; stock has its product's id, billing its order's."),
        PageParams, ReadHeaders
    ),
    security(("bearer" = [])),
    responses(
        ReadRefusals, ListRefusals, HistoryRefusals,
        (status = 200, body = StreamHistory),
        (status = 403, body = ErrorBody, description = "`auditor_only`."),
        (status = 404, body = ErrorBody, description = "`stream_not_found`.")
    )
)]
pub(crate) async fn get_stream_history(
    reader: Reader,
    Path((kind, id)): Path<(String, Uuid)>,
    Paged { page, filter: NoFilter {} }: Paged<NoFilter>,
) -> Result<Response, ApiError> {
    expect_auditor(reader.role)?;
    let head = reader.log_head().await?;
    let stream = StreamKind::named(&kind).map(|kind| StreamRef { kind, id });
    let stream = stream.ok_or_else(|| not_found("stream", id))?;
    let after = after::<i64>(&page, LIST)?.unwrap_or_default();
    let sight = reader.sight().await?;
    let viewer = Viewer::of(reader.caller.account_id, reader.role, &[]);
    let history = history(&mut *sight.connection().await, stream, head, (&page, after), &viewer).await?;
    drop(sight);
    let value = history.ok_or_else(|| not_found("stream", id))?;
    looked_at(&reader, stream.kind.name(), id, json!({ "list": LIST })).await?;
    Ok(answer::json(Seen { position: head, value }))
}

async fn history(
    connection: &mut PgConnection,
    stream: StreamRef,
    head: i64,
    (page, after): (&Page, i64),
    viewer: &Viewer,
) -> Result<Option<StreamHistory>, ReadFailure> {
    // Sequences have no holes: an offset is a sequence.
    let after = after.saturating_add(page.offset_i64());
    let found = read_stream_part(connection, stream, after, head, page.limit_i64() + 1).await?;
    if found.is_empty() && read_stream_part(connection, stream, 0, head, 1).await?.is_empty() {
        return Ok(None);
    }
    let total =
        if page.count { u64::try_from(count_stream(connection, stream, head).await?).ok() } else { None };
    let mut names = Names::default();
    for event in context(connection, stream, head).await?.iter().chain(&found) {
        names.learn(event);
    }
    // A stream's history is about no two sides: nobody is said to have acted for one.
    let actors = Actors::default();
    names.look_up(connection).await?;
    let List { items, limit, offset, next_cursor, .. } = List::of(found, page, LIST, |event| event.sequence);
    let items = items.iter().map(|event| entry(event, &actors, &names, viewer)).collect();
    let (stream_type, stream_id) = (stream.kind.name(), stream.id);
    Ok(Some(StreamHistory { stream_type, stream_id, items, limit, offset, next_cursor, total }))
}

/// Events that say what lines and invoices are called, where a page begins in the middle.
async fn context(
    connection: &mut PgConnection,
    stream: StreamRef,
    head: i64,
) -> Result<Vec<RecordedEvent>, sqlx::Error> {
    let of = match stream.kind {
        StreamKind::Order | StreamKind::Cart | StreamKind::Invoice | StreamKind::Product => stream,
        StreamKind::Billing => StreamRef { kind: StreamKind::Order, ..stream },
        StreamKind::Account
        | StreamKind::Supplier
        | StreamKind::Restaurant
        | StreamKind::Stock
        | StreamKind::WebhookEndpoint
        | StreamKind::TradeRelation
        | StreamKind::ApiKey
        | StreamKind::Inventory
        | StreamKind::Forecast
        | StreamKind::PriceRules => return Ok(Vec::new()),
    };
    read_stream_part(connection, of, 0, head, CONTEXT_MAX).await
}

fn entry(event: &RecordedEvent, actors: &Actors, names: &Names, viewer: &Viewer) -> StreamEntry {
    let told = tell(event, names);
    StreamEntry {
        position: event.global_position,
        sequence: event.sequence,
        recorded_at: event.recorded_at,
        event_type: event.event_type.clone(),
        who: actors.who(event, names, &[], viewer),
        words: told.words,
        changes: told.changes,
        request: RequestSeen::of(event),
        // The column is JSON: what cannot be read as such cannot stand there.
        data: serde_json::from_str(&event.payload).unwrap_or_default(),
    }
}
