//! `GET /api/v1/webhook-endpoints/{id}/deliveries/{delivery_id}`.

use std::sync::Arc;

use axum::response::Response;
use chrono::{DateTime, Utc};
use platform::{
    body::Path,
    error::{ApiError, ErrorBody},
};
use serde::Serialize;
use sqlx::{Row, postgres::PgRow, types::Json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    deliveries::{COLUMNS, DeliveryResource, LAST_ATTEMPT, decode},
    get::{MODELS, WHAT, visible_endpoint},
};
use crate::{
    access::Viewer,
    answer,
    failure::ReadFailure,
    freshness::Seen,
    reader::Reader,
    refusals::{ReadHeaders, ReadRefusals, not_found},
    sight::Sight,
};

/// One event on its way to one endpoint, with every attempt.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeliveryWithAttempts {
    #[serde(flatten)]
    delivery: DeliveryResource,
    /// Every request that was made, the first one first.
    attempt_log: Vec<DeliveryAttempt>,
}

/// One request, and what came back.
#[derive(Debug, Serialize, ToSchema)]
struct DeliveryAttempt {
    /// From 1.
    number: i32,
    /// When it began.
    attempted_at: DateTime<Utc>,
    /// `delivered`, or a word for why not: `http_status`, `timeout`, `connect`, …
    #[schema(example = "delivered")]
    outcome: String,
    /// The answer's HTTP status, if there was one.
    #[schema(required)]
    status: Option<i16>,
    /// Until the answer's headers were there, milliseconds.
    #[schema(required)]
    headers_ms: Option<i32>,
    /// Until it was over, milliseconds.
    total_ms: i32,
    /// The answer's headers.
    #[schema(value_type = Object)]
    response_headers: serde_json::Value,
    /// The first 16 KiB of the answer's body as UTF-8; what is no UTF-8 is shown as �.
    response_body: String,
}

/// What an endpoint's owner sees of one of its deliveries.
enum Found {
    NoEndpoint,
    NoDelivery,
    Delivery(Box<DeliveryWithAttempts>),
}

/// One delivery with every attempt; for the endpoint's owner, `ADMIN` and `AUDITOR`.
#[utoipa::path(
    get, path = "/api/v1/webhook-endpoints/{id}/deliveries/{delivery_id}", tag = "webhooks",
    params(
        ("id" = Uuid, Path, description = "The endpoint."),
        ("delivery_id" = Uuid, Path, description = "The delivery."),
        ReadHeaders
    ),
    security(("bearer" = [])),
    responses(
        (status = 200, body = DeliveryWithAttempts),
        (status = 404, body = ErrorBody, description = "`webhook_endpoint_not_found`, `webhook_delivery_not_found`."),
        ReadRefusals
    )
)]
pub(crate) async fn get_webhook_delivery(
    reader: Reader,
    Path((id, delivery_id)): Path<(Uuid, Uuid)>,
) -> Result<Response, ApiError> {
    let read = async |sight: Sight, viewer: Arc<Viewer>| -> Result<Seen<Option<Found>>, ReadFailure> {
        let known = visible_endpoint(&sight, &viewer, id).await?;
        let found = match known.value {
            None => Found::NoEndpoint,
            Some(()) => find(&sight, id, delivery_id).await?,
        };
        // Only an endpoint can still be on its way into its read model; deliveries are in their table.
        let value = if matches!(found, Found::NoEndpoint) { None } else { Some(found) };
        Ok(Seen { position: known.position, value })
    };
    let seen = reader.one(&MODELS, || not_found(WHAT, id), read).await?;
    match seen.value {
        Found::Delivery(value) => Ok(answer::json(Seen { position: seen.position, value })),
        Found::NoEndpoint | Found::NoDelivery => Err(not_found("webhook delivery", delivery_id)),
    }
}

async fn find(sight: &Sight, endpoint_id: Uuid, delivery_id: Uuid) -> Result<Found, ReadFailure> {
    let sql = format!(
        "SELECT {COLUMNS} FROM webhooks.deliveries d{LAST_ATTEMPT} WHERE d.delivery_id = $1 AND d.endpoint_id = $2"
    );
    let row = sqlx::query(&sql)
        .bind(delivery_id)
        .bind(endpoint_id)
        .fetch_optional(&mut *sight.connection().await)
        .await?;
    let Some(row) = row else { return Ok(Found::NoDelivery) };
    let sql =
        "SELECT number, attempted_at, outcome, status, headers_ms, total_ms, response_headers, response_body
               FROM webhooks.attempts WHERE delivery_id = $1 ORDER BY number";
    let attempts = sqlx::query(sql).bind(delivery_id).fetch_all(&mut *sight.connection().await).await?;
    let attempt_log = attempts.iter().map(attempt).collect::<Result<_, _>>()?;
    Ok(Found::Delivery(Box::new(DeliveryWithAttempts { delivery: decode(&row)?, attempt_log })))
}

fn attempt(row: &PgRow) -> sqlx::Result<DeliveryAttempt> {
    let body: Vec<u8> = row.try_get("response_body")?;
    let headers: Json<serde_json::Value> = row.try_get("response_headers")?;
    Ok(DeliveryAttempt {
        number: row.try_get("number")?,
        attempted_at: row.try_get("attempted_at")?,
        outcome: row.try_get("outcome")?,
        status: row.try_get("status")?,
        headers_ms: row.try_get("headers_ms")?,
        total_ms: row.try_get("total_ms")?,
        response_headers: headers.0,
        response_body: String::from_utf8_lossy(&body).into_owned(),
    })
}
