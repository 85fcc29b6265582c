//! `GET /api/v1/orders/{id}/invoice`.

use axum::response::Response;
use platform::{
    body::Path,
    error::{ApiError, ErrorBody, Fault},
};
use uuid::Uuid;

use super::trade::{MODELS, rendered, visible_trade};
use crate::{
    accept::{Format, preferred},
    answer,
    attachment::FileBytes,
    documents::{InvoiceDocument, InvoiceRefusal, Lacking, invoice_pdf, peppol_xml},
    failure::ReadFailure,
    freshness::Seen,
    reader::Reader,
    refusals::{ReadHeaders, ReadRefusals, not_found},
    sight::Sight,
};

/// The invoice that the delivery gave rise to.
#[utoipa::path(
    get, path = "/api/v1/orders/{id}/invoice", tag = "orders",
    params(("id" = Uuid, Path, description = "The order."), ReadHeaders),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "By `Accept`: JSON (default), PDF, or XML as Peppol BIS Billing 3.0.",
            content(
                (InvoiceDocument = "application/json"),
                (FileBytes = "application/pdf"),
                (String = "application/xml")
            )),
        (status = 404, body = ErrorBody, description = "`order_not_found`."),
        (status = 409, body = ErrorBody, description = "`not_invoiceable`: not delivered, nothing delivered, \
            or, as XML, what Peppol requires of a side is missing; details name it."),
        ReadRefusals
    )
)]
pub(crate) async fn get_invoice(reader: Reader, Path(id): Path<Uuid>) -> Result<Response, ApiError> {
    let read = async |sight: Sight, viewer| visible_trade(&sight, viewer, id).await;
    let seen = reader.one(&MODELS, || not_found("order", id), read).await?;
    let invoice = InvoiceDocument::of(&seen.value).map_err(refused)?;
    let format = preferred(&reader.headers, &[Format::Json, Format::Pdf, Format::Xml]);
    let answer = render(Seen { position: seen.position, value: invoice }, format).await?;
    Ok(answer::by_accept(answer))
}

async fn render(invoice: Seen<InvoiceDocument>, format: Format) -> Result<Response, ApiError> {
    if format == Format::Json {
        return Ok(answer::json(invoice));
    }
    let Seen { position, value } = invoice;
    let name = format!("invoice-{}", value.number);
    if format == Format::Pdf {
        let bytes = rendered(move || invoice_pdf(&value)).await?;
        return Ok(answer::file(position, bytes, "application/pdf", &format!("{name}.pdf")));
    }
    value.peppol_ready().map_err(incomplete)?;
    let text = peppol_xml(&value).map_err(ReadFailure::from)?;
    Ok(answer::file(position, text.into_bytes(), "application/xml", &format!("{name}.xml")))
}

fn refused(refusal: InvoiceRefusal) -> ApiError {
    let message = match refusal {
        InvoiceRefusal::NotDelivered { status } => {
            format!("The order is {}; it has an invoice once it is delivered.", status.name())
        }
        InvoiceRefusal::NothingDelivered => {
            "Nothing was delivered, so there is nothing to invoice.".to_owned()
        }
        InvoiceRefusal::Mismatch(mismatch) => return ReadFailure::from(mismatch).into(),
    };
    ApiError::conflict("not_invoiceable", message)
}

fn incomplete(lacking: Vec<Lacking>) -> ApiError {
    let details = lacking.into_iter().map(|lack| Fault::new(lack.field, lack.code, lack.message)).collect();
    let message = "Peppol BIS Billing 3.0 requires more of the two sides than is known; see details.";
    ApiError::conflict_with("not_invoiceable", message, details)
}
