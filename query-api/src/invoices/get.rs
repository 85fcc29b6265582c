//! `GET /api/v1/invoices/{id}`.

use axum::response::Response;
use events::{
    invoice::InvoiceStatus,
    resource::{InvoiceResource, ReadingProgress},
};
use platform::{
    body::Path,
    error::{ApiError, ErrorBody},
};
use uuid::Uuid;

use super::sight::{MODELS, WHAT, visible_invoice};
use crate::{
    answer,
    failure::ReadFailure,
    reader::Reader,
    refusals::{ReadHeaders, ReadRefusals, ResourceHeaders, not_found},
    sight::Sight,
};

/// One invoice that was sent; for the members and partners of both sides, who sent it, `ADMIN` and `AUDITOR`.
///
/// Who sent it and is of neither side sees nothing of the order that it was held against.
#[utoipa::path(
    get, path = "/api/v1/invoices/{id}", tag = "invoices",
    params(("id" = Uuid, Path, description = "The invoice."), ReadHeaders, ResourceHeaders),
    security(("bearer" = [])),
    responses(
        (status = 200, body = InvoiceResource, headers(
            ("ETag" = String, description = "The revision; `progress` changes without it."),
            ("Iris-Position" = i64, description = "What the answer has seen.")
        )),
        (status = 304, description = "`If-None-Match` names this revision; never while it is `received`."),
        (status = 404, body = ErrorBody, description = "`invoice_not_found`."),
        ReadRefusals
    )
)]
pub(crate) async fn get_received_invoice(reader: Reader, Path(id): Path<Uuid>) -> Result<Response, ApiError> {
    let read = async |sight: Sight, viewer| visible_invoice(&sight, viewer, id).await;
    let seen = reader.one(&MODELS, || not_found(WHAT, id), read).await?;
    let (revision, status) = (seen.value.revision, seen.value.state.status);
    let mut seen = seen.map(|folded| InvoiceResource::of(id.into(), &folded));
    if status != InvoiceStatus::Received {
        return Ok(answer::resource(&reader.headers, revision, seen));
    }
    seen.value.progress = progress(&reader.sight().await?, id).await?;
    // Never 304: how far its reading is, is no part of the revision.
    Ok(answer::tagged(revision, answer::json(seen)))
}

/// `None` where nothing is being read: what is not made of pages is read at once.
async fn progress(sight: &Sight, id: Uuid) -> Result<Option<ReadingProgress>, ReadFailure> {
    let sql = "SELECT stage, percent FROM invoicing.jobs WHERE invoice_id = $1 AND finished_at IS NULL";
    let row: Option<(String, i32)> =
        sqlx::query_as(sql).bind(id).fetch_optional(&mut *sight.connection().await).await?;
    Ok(row.map(|(stage, percent)| ReadingProgress { stage, percent }))
}
