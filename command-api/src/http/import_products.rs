//! `POST /products/import`: a supplier's price list, CSV or XLSX.

use axum::{
    extract::{
        Multipart, State,
        multipart::{Field, MultipartError, MultipartRejection},
    },
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use deserr::Deserr;
use events::values::SupplierId;
use platform::{
    body::{Faults, Json, Parsed, Query, UPLOAD_MAX_BYTES},
    error::{ApiError, ErrorBody, Fault},
};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    answers::{CommandRefusals, UploadHeaders},
    refused::refused,
    state::CommandState,
    submission::Asked,
};
use crate::{
    committer::SubmitError,
    import::{ImportResource, ImportStatus, Imports, Seen, Upload, UploadError},
};

/// What to import for, and how.
#[derive(Debug, Deserr, IntoParams)]
#[deserr(error = Faults, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ImportParams {
    /// Whose products.
    supplier_id: Uuid,
    /// With `true` nothing changes, and the results say what would.
    #[deserr(default)]
    #[param(value_type = Option<bool>, default = false)]
    dry_run: Option<Parsed<bool>>,
}

/// The upload's form.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the form; the handler reads its parts")]
pub(crate) struct ImportForm {
    /// The file: CSV (delimited by `,`, `;` or tab; UTF-8, UTF-16 with a byte order mark, or Windows-1252) or
    /// XLSX (its first visible sheet), told apart by its bytes. At most 25 MiB, 100,000 rows, 64 columns and
    /// 2,000 characters per cell.
    ///
    /// The first row names the columns, in any order and case: `sku`, `name`, `unit`, `price` (kronor and öre,
    /// `129,50` or `129.50`) or `price_cents`, `tax_rate` (per cent) or `tax_category`, and optionally `gtin`,
    /// `description`, `stock_qty` (what was counted on the shelf), `low_stock_qty`, `active`, `category`,
    /// `shelf_life_days`, `pack_qty` (what a pack holds). Swedish names are taken as well: artikelnummer, namn, enhet,
    /// pris, moms, streckkod, beskrivning, lager, aktiv, kategori, hållbarhet, förpackning, ….
    ///
    /// A column that is left out leaves what is known as it is. So does an empty cell, but for `gtin`, `description`,
    /// `category`, `shelf_life_days` and `pack_qty`, which it clears.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// Imports products from a file
///
/// Each row is the supplier's product of that SKU as it is to be: created if it is new, else revised where it
/// differs. A row with faults harms no other, and the same file again changes nothing. Up to 200 rows are done
/// with the answer; more go on after it, even if the server stops in between: follow `Location`.
#[utoipa::path(
    post,
    path = "/api/v1/products/import",
    operation_id = "import_products",
    tag = "products",
    security(("bearer" = [])),
    params(ImportParams, UploadHeaders),
    request_body(content = ImportForm, content_type = "multipart/form-data"),
    responses(
        (status = 200, description = "All rows are done.", body = ImportResource, example = json!({
            "import_id": "01934d7e-0000-7000-8000-000000000001",
            "supplier_id": "01934d7e-0000-7000-8000-0000000000aa",
            "status": "finished", "dry_run": false, "rows_total": 2, "rows_done": 2,
            "created": 1, "revised": 0, "unchanged": 0, "failed": 1,
            "created_at": "2026-11-20T09:00:00Z", "finished_at": "2026-11-20T09:00:00.050Z",
            "rows": [
                {"row": 2, "sku": "TOM-1", "result": "created", "product_id": "01934d7e-0000-7000-8000-000000000002"},
                {"row": 3, "sku": "GUR-1", "result": "failed",
                 "faults": [{"field": "price", "code": "too_many_decimals", "message": "Must have at most 2 decimals."}]}
            ],
            "next_rows_from": null
        })),
        (status = 202, description = "The rows are being done; `Location` tells how far.", body = ImportResource,
            headers(("Location" = String, description = "The import."))),
        (status = 404, description = "`supplier_not_found`", body = ErrorBody),
        (status = 413, description = "The file is larger than 25 MiB.", body = ErrorBody),
        (status = 415, description = "The body is not `multipart/form-data`.", body = ErrorBody),
        CommandRefusals,
    ),
)]
pub(crate) async fn import_products(
    State(state): State<CommandState>,
    asked: Asked,
    Query(params): Query<ImportParams>,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Response, ApiError> {
    let imports = imports(&state);
    let supplier_id = SupplierId(params.supplier_id);
    // Asked before 25 MiB are taken in and read for somebody who may not do this anyway.
    imports.may_import(&asked.caller, supplier_id).await.map_err(not_imported)?;
    let file = only_file(form.map_err(|_| ApiError::unsupported_media_type("multipart/form-data"))?).await?;
    let upload = Upload {
        supplier_id,
        dry_run: params.dry_run.is_some_and(|dry_run| dry_run.0),
        caller: asked.caller,
        key: asked.key,
        metadata: asked.metadata,
        file,
    };
    let seen = imports.upload(upload).await.map_err(not_imported)?;
    let mut response = shown(&seen);
    if seen.resource.status == ImportStatus::Running {
        *response.status_mut() = StatusCode::ACCEPTED;
        let location = HeaderValue::from_str(&format!("/api/v1/imports/{}", seen.resource.import_id));
        response.headers_mut().insert(header::LOCATION, location.expect("an id is a header value"));
    }
    if seen.replayed {
        *response.status_mut() = StatusCode::OK;
        response.headers_mut().insert("idempotency-replayed", HeaderValue::from_static("true"));
    }
    Ok(response)
}

pub(super) fn imports(state: &CommandState) -> Imports {
    Imports {
        pool: state.pool.clone(),
        committer: state.committer.clone(),
        clock: state.clock.clone(),
        ids: state.ids.clone(),
    }
}

/// The import with the position that a reader waits for.
pub(super) fn shown(seen: &Seen) -> Response {
    let mut response = Json(&seen.resource).into_response();
    response.headers_mut().insert("iris-position", HeaderValue::from(seen.position));
    response
}

pub(super) fn not_imported(error: UploadError) -> ApiError {
    match error {
        UploadError::File(fault) => fault.into(),
        UploadError::Refused(refusal) => refused(SubmitError::Refused(*refusal)),
        UploadError::KeyReused => refused(SubmitError::KeyReused),
        UploadError::Database(sqlx::Error::PoolTimedOut | sqlx::Error::Io(_)) => {
            refused(SubmitError::Unavailable)
        }
        error => ApiError::internal(&error),
    }
}

/// The bytes of the form's one part; its file name and content type are the client's claims and not looked at.
async fn only_file(mut form: Multipart) -> Result<Vec<u8>, ApiError> {
    const FILE: &str = "file";
    let mut file = None;
    while let Some(field) = form.next_field().await.map_err(|error| unreadable(&error))? {
        let name = field.name().unwrap_or_default().to_owned();
        if name != FILE {
            let shown: String = name.chars().filter(|c| !c.is_control()).take(64).collect();
            return Err(one_fault(&shown, "unknown_field", "Is not known here; known is: file."));
        }
        if file.is_some() {
            return Err(one_fault(FILE, "repeated", "Stands more than once."));
        }
        file = Some(bytes(field).await?);
    }
    file.ok_or_else(|| one_fault(FILE, "missing", "Is missing."))
}

async fn bytes(mut field: Field<'_>) -> Result<Vec<u8>, ApiError> {
    let mut bytes = Vec::new();
    while let Some(piece) = field.chunk().await.map_err(|error| unreadable(&error))? {
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

fn unreadable(error: &MultipartError) -> ApiError {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        return ApiError::payload_too_large(UPLOAD_MAX_BYTES);
    }
    ApiError::bad_request("invalid_multipart", "The form cannot be read: it is malformed or ended early.")
}

fn one_fault(field: &str, code: &'static str, message: &str) -> ApiError {
    ApiError::validation(vec![Fault::new(field, code, message)])
}
