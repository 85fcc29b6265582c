//! `POST /api/v1/invoices/{id}/accept`.

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

use crate::{
    domain::invoice::AcceptInvoice,
    http::{
        answers::{BodyRefusals, CommandHeaders, CommandRefusals, ExistingRefusals},
        fields::Reason,
        state::CommandState,
        submission::{Accepted, Asked},
    },
};

/// Why an invoice is accepted as it is.
#[derive(Debug, Clone, Deserr, Serialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({"reason": "Priset avtalades per telefon"}))]
pub(crate) struct InvoiceAcceptance {
    /// The reason, for the history.
    reason: Reason,
}

/// Lets an invoice pass as it is, whatever differs from its order. Members of the restaurant and ADMIN.
#[utoipa::path(
    post, path = "/api/v1/invoices/{id}/accept", tag = "invoices",
    request_body = InvoiceAcceptance,
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
pub(crate) async fn accept_invoice(
    State(state): State<CommandState>,
    asked: Asked,
    Path(id): Path<Uuid>,
    Json(body): Json<InvoiceAcceptance>,
) -> Result<Accepted, ApiError> {
    let reason = body.reason.clone().into_string();
    asked.submit(&state, &body, AcceptInvoice { invoice_id: id.into(), reason }).await
}
