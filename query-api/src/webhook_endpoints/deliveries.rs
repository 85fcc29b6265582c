//! `GET /api/v1/webhook-endpoints/{id}/deliveries`.

use std::sync::Arc;

use axum::response::Response;
use chrono::{DateTime, Utc};
use deserr::Deserr;
use events::public::public_type;
use platform::{
    body::{Faults, FromText, Invalid, Parsed, Path},
    error::{ApiError, ErrorBody},
    paging::{List, Page, PageParams, Paged},
};
use serde::Serialize;
use sqlx::{Postgres, QueryBuilder, Row, postgres::PgRow};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::get::{MODELS, WHAT, visible_endpoint};
use crate::{
    access::Viewer,
    answer,
    failure::ReadFailure,
    freshness::Seen,
    listing::{Newest, SortColumns, Take, after, count, envelope, fetch, open, push_window},
    reader::Reader,
    refusals::{ListRefusals, ReadHeaders, ReadRefusals, not_found},
    sight::Sight,
};

const LIST: &str = "webhook_deliveries";
const SORT: SortColumns = SortColumns { at: "d.created_at", id: "d.delivery_id" };

/// The columns of [`DeliveryResource`], of delivery `d` with [`LAST_ATTEMPT`] joined.
pub(super) const COLUMNS: &str = "d.delivery_id AS id, d.created_at AS at, d.event_id, d.event_type, d.aggregate_id, \
     d.position AS event_position, d.origin, d.replay_id, d.state, d.attempts, d.due, d.finished_at, \
     a.attempted_at, a.outcome, a.status, a.total_ms";

/// The last attempt of delivery `d`: one probe.
pub(super) const LAST_ATTEMPT: &str = " LEFT JOIN LATERAL ( \
       SELECT a.attempted_at, a.outcome, a.status, a.total_ms FROM webhooks.attempts a \
       WHERE a.delivery_id = d.delivery_id ORDER BY a.number DESC LIMIT 1 \
     ) a ON true";

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DeliveryState {
    /// It is to be tried, for the first time or again.
    Pending,
    /// The receiver took it.
    Delivered,
    /// It was tried as often as it is worth.
    Failed,
    /// It was called off: its endpoint is gone.
    Cancelled,
}

impl DeliveryState {
    const WORDS: [(&'static str, Self); 4] = [
        ("pending", Self::Pending),
        ("delivered", Self::Delivered),
        ("failed", Self::Failed),
        ("cancelled", Self::Cancelled),
    ];

    fn named(word: &str) -> Option<Self> {
        Self::WORDS.into_iter().find(|(known, _)| *known == word).map(|(_, state)| state)
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// One event on its way to one endpoint.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeliveryResource {
    /// The delivery.
    id: Uuid,
    /// The event: `webhook-id`, the same however often it is sent.
    event_id: Uuid,
    /// Its type on the wire.
    #[schema(example = "iris.order.placed.v1")]
    event_type: String,
    /// What it is about.
    aggregate_id: Uuid,
    /// Its place in the log.
    position: i64,
    /// `live`, `replay` or `ping`.
    #[schema(example = "live")]
    origin: String,
    /// The replay that asked for it.
    #[schema(required)]
    replay_id: Option<Uuid>,
    /// Where it stands.
    state: DeliveryState,
    /// How often it was tried.
    attempts: i32,
    /// What came of the last attempt.
    #[schema(required)]
    last_attempt: Option<LastAttempt>,
    /// When it is tried next, at the earliest; null once it is over.
    #[schema(required)]
    next_attempt_at: Option<DateTime<Utc>>,
    /// When it was queued.
    created_at: DateTime<Utc>,
    /// When it was delivered, given up or called off.
    #[schema(required)]
    finished_at: Option<DateTime<Utc>>,
}

/// What came of an attempt, in short.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LastAttempt {
    /// When it began.
    attempted_at: DateTime<Utc>,
    /// `delivered`, or a word for why not: `http_status`, `timeout`, `connect`, …
    #[schema(example = "http_status")]
    outcome: String,
    /// The answer's HTTP status, if there was one.
    #[schema(required)]
    status: Option<i16>,
    /// How long it took, milliseconds.
    total_ms: i32,
}

/// Which deliveries.
#[derive(Clone, Debug, Deserr, IntoParams)]
#[deserr(error = Faults, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeliveryFilter {
    /// That stand there.
    #[deserr(default)]
    #[param(value_type = Option<DeliveryState>, inline)]
    state: Option<Parsed<State>>,
    /// Of events of this type.
    #[deserr(default)]
    #[param(value_type = Option<String>, pattern = r"^[^\x00]*$", example = "iris.order.placed.v1")]
    event_type: Option<Parsed<EventType>>,
}

/// A state as a parameter.
#[derive(Clone, Copy, Debug)]
struct State(DeliveryState);

impl FromText for State {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        let message =
            || format!("Must be one of: {}.", DeliveryState::WORDS.map(|(word, _)| word).join(", "));
        DeliveryState::named(text).map(Self).ok_or_else(|| Invalid::new("unknown_value", message()))
    }
}

