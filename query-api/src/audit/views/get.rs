//! `GET /api/v1/audit/views/{id}`.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use platform::{
    body::Path,
    error::{ApiError, ErrorBody},
};
use uuid::Uuid;

use super::{COLUMNS, View, WHAT};
use crate::{
    audit::expect_auditor,
    failure::ReadFailure,
    reader::Reader,
    refusals::{ReadRefusals, not_found},
    sight::Sight,
};

/// One view: whether it can be read yet. `AUDITOR`, `ADMIN`.
#[utoipa::path(
    get, path = "/api/v1/audit/views/{id}", tag = "audit",
    params(("id" = Uuid, Path, description = "The view.")), security(("bearer" = [])),
    responses(
        (status = 200, body = View),
        (status = 404, body = ErrorBody, description = "`view_not_found`: it never was, or is over."),
        ReadRefusals
    )
)]
pub(crate) async fn get_view(reader: Reader, Path(id): Path<Uuid>) -> Result<Response, ApiError> {
    expect_auditor(reader.role)?;
    let view = view(&reader.sight().await?, id).await?.ok_or_else(|| not_found(WHAT, id))?;
    Ok(Json(view).into_response())
}

/// The view of that id.
pub(super) async fn view(sight: &Sight, id: Uuid) -> Result<Option<View>, ReadFailure> {
    let sql = format!("SELECT {COLUMNS} FROM audit.views WHERE view_id = $1");
    let row = sqlx::query(&sql).bind(id).fetch_optional(&mut *sight.connection().await).await?;
    Ok(row.as_ref().map(View::read).transpose()?)
}
