//! `GET /api/v1/orders/{id}/receipt`.

use axum::response::Response;
use platform::{body::Path, error::ApiError};
use uuid::Uuid;

use super::trade::{MODELS, rendered, visible_trade};
use crate::{
    accept::{Format, preferred},
    answer,
    attachment::FileBytes,
    documents::{ReceiptDocument, receipt_pdf},
    freshness::Seen,
    reader::Reader,
    refusals::{ReadHeaders, ReadRefusals, not_found},
    sight::Sight,
};

/// What was ordered, delivered and received, line by line, with the claims.
///
/// An order has a receipt from the first moment; what has not happened yet is null.
#[utoipa::path(
    get, path = "/api/v1/orders/{id}/receipt", tag = "orders",
    params(("id" = Uuid, Path, description = "The order."), ReadHeaders),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "By `Accept`: JSON (default) or PDF.",
            content((ReceiptDocument = "application/json"), (FileBytes = "application/pdf"))),
        (status = 404, body = platform::error::ErrorBody, description = "`order_not_found`."),
        ReadRefusals
    )
)]
pub(crate) async fn get_receipt(reader: Reader, Path(id): Path<Uuid>) -> Result<Response, ApiError> {
    let read = async |sight: Sight, viewer| visible_trade(&sight, viewer, id).await;
    let seen = reader.one(&MODELS, || not_found("order", id), read).await?;
    let receipt = seen.map(|trade| ReceiptDocument::of(&trade));
    let answer = match preferred(&reader.headers, &[Format::Json, Format::Pdf]) {
        Format::Pdf => {
            let Seen { position, value } = receipt;
            let bytes = rendered(move || receipt_pdf(&value)).await?;
            answer::file(position, bytes, "application/pdf", &format!("receipt-{id}.pdf"))
        }
        _ => answer::json(receipt),
    };
    Ok(answer::by_accept(answer))
}
