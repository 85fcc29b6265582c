//! `GET /api/v1/invoice-batches/{id}`: how far a batch is.

use axum::{extract::State, response::Response};
use platform::{
    body::Path,
    error::{ApiError, ErrorBody},
};
use uuid::Uuid;

use super::{not_sent, shown};
use crate::{
    http::{state::CommandState, submission::Asked},
    invoices::batch::BatchResource,
};

/// Tells how far a batch of invoices is
///
/// For who sent it and ADMIN; for all others there is no such batch.
#[utoipa::path(
    get, path = "/api/v1/invoice-batches/{id}", tag = "invoices", operation_id = "get_invoice_batch",
    params(("id" = Uuid, Path, description = "The batch.")), security(("bearer" = [])),
    responses(
        (status = 200, body = BatchResource, description = "As it stands.", headers(
            ("Iris-Position" = i64, description = "As its last file left the log.")
        )),
        (status = 401, body = ErrorBody, description = "No valid access token."),
        (status = 404, body = ErrorBody, description = "`invoice_batch_not_found`: absent, or not for the caller to \
            know of."),
        (status = 503, body = ErrorBody, description = "`log_unavailable`")
    )
)]
pub(crate) async fn invoice_batch_status(
    State(state): State<CommandState>,
    asked: Asked,
    Path(batch_id): Path<Uuid>,
) -> Result<Response, ApiError> {
    let seen = state.invoices.look_up_batch(&asked.caller, batch_id).await.map_err(not_sent)?;
    Ok(shown(&seen))
}
