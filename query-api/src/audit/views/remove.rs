//! `DELETE /api/v1/audit/views/{id}`.

use axum::http::StatusCode;
use platform::{
    body::Path,
    error::{ApiError, ErrorBody},
};
use uuid::Uuid;

use super::WHAT;
use crate::{
    audit::expect_auditor,
    failure::ReadFailure,
    reader::Reader,
    refusals::{ReadRefusals, not_found},
};

/// Ends a view, built or not; its rows are dropped a moment later. `AUDITOR`, `ADMIN`.
#[utoipa::path(
    delete, path = "/api/v1/audit/views/{id}", tag = "audit",
    params(("id" = Uuid, Path, description = "The view.")), security(("bearer" = [])),
    responses(
        (status = 204, description = "It is over."),
        (status = 404, body = ErrorBody, description = "`view_not_found`: it never was, or is over."),
        ReadRefusals
    )
)]
pub(crate) async fn remove_view(reader: Reader, Path(id): Path<Uuid>) -> Result<StatusCode, ApiError> {
    expect_auditor(reader.role)?;
    // The row alone: this role may drop nothing. Whoever runs projections drops a schema without a row.
    let mut transaction = reader.writing().await?;
    let removed = sqlx::query("DELETE FROM audit.views WHERE view_id = $1")
        .bind(id)
        .execute(&mut *transaction)
        .await
        .map_err(ReadFailure::from)?;
    transaction.commit().await.map_err(ReadFailure::from)?;
    if removed.rows_affected() == 0 {
        return Err(not_found(WHAT, id));
    }
    Ok(StatusCode::NO_CONTENT)
}
