//! `GET /imports/{id}`: how far an import is, and what became of its rows.

use axum::{extract::State, response::Response};
use deserr::Deserr;
use platform::{
    body::{Faults, Parsed, Path, Query},
    error::{ApiError, ErrorBody, Fault},
};
use utoipa::IntoParams;
use uuid::Uuid;

use super::{
    import_products::{imports, not_imported, shown},
    state::CommandState,
    submission::Asked,
};
use crate::import::ImportResource;

const ROWS_LIMIT_DEFAULT: u32 = 100;
const ROWS_LIMIT_MAX: u32 = 1_000;

/// Which rows to tell of.
#[derive(Debug, Deserr, IntoParams)]
#[deserr(error = Faults, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct StatusParams {
    /// The first row wanted, by its number in the file; `next_rows_from` of the answer before.
    #[deserr(default)]
    #[param(value_type = Option<u32>, default = 1, minimum = 0)]
    rows_from: Option<Parsed<u32>>,
    /// Rows at most, 0 to 1000.
    #[deserr(default)]
    #[param(value_type = Option<u32>, default = 100, minimum = 0, maximum = 1000)]
    rows_limit: Option<Parsed<u32>>,
}

/// Tells how far an import is
///
/// For its uploader, the members of the supplier and ADMIN; for all others there is no such import.
#[utoipa::path(
    get,
    path = "/api/v1/imports/{id}",
    operation_id = "get_import",
    tag = "products",
    security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The import."), StatusParams),
    responses(
        (status = 200, description = "The import as it stands, with the rows that are done, in order.", body = ImportResource),
        (status = 401, description = "No valid access token.", body = ErrorBody),
        (status = 404, description = "`import_not_found`: absent, or not for the caller to know of.", body = ErrorBody),
        (status = 422, description = "Parameters that cannot be read.", body = ErrorBody),
        (status = 503, description = "`log_unavailable`", body = ErrorBody),
    ),
)]
pub(crate) async fn import_status(
    State(state): State<CommandState>,
    asked: Asked,
    Path(import_id): Path<Uuid>,
    Query(params): Query<StatusParams>,
) -> Result<Response, ApiError> {
    let rows_limit = params.rows_limit.map_or(ROWS_LIMIT_DEFAULT, |limit| limit.0);
    if rows_limit > ROWS_LIMIT_MAX {
        let message = format!("Must be at most {ROWS_LIMIT_MAX}.");
        return Err(ApiError::validation(vec![Fault::new("rows_limit", "out_of_range", message)]));
    }
    // Rows are numbered far below 2^31: whatever is beyond asks for none.
    let rows_from = params.rows_from.map_or(0, |from| i32::try_from(from.0).unwrap_or(i32::MAX));
    let seen = imports(&state).look_up(&asked.caller, import_id, rows_from, i64::from(rows_limit)).await;
    seen.map(|seen| shown(&seen)).map_err(not_imported)
}
