//! `GET /api/v1/invoices/{id}/pages/{page}`.

use axum::response::Response;
use events::{fold::Folded, invoice::Invoice};
use platform::{
    body::Path,
    error::{ApiError, ErrorBody},
};
use serde_json::json;
use uuid::Uuid;

use super::{
    FILE_READ,
    sight::{MODELS, WHAT, visible_invoice},
};
use crate::{
    attachment::{FileBytes, kept, picture},
    freshness::Seen,
    reader::Reader,
    refusals::{ReadHeaders, ReadRefusals},
    sight::Sight,
};

/// A page of an invoice as a picture, for people; for whoever may see the invoice.
///
/// `pages` of the invoice has its size: evidence, in hundredths of a point, times `dpi` by 7200 are its pixels.
#[utoipa::path(
    get, path = "/api/v1/invoices/{id}/pages/{page}", tag = "invoices",
    params(
        ("id" = Uuid, Path, description = "The invoice."),
        ("page" = String, Path, description = "The page's number and `.png`.", example = "1.png"),
        ReadHeaders
    ),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The page.", content((FileBytes = "image/png"))),
        (status = 404, body = ErrorBody, description = "`invoice_page_not_found`: there is no such page, or no \
            such invoice."),
        ReadRefusals
    )
)]
pub(crate) async fn get_invoice_page(
    reader: Reader,
    Path((id, page)): Path<(Uuid, String)>,
) -> Result<Response, ApiError> {
    let read = async |sight: Sight, viewer| {
        let seen = visible_invoice(&sight, viewer, id).await?;
        Ok(seen.map(|invoice| invoice.and_then(|invoice| picture_of(&invoice, &page))))
    };
    let Seen { position, value } = reader.one(&MODELS, || absent(id), read).await?;
    let bytes = kept(&reader.state.blobs, &value.sha256).await?;
    // A page shows what the file does.
    reader.record(reader.access(FILE_READ).of(WHAT, id).with(json!({ "page": value.number }))).await?;
    Ok(picture(Seen { position, value: bytes }, &format!("page-{}.png", value.number)))
}

/// A page of that invoice.
struct PagePicture {
    number: u32,
    sha256: String,
}

fn picture_of(invoice: &Folded<Invoice>, name: &str) -> Option<PagePicture> {
    let pages = &invoice.state.reading.as_ref()?.pages;
    let page = pages.iter().find(|page| format!("{}.png", page.number) == name)?;
    Some(PagePicture { number: page.number, sha256: page.sha256.clone() })
}

/// Without the page's name, which is the caller's own text.
fn absent(id: Uuid) -> ApiError {
    ApiError::not_found("invoice_page_not_found", format!("Invoice {id} has no such page."))
}
