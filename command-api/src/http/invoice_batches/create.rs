//! `POST /api/v1/invoice-batches`: many files, or ZIPs of them.

use axum::{
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use events::{
    invoice::Stated,
    values::{RestaurantId, SupplierId},
};
use platform::error::{ApiError, ErrorBody};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{not_sent, shown};
use crate::{
    http::{
        answers::UploadHeaders,
        invoices::{
            form::{Form, set_once},
            senders::require_sender,
        },
        state::CommandState,
        submission::Asked,
    },
    invoices::batch::{Asking, BatchResource, Uploading},
};

/// Largest body of a batch, in bytes: a month of a restaurant's scans.
pub(crate) const BATCH_MAX_BYTES: usize = 100 * 1024 * 1024;
const PARTS: &str = "file, supplier_id, restaurant_id";

/// Files, and what their sender knows of all of them.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the form; the handler reads its parts")]
pub(crate) struct InvoiceBatchForm {
    /// As often as there are files: each one as for `POST /invoices`, or a ZIP of such. At most 2,000 files and 100 MiB
    /// in all; a ZIP may inflate to 500 MiB and to 200 times its size. A ZIP in a ZIP is not opened.
    #[schema(value_type = Vec<String>, format = Binary, min_items = 1)]
    file: Vec<Vec<u8>>,
    /// Who sells, in all of them.
    #[schema(value_type = Uuid, required = false)]
    supplier_id: Option<Uuid>,
    /// Who buys, in all of them.
    #[schema(value_type = Uuid, required = false)]
    restaurant_id: Option<Uuid>,
}

/// Takes in many invoices at once. Members of a supplier or a restaurant, and ADMIN.
///
/// Each file goes the way of `POST /invoices`, a few at a time and after the answer, even if the server stops in
/// between: follow `Location`. A bad file harms no other.
#[utoipa::path(
    post, path = "/api/v1/invoice-batches", tag = "invoices",
    params(UploadHeaders),
    request_body(content = InvoiceBatchForm, content_type = "multipart/form-data"), security(("bearer" = [])),
    responses(
        (status = 200, body = BatchResource, description = "The same request again: the batch as it now is.", headers(
            ("Idempotency-Replayed" = bool, description = "`true`.")
        )),
        (status = 202, body = BatchResource, description = "The files are being taken in; `Location` tells how far.",
            headers(("Location" = String, description = "The batch.")), example = json!({
                "id": "01939f2e-7a10-7c3e-9b1a-2f6d5c4b3a30", "status": "running", "files_total": 3, "files_done": 0,
                "percent": 0, "outcomes": {"waiting": 3}, "created_at": "2026-11-20T09:00:00Z"
            })),
        (status = 413, body = ErrorBody, description = "`payload_too_large`: more than 100 MiB."),
        (status = 415, body = ErrorBody, description = "The body is not `multipart/form-data`."),
        (status = 422, body = ErrorBody, description = "`zip_bomb`, `damaged_zip`, `too_many_files`: nothing of the \
            batch is taken in. Or a part that is missing or not known; or `idempotency_key_reused`."),
        (status = 503, body = ErrorBody, description = "`log_unavailable`: nothing changed. `read_model_behind`: whether \
            the caller works for anybody is not known yet. See `Retry-After`."),
        (status = 400, body = ErrorBody, description = "`invalid_multipart`, `invalid_json`, `body_incomplete`, \
            `invalid_idempotency_key`, `invalid_if_match`."),
        (status = 401, body = ErrorBody, description = "No valid access token."),
        (status = 403, body = ErrorBody, description = "`forbidden`: the caller may not send this.")
    )
)]
pub(crate) async fn create_invoice_batch(
    State(state): State<CommandState>,
    asked: Asked,
    request: Request,
) -> Result<Response, ApiError> {
    let Asked { caller, key, metadata, .. } = asked;
    require_sender(&state.pool, &caller).await?;
    let mut uploading = Uploading::new(state.invoices.clone());
    let stated = match read(&mut uploading, request).await {
        Ok(stated) => stated,
        Err(error) => {
            uploading.abandon().await;
            return Err(error);
        }
    };
    let seen = uploading.finish(Asking { caller, key, metadata, stated }).await.map_err(not_sent)?;
    let mut response = shown(&seen);
    let headers = response.headers_mut();
    let location = HeaderValue::from_str(&format!("/api/v1/invoice-batches/{}", seen.resource.id));
    headers.insert(header::LOCATION, location.expect("an id is a header value"));
    if seen.replayed {
        headers.insert("idempotency-replayed", HeaderValue::from_static("true"));
    } else {
        *response.status_mut() = StatusCode::ACCEPTED;
    }
    Ok(response)
}

async fn read(uploading: &mut Uploading, request: Request) -> Result<Stated, ApiError> {
    let mut form = Form::of(request, BATCH_MAX_BYTES).await?;
    let (mut supplier_id, mut restaurant_id) = (None, None);
    while let Some(part) = form.next().await? {
        match part.name.as_str() {
            "file" => {
                let name = part.file_name.clone();
                uploading.add(name.as_deref(), part.bytes().await?).await.map_err(not_sent)?;
            }
            "supplier_id" => set_once(&mut supplier_id, "supplier_id", SupplierId(part.id().await?))?,
            "restaurant_id" => set_once(&mut restaurant_id, "restaurant_id", RestaurantId(part.id().await?))?,
            _ => return Err(part.unknown(PARTS)),
        }
    }
    Ok(Stated { supplier_id, restaurant_id, order_id: None })
}
