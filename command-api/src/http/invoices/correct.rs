//! `POST /api/v1/invoices/{id}/correct`.

use axum::extract::State;
use deserr::Deserr;
use events::{resource::InvoiceResource, values::ProductId};
use platform::{
    body::{Faults, Json, Path},
    error::{ApiError, ErrorBody},
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    document::document,
    input::{InvoiceInput, LINES_MAX},
    refused::database,
};
use crate::{
    domain::invoice::CorrectInvoice,
    http::{
        answers::{BodyRefusals, CommandHeaders, CommandRefusals, ExistingRefusals},
        fields::{Line, List},
        state::CommandState,
        submission::{Accepted, Asked},
    },
};

/// What an invoice says, as a person reads it.
#[derive(Debug, Clone, Deserr, Serialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({
    "document": {
        "number": "F-2026-1001", "issue_date": "2026-11-20", "currency": "SEK",
        "seller": {"name": "Grönt & Gott AB", "org_number": "551000-0001"},
        "lines": [{"id": "1", "sku": "4711", "name": "Tomat, kvist", "quantity": "2.5", "unit": "KGM",
            "unit_price": "29.90", "tax_rate": "6"}],
        "totals": {"net_cents": 7475, "tax_cents": 449, "payable_cents": 7924}
    },
    "aliases": [{"line": "1", "product_id": "01939f2e-7a10-7c3e-9b1a-2f6d5c4b3a24"}]
}))]
pub(crate) struct InvoiceCorrection {
    /// The whole of it as it should be, what was read right included: what is left out is not there. A field that
    /// says as before keeps its place on the page.
    document: InvoiceInput,
    /// Which product a line is, where its article number is not the supplier's own for it; remembered for the
    /// invoices to come.
    #[deserr(default)]
    #[schema(value_type = Vec<InvoiceAlias>, required = false, max_items = 5000)]
    aliases: List<InvoiceAlias, LINES_MAX>,
}

/// Which product a line is.
#[derive(Debug, Clone, Deserr, Serialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
pub(crate) struct InvoiceAlias {
    /// The line's id in the document.
    line: Line<1, 64>,
    /// The product.
    product_id: Uuid,
}

/// Says what an invoice says, where it was read wrongly or not at all; it is then matched anew.
///
/// For a client that shows the pages beside the fields: it sends the whole document back as it should be, so that
/// what was not on the screen cannot change by itself. Nothing reads the file over again after this. Members of the
/// restaurant, whoever sent the invoice while nobody else knows of it, and ADMIN.
#[utoipa::path(
    post, path = "/api/v1/invoices/{id}/correct", tag = "invoices",
    request_body = InvoiceCorrection,
    params(("id" = Uuid, Path, description = "The invoice."), CommandHeaders), security(("bearer" = [])),
    responses(
        (status = 200, body = InvoiceResource, description = "As the command left it.", headers(
            ("ETag" = String, description = "The revision."),
            ("Iris-Position" = i64, description = "Where the log is now; give it to a read as Iris-Min-Position.")
        )),
        (status = 409, body = ErrorBody, description = "`invalid_transition`: not in its state; `details` name it."),
        CommandRefusals, BodyRefusals, ExistingRefusals
    )
)]
pub(crate) async fn correct_invoice(
    State(state): State<CommandState>,
    asked: Asked,
    Path(id): Path<Uuid>,
    Json(body): Json<InvoiceCorrection>,
) -> Result<Accepted, ApiError> {
    let document = Box::new(document(&body.document)?);
    let candidates = state.invoices.candidates_of(&asked.caller, id.into(), Some(&document)).await;
    let candidates = candidates.map_err(|error| database(&error))?;
    let alias = |alias: &InvoiceAlias| (alias.line.clone().into_string(), ProductId(alias.product_id));
    let aliases = body.aliases.0.iter().map(alias).collect();
    let command = CorrectInvoice { invoice_id: id.into(), document, aliases, candidates };
    asked.submit(&state, &body, command).await
}
