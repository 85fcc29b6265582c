//! `POST /api/v1/invoices/{id}/dispute`.

use axum::extract::State;
use deserr::Deserr;
use events::resource::InvoiceResource;
use platform::{
    body::{Faults, Json, Path},
    error::{ApiError, ErrorBody},
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::input::LINES_MAX;
use crate::{
    domain::invoice::DisputeInvoice,
    http::{
        answers::{BodyRefusals, CommandHeaders, CommandRefusals, ExistingRefusals},
        fields::{Line, List, Reason},
        state::CommandState,
        submission::{Accepted, Asked},
    },
};

/// What is wrong with an invoice.
#[derive(Debug, Clone, Deserr, Serialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({"reason": "Tomaterna var skämda", "lines": ["1"]}))]
pub(crate) struct InvoiceComplaint {
    /// In words, for the supplier.
    reason: Reason,
    /// Ids of the invoice's lines that are meant; none for the whole.
    #[deserr(default)]
    #[schema(value_type = Vec<Line<1, 64>>, required = false, max_items = 5000)]
    lines: List<Line<1, 64>, LINES_MAX>,
}

/// Says that something is wrong with an invoice; the supplier is asked about it. Members of the restaurant and
/// ADMIN.
#[utoipa::path(
    post, path = "/api/v1/invoices/{id}/dispute", tag = "invoices",
    request_body = InvoiceComplaint,
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
pub(crate) async fn dispute_invoice(
    State(state): State<CommandState>,
    asked: Asked,
    Path(id): Path<Uuid>,
    Json(body): Json<InvoiceComplaint>,
) -> Result<Accepted, ApiError> {
    let reason = body.reason.clone().into_string();
    let lines = body.lines.0.iter().cloned().map(Line::into_string).collect();
    asked.submit(&state, &body, DisputeInvoice { invoice_id: id.into(), reason, lines }).await
}