/// A type of the catalogue as a parameter.
#[derive(Clone, Copy, Debug)]
struct EventType(&'static str);

impl FromText for EventType {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        let unknown = || Invalid::new("unknown_event_type", "Is no type of an event.");
        public_type(text).map(|known| Self(known.name)).ok_or_else(unknown)
    }
}

/// What was and is to be sent to an endpoint, newest first; for its owner, `ADMIN` and `AUDITOR`.
#[utoipa::path(
    get, path = "/api/v1/webhook-endpoints/{id}/deliveries", tag = "webhooks",
    params(("id" = Uuid, Path, description = "The endpoint."), DeliveryFilter, PageParams, ReadHeaders),
    security(("bearer" = [])),
    responses(
        (status = 200, body = List<DeliveryResource>),
        (status = 404, body = ErrorBody, description = "`webhook_endpoint_not_found`."),
        ReadRefusals, ListRefusals
    )
)]
pub(crate) async fn list_webhook_deliveries(
    reader: Reader,
    Path(id): Path<Uuid>,
    Paged { page, filter }: Paged<DeliveryFilter>,
) -> Result<Response, ApiError> {
    let after: Option<Newest> = after(&page, LIST)?;
    let (page, filter) = (&page, &filter);
    let read = async |sight: Sight,
                      viewer: Arc<Viewer>|
           -> Result<Seen<Option<List<DeliveryResource>>>, ReadFailure> {
        let known = visible_endpoint(&sight, &viewer, id).await?;
        if known.value.is_none() {
            return Ok(known.map(|_| None));
        }
        let listed = deliveries(&sight, id, filter, page, after).await?;
        Ok(Seen { position: listed.position.min(known.position), value: Some(listed.value) })
    };
    Ok(answer::json(reader.one(&MODELS, || not_found(WHAT, id), read).await?))
}

async fn deliveries(
    sight: &Sight,
    endpoint_id: Uuid,
    filter: &DeliveryFilter,
    page: &Page,
    after: Option<Newest>,
) -> Result<Seen<List<DeliveryResource>>, ReadFailure> {
    let mut sql = open(&MODELS);
    // The page first, then the last attempts of its rows alone.
    sql.push(format_args!("SELECT {COLUMNS} FROM (SELECT d.* FROM webhooks.deliveries d"));
    filter.push(&mut sql, endpoint_id);
    push_window(&mut sql, SORT, after, page, Take::Page);
    sql.push(") d").push(LAST_ATTEMPT);
    let rows = fetch(sight, sql, decode).await?;
    let total = if page.count { Some(total(sight, endpoint_id, filter).await?) } else { None };
    Ok(rows.map(|rows| envelope(rows, page, LIST, total, |row| row.item)))
}

async fn total(sight: &Sight, endpoint_id: Uuid, filter: &DeliveryFilter) -> Result<u64, ReadFailure> {
    let mut sql = QueryBuilder::new("SELECT count(*) FROM webhooks.deliveries d");
    filter.push(&mut sql, endpoint_id);
    count(sight, sql).await
}

impl DeliveryFilter {
    fn push(&self, sql: &mut QueryBuilder<'static, Postgres>, endpoint_id: Uuid) {
        sql.push(" WHERE d.endpoint_id = ").push_bind(endpoint_id);
        if let Some(Parsed(State(state))) = self.state {
            // The collation of its index, which is another than that of the column.
            sql.push(" AND d.state = ").push_bind(state.name()).push(" COLLATE \"C\"");
        }
        if let Some(Parsed(EventType(name))) = self.event_type {
            sql.push(" AND d.event_type = ").push_bind(name);
        }
    }
}

/// A row with [`COLUMNS`].
pub(super) fn decode(row: &PgRow) -> sqlx::Result<DeliveryResource> {
    let word: &str = row.try_get("state")?;
    let unknown = || sqlx::Error::Decode(format!("a delivery's state is {word:?}").into());
    let state = DeliveryState::named(word).ok_or_else(unknown)?;
    let due: DateTime<Utc> = row.try_get("due")?;
    let outcome: Option<String> = row.try_get("outcome")?;
    let last_attempt = match outcome {
        None => None,
        Some(outcome) => Some(LastAttempt {
            attempted_at: row.try_get("attempted_at")?,
            outcome,
            status: row.try_get("status")?,
            total_ms: row.try_get("total_ms")?,
        }),
    };
    Ok(DeliveryResource {
        id: row.try_get("id")?,
        event_id: row.try_get("event_id")?,
        event_type: row.try_get("event_type")?,
        aggregate_id: row.try_get("aggregate_id")?,
        position: row.try_get("event_position")?,
        origin: row.try_get("origin")?,
        replay_id: row.try_get("replay_id")?,
        next_attempt_at: (state == DeliveryState::Pending).then_some(due),
        state,
        attempts: row.try_get("attempts")?,
        last_attempt,
        created_at: row.try_get("at")?,
        finished_at: row.try_get("finished_at")?,
    })
}
