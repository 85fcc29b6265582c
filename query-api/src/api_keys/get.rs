//! `GET /api/v1/api-keys/{id}`.

use std::sync::Arc;

use axum::response::Response;
use chrono::{DateTime, Utc};
use events::{api_key::ApiKey, fold::Folded, resource::ApiKeyResource};
use platform::{
    body::Path,
    error::{ApiError, ErrorBody},
};
use sqlx::{Row, types::Json};
use uuid::Uuid;

use crate::{
    access::Viewer,
    answer,
    failure::ReadFailure,
    freshness::{ReadModel, Seen, checkpoint, names},
    reader::Reader,
    refusals::{ReadHeaders, ReadRefusals, not_found},
    sight::Sight,
};

pub(super) const MODELS: [ReadModel; 1] = [ReadModel::ApiKeys];
const WHAT: &str = "api key";

/// One API key; for its account, `ADMIN` and `AUDITOR`. What is to be called with is not shown again.
#[utoipa::path(
    get, path = "/api/v1/api-keys/{id}", tag = "api-keys",
    params(("id" = Uuid, Path, description = "The key."), ReadHeaders),
    security(("bearer" = [])),
    responses(
        (status = 200, body = ApiKeyResource, headers(
            ("ETag" = String, description = "The revision; `status` and `last_used_at` change without it."),
            ("Iris-Position" = i64, description = "What the answer has seen.")
        )),
        (status = 404, body = ErrorBody, description = "`api_key_not_found`."),
        ReadRefusals
    )
)]
pub(crate) async fn get_api_key(reader: Reader, Path(id): Path<Uuid>) -> Result<Response, ApiError> {
    let now = reader.state.clock.now();
    let read = async |sight: Sight, viewer| key(&sight, viewer, id, now).await;
    let seen = reader.one(&MODELS, || not_found(WHAT, id), read).await?;
    // Never 304: when it was used and that it has expired are no part of the revision.
    Ok(answer::tagged(seen.value.revision, answer::json(seen)))
}

async fn key(
    sight: &Sight,
    viewer: Arc<Viewer>,
    id: Uuid,
    now: DateTime<Utc>,
) -> Result<Seen<Option<ApiKeyResource>>, ReadFailure> {
    let sql = concat!(
        "SELECT c.position, k.account_id, k.state, u.last_used_at FROM ",
        checkpoint!(),
        " c LEFT JOIN (read.api_keys k LEFT JOIN auth.api_keys u USING (key_id)) ON k.key_id = $2"
    );
    let row =
        sqlx::query(sql).bind(names(&MODELS)).bind(id).fetch_one(&mut *sight.connection().await).await?;
    let position = row.try_get("position")?;
    let account_id: Option<Uuid> = row.try_get("account_id")?;
    let is_visible = viewer.sees_everything() || account_id == Some(viewer.account_id);
    let state: Option<Json<Folded<ApiKey>>> = row.try_get("state")?;
    let Some(Json(folded)) = state.filter(|_| is_visible) else { return Ok(Seen { position, value: None }) };
    let resource = ApiKeyResource::of(id.into(), &folded, now);
    let value = Some(ApiKeyResource { last_used_at: row.try_get("last_used_at")?, ..resource });
    Ok(Seen { position, value })
}
