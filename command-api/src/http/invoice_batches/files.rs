//! `GET /api/v1/invoice-batches/{id}/files`: what became of each file of a batch, as JSON or CSV.

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use deserr::Deserr;
use platform::{
    body::{Faults, Json, Parsed, Path, Query},
    error::{ApiError, ErrorBody, Fault},
};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::not_sent;
use crate::{
    http::{state::CommandState, submission::Asked},
    invoices::batch::FileResult,
};

const LIMIT_DEFAULT: u32 = 100;
const LIMIT_MAX: u32 = 1_000;

/// Which files to tell of; CSV has all of them.
#[derive(Debug, Deserr, IntoParams)]
#[deserr(error = Faults, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct FilesParams {
    /// The first one wanted, by its number; `next_from` of the answer before.
    #[deserr(default)]
    #[param(value_type = Option<u32>, default = 1, minimum = 0)]
    from: Option<Parsed<u32>>,
    /// Files at most, 1 to 1000.
    #[deserr(default)]
    #[param(value_type = Option<u32>, default = 100, minimum = 1, maximum = 1000)]
    limit: Option<Parsed<u32>>,
}

/// Files of a batch, in the order sent.
#[derive(Serialize, ToSchema)]
pub(crate) struct BatchFiles {
    /// As many as were asked for.
    items: Vec<FileResult>,
    /// `from` of what follows; null at the end.
    next_from: Option<i32>,
}

/// Tells what became of each file of a batch
///
/// For who sent it and ADMIN; for all others there is no such batch. With `Accept: text/csv` all files as one table.
#[utoipa::path(
    get, path = "/api/v1/invoice-batches/{id}/files", tag = "invoices", operation_id = "get_invoice_batch_files",
    params(("id" = Uuid, Path, description = "The batch."), FilesParams), security(("bearer" = [])),
    responses(
        (status = 200, description = "As they stand.", content(
            (BatchFiles = "application/json"), (String = "text/csv")
        ), headers(("Iris-Position" = i64, description = "As its last file left the log."))),
        (status = 401, body = ErrorBody, description = "No valid access token."),
        (status = 404, body = ErrorBody, description = "`invoice_batch_not_found`: absent, or not for the caller to \
            know of."),
        (status = 422, body = ErrorBody, description = "Parameters that cannot be read."),
        (status = 503, body = ErrorBody, description = "`log_unavailable`")
    )
)]
pub(crate) async fn invoice_batch_files(
    State(state): State<CommandState>,
    asked: Asked,
    Path(batch_id): Path<Uuid>,
    Query(params): Query<FilesParams>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let limit = params.limit.map_or(LIMIT_DEFAULT, |limit| limit.0);
    if !(1..=LIMIT_MAX).contains(&limit) {
        let message = format!("Must be from 1 to {LIMIT_MAX}.");
        return Err(ApiError::validation(vec![Fault::new("limit", "out_of_range", message)]));
    }
    let from = i32::try_from(params.from.map_or(1, |from| from.0)).unwrap_or(i32::MAX);
    let is_csv = wants_csv(&headers);
    let (from, read_max) = if is_csv { (1, i64::MAX) } else { (from, i64::from(limit) + 1) };
    let read = state.invoices.files_of_batch(&asked.caller, batch_id, from, read_max).await;
    let (mut items, position) = read.map_err(not_sent)?;
    let mut response = if is_csv {
        csv(&items)
    } else {
        let next_from = items.get(limit as usize).map(|file| file.number);
        items.truncate(limit as usize);
        Json(BatchFiles { items, next_from }).into_response()
    };
    response.headers_mut().insert("iris-position", HeaderValue::from(position));
    Ok(response)
}

/// Whether the first type that is asked for is CSV.
fn wants_csv(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accept.split([',', ';']).next().is_some_and(|first| first.trim().eq_ignore_ascii_case("text/csv"))
}

fn csv(files: &[FileResult]) -> Response {
    let mut table = csv::Writer::from_writer(Vec::new());
    let header = ["number", "name", "result", "invoice_id", "code", "message"].map(ToOwned::to_owned);
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let row = |file: &FileResult| {
        let invoice_id = file.invoice_id.map(|id| id.to_string()).unwrap_or_default();
        [
            file.number.to_string(),
            harmless(&file.name),
            file.result.clone(),
            invoice_id,
            text(&file.code),
            text(&file.message),
        ]
    };
    for row in std::iter::once(header).chain(files.iter().map(row)) {
        table.write_record(row).expect("memory takes everything");
    }
    let table = table.into_inner().expect("memory takes everything");
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"invoice-batch.csv\""),
    ];
    (headers, table).into_response()
}

/// A name that begins like a formula would be one in a spreadsheet, with whatever its sender put into it; behind an
/// apostrophe it is text.
fn harmless(name: &str) -> String {
    let is_formula = name.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if is_formula { format!("'{name}") } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_no_formula() {
        assert_eq!(harmless("=HYPERLINK(\"http://x\")"), "'=HYPERLINK(\"http://x\")");
        assert_eq!(harmless("faktura.pdf"), "faktura.pdf");
    }

    #[test]
    fn csv_is_given_to_who_asks_for_it_first() {
        let headers =
            |accept: &'static str| HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(accept))]);
        assert!(wants_csv(&headers("text/csv")) && wants_csv(&headers("Text/CSV;q=1")));
        assert!(!wants_csv(&headers("application/json, text/csv")) && !wants_csv(&HeaderMap::new()));
    }
}
