//! `POST /api/v1/invoices/{id}/match`.

use axum::extract::State;
use deserr::Deserr;
use events::{resource::InvoiceResource, values::OrderId};
use platform::{
    body::{Faults, OptionalJson, Path},
    error::{ApiError, ErrorBody},
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::refused::database;
use crate::{
    domain::invoice::MatchInvoice,
    http::{
        answers::{BodyRefusals, CommandHeaders, CommandRefusals, ExistingRefusals},
        state::CommandState,
        submission::{Accepted, Asked},
    },
};

/// What an invoice is for.
#[derive(Debug, Clone, Copy, Default, Deserr, Serialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({"order_id": "01939f2e-7a10-7c3e-9b1a-2f6d5c4b3a27"}))]
pub(crate) struct InvoiceMatch {
    /// The order. Without, the one that it names, or the only one that it fits.
    #[deserr(default)]
    order_id: Option<Uuid>,
}

/// Holds an invoice against an order: what differs is found anew. Members of the restaurant and ADMIN.
#[utoipa::path(
    post, path = "/api/v1/invoices/{id}/match", tag = "invoices",
    request_body = Option<InvoiceMatch>,
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
pub(crate) async fn match_invoice(
    State(state): State<CommandState>,
    asked: Asked,
    Path(id): Path<Uuid>,
    OptionalJson(body): OptionalJson<InvoiceMatch>,
) -> Result<Accepted, ApiError> {
    let candidates = state.invoices.candidates_of(&asked.caller, id.into(), None).await;
    let candidates = candidates.map_err(|error| database(&error))?;
    let command = MatchInvoice { invoice_id: id.into(), order_id: body.order_id.map(OrderId), candidates };
    asked.submit(&state, &body, command).await
}
