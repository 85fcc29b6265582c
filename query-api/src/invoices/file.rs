//! `GET /api/v1/invoices/{id}/file`.

use axum::response::Response;
use platform::{
    body::Path,
    error::{ApiError, ErrorBody},
};
use uuid::Uuid;

use super::{
    FILE_READ,
    sight::{MODELS, WHAT, visible_invoice},
};
use crate::{
    attachment::{FileBytes, attachment, kept},
    freshness::Seen,
    reader::Reader,
    refusals::{ReadHeaders, ReadRefusals, not_found},
    sight::Sight,
};

/// The file that an invoice came in, byte for byte; for whoever may see the invoice.
///
/// Always to be saved, under a name made safe; its type is that of its bytes.
#[utoipa::path(
    get, path = "/api/v1/invoices/{id}/file", tag = "invoices",
    params(("id" = Uuid, Path, description = "The invoice."), ReadHeaders),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The file. One that is none of these is `application/octet-stream`.",
            content(
                (FileBytes = "application/pdf"), (FileBytes = "application/xml"), (Object = "application/json"),
                (FileBytes = "image/png"), (FileBytes = "image/jpeg"), (FileBytes = "image/tiff")
            )),
        (status = 404, body = ErrorBody, description = "`invoice_not_found`."),
        ReadRefusals
    )
)]
pub(crate) async fn get_invoice_file(reader: Reader, Path(id): Path<Uuid>) -> Result<Response, ApiError> {
    let read = async |sight: Sight, viewer| visible_invoice(&sight, viewer, id).await;
    let Seen { position, value } = reader.one(&MODELS, || not_found(WHAT, id), read).await?;
    let file = value.state.file;
    let bytes = kept(&reader.state.blobs, &file.sha256).await?;
    reader.record(reader.access(FILE_READ).of(WHAT, id)).await?;
    let name = file.name.unwrap_or_else(|| format!("invoice-{id}"));
    Ok(attachment(Seen { position, value: bytes }, &file.media_type, &name))
}
