//! `GET /api/v1/audit/views`.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use platform::{
    error::ApiError,
    paging::{List, NoFilter, PageParams, Paged},
};

use super::{COLUMNS, View};
use crate::{
    audit::expect_auditor,
    failure::ReadFailure,
    listing::{Newest, after},
    reader::Reader,
    refusals::{ListRefusals, ReadRefusals},
    sight::Sight,
};

const LIST: &str = "views";

/// The views that are there, newest first; at most three. `AUDITOR`, `ADMIN`.
#[utoipa::path(
    get, path = "/api/v1/audit/views", tag = "audit", params(PageParams), security(("bearer" = [])),
    responses((status = 200, body = List<View>), ReadRefusals, ListRefusals)
)]
pub(crate) async fn list_views(
    reader: Reader,
    Paged { page, .. }: Paged<NoFilter>,
) -> Result<Response, ApiError> {
    expect_auditor(reader.role)?;
    let after: Option<Newest> = after(&page, LIST)?;
    let sql = format!(
        "SELECT {COLUMNS} FROM audit.views WHERE $1::timestamptz IS NULL OR (asked_at, view_id) < ($1, $2) \
         ORDER BY asked_at DESC, view_id DESC LIMIT $3 OFFSET $4"
    );
    let sight = reader.sight().await?;
    let rows = sqlx::query(&sql)
        .bind(after.map(|after| after.at))
        .bind(after.map(|after| after.id))
        .bind(page.limit_i64() + 1)
        .bind(page.offset_i64())
        .fetch_all(&mut *sight.connection().await)
        .await
        .map_err(ReadFailure::from)?;
    let views: Vec<View> =
        rows.iter().map(View::read).collect::<sqlx::Result<_>>().map_err(ReadFailure::from)?;
    let total = if page.count { Some(total(&sight).await?) } else { None };
    let list = List::of(views, &page, LIST, |view| Newest { at: view.asked_at, id: view.id });
    Ok(Json(list.with_total(total)).into_response())
}

async fn total(sight: &Sight) -> Result<u64, ReadFailure> {
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM audit.views")
        .fetch_one(&mut *sight.connection().await)
        .await?;
    Ok(count.unsigned_abs())
}
