//! `GET /api/v1/webhook-endpoints/{id}`.

use std::sync::Arc;

use axum::response::Response;
use chrono::{DateTime, Utc};
use events::{fold::Folded, resource::WebhookEndpointResource, webhook_endpoint::WebhookEndpoint};
use platform::{
    body::Path,
    error::{ApiError, ErrorBody},
};
use sqlx::{Row, types::Json};
use uuid::Uuid;

use super::health::{self, health};
use crate::{
    access::Viewer,
    answer,
    failure::ReadFailure,
    freshness::{ReadModel, Seen, checkpoint, names},
    reader::Reader,
    refusals::{ReadHeaders, ReadRefusals, not_found},
    sight::Sight,
};

pub(super) const MODELS: [ReadModel; 1] = [ReadModel::WebhookEndpoints];
pub(super) const WHAT: &str = "webhook endpoint";

/// One webhook endpoint; for its owner, `ADMIN` and `AUDITOR`. Its secret is not shown again.
#[utoipa::path(
    get, path = "/api/v1/webhook-endpoints/{id}", tag = "webhooks",
    params(("id" = Uuid, Path, description = "The endpoint."), ReadHeaders),
    security(("bearer" = [])),
    responses(
        (status = 200, body = WebhookEndpointResource, headers(
            ("ETag" = String, description = "The revision; `health` changes without it."),
            ("Iris-Position" = i64, description = "What the answer has seen.")
        )),
        (status = 404, body = ErrorBody, description = "`webhook_endpoint_not_found`."),
        ReadRefusals
    )
)]
pub(crate) async fn get_webhook_endpoint(reader: Reader, Path(id): Path<Uuid>) -> Result<Response, ApiError> {
    let now = reader.state.clock.now();
    let read = async |sight: Sight, viewer| endpoint(&sight, viewer, id, now).await;
    let seen = reader.one(&MODELS, || not_found(WHAT, id), read).await?;
    // Never 304: how deliveries go is no part of the revision.
    Ok(answer::tagged(seen.value.revision, answer::json(seen)))
}

async fn endpoint(
    sight: &Sight,
    viewer: Arc<Viewer>,
    id: Uuid,
    now: DateTime<Utc>,
) -> Result<Seen<Option<WebhookEndpointResource>>, ReadFailure> {
    let sql = format!(
        concat!(
            "SELECT c.position, w.owner_id, w.state, {columns} FROM ",
            checkpoint!(),
            " c LEFT JOIN read.webhook_endpoints w ON w.endpoint_id = $2 AND w.status <> 'deleted'{lane}"
        ),
        columns = health::COLUMNS,
        lane = health::LANE,
    );
    let row =
        sqlx::query(&sql).bind(names(&MODELS)).bind(id).fetch_one(&mut *sight.connection().await).await?;
    let position = row.try_get("position")?;
    let state: Option<Json<Folded<WebhookEndpoint>>> = row.try_get("state")?;
    let visible = state.filter(|_| row.try_get("owner_id").is_ok_and(|owner| viewer.sees_endpoint_of(owner)));
    let Some(Json(folded)) = visible else { return Ok(Seen { position, value: None }) };
    let resource = WebhookEndpointResource::of(id.into(), &folded, now);
    let value = Some(WebhookEndpointResource { health: health(&row, now)?, ..resource });
    Ok(Seen { position, value })
}

/// Whether there is such an endpoint for the viewer.
pub(super) async fn visible_endpoint(
    sight: &Sight,
    viewer: &Viewer,
    id: Uuid,
) -> Result<Seen<Option<()>>, ReadFailure> {
    let sql = concat!(
        "SELECT c.position, w.endpoint_id, w.owner_id FROM ",
        checkpoint!(),
        " c LEFT JOIN read.webhook_endpoints w ON w.endpoint_id = $2 AND w.status <> 'deleted'"
    );
    let (position, found, owner_id): (i64, Option<Uuid>, Option<Uuid>) =
        sqlx::query_as(sql).bind(names(&MODELS)).bind(id).fetch_one(&mut *sight.connection().await).await?;
    let visible = found.filter(|_| viewer.sees_endpoint_of(owner_id));
    Ok(Seen { position, value: visible.map(|_| ()) })
}
