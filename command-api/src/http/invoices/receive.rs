//! `POST /api/v1/invoices`: a file, or a structured invoice.

use axum::{
    body::Body,
    extract::{FromRequest, Request, State},
    http::{HeaderMap, StatusCode, header},
};
use bytes::Bytes;
use events::{
    invoice::Stated,
    resource::InvoiceResource,
    values::{OrderId, RestaurantId, SupplierId},
};
use platform::{
    body::{Json, UPLOAD_MAX_BYTES},
    error::{ApiError, ErrorBody},
};
use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    document::document,
    form::{Form, one_fault, set_once},
    input::InvoiceInput,
    refused::not_received,
    senders::require_sender,
};
use crate::{
    http::{
        answers::CommandHeaders,
        state::CommandState,
        submission::{Accepted, Asked},
    },
    invoices::{Arrival, Door},
};

const OPERATION: &str = "receive_invoice";
const PARTS: &str = "file, order_id, supplier_id, restaurant_id";

/// A file, and what its sender knows of it.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the form; the handler reads its parts")]
pub(crate) struct InvoiceForm {
    /// The file: UBL or CII (XML), a PDF, with or without an invoice in it (Factur-X), or a picture (PNG,
    /// JPEG, TIFF). What it is is told by its bytes; name and content type are not looked at. At most 10 MiB, XML
    /// 25 MiB for the attachments that it carries; 50 pages; pictures of at most 40 million points.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    /// The order that it is for.
    #[schema(value_type = Uuid, required = false)]
    order_id: Option<Uuid>,
    /// Who sells.
    #[schema(value_type = Uuid, required = false)]
    supplier_id: Option<Uuid>,
    /// Who buys.
    #[schema(value_type = Uuid, required = false)]
    restaurant_id: Option<Uuid>,
}

/// What makes two uploads the same request.
#[derive(Serialize)]
struct SentFile {
    sha256: [u8; 32],
    stated: Stated,
}

/// Takes in an invoice or credit note: a file, or structured as JSON. Members of a supplier or a restaurant, and
/// ADMIN.
///
/// XML and JSON are read, checked and matched at once: the answer says how. Pages are read after the answer, whose
/// status is `received`; `GET /invoices/{id}` tells how far that is. The same file again, or the same number of the
/// same supplier with the same day and sum, gets the invoice that is there, with a word in `notices`.
#[utoipa::path(
    post, path = "/api/v1/invoices", tag = "invoices",
    request_body(content(
        (InvoiceForm = "multipart/form-data"),
        (InvoiceInput = "application/json"),
    )),
    params(CommandHeaders), security(("bearer" = [])),
    responses(
        (status = 200, body = InvoiceResource, description = "It had come before: `notices` says so. Or the same \
            request again: the answer it got then.", headers(
            ("Idempotency-Replayed" = bool, description = "`true`, for the same request.")
        )),
        (status = 201, body = InvoiceResource, description = "As far as it has come.", headers(
            ("Location" = String, description = "Its address."),
            ("ETag" = String, description = "The revision."),
            ("Iris-Position" = i64, description = "Where the log is now; give it to a read as Iris-Min-Position.")
        )),
        (status = 404, body = ErrorBody, description = "`order_not_found`, `supplier_not_found`, \
            `restaurant_not_found`."),
        (status = 413, body = ErrorBody, description = "`payload_too_large`, `file_too_large`."),
        (status = 415, body = ErrorBody, description = "Neither a form nor JSON."),
        (status = 422, body = ErrorBody, description = "What the file is refused for, nothing of it being kept: \
            `empty_file`, `unknown_file_type`, `malformed_xml`, `unsupported_encoding`, `xml_with_dtd`, \
            `xml_too_deep`, `xml_too_many_elements`, `not_an_invoice`, `svefaktura_unsupported`, \
            `zugferd1_unsupported`, `unreadable_value`, `truncated_pdf`, `encrypted_pdf`, `damaged_pdf`, \
            `pdf_inflates_too_far`, `too_costly`, `too_many_pages`, `picture_too_large`, `damaged_picture`. Or every \
            fault of the JSON, in `details`; or `idempotency_key_reused`."),
        (status = 503, body = ErrorBody, description = "`reading_queue_full`: too many pictures wait to be read. \
            `read_model_behind`: whether the caller works for anybody is not known yet. Or as for every command. See `Retry-After`."),
        (status = 400, body = ErrorBody, description = "`invalid_multipart`, `invalid_json`, `body_incomplete`, \
            `invalid_idempotency_key`, `invalid_if_match`."),
        (status = 401, body = ErrorBody, description = "No valid access token."),
        (status = 403, body = ErrorBody, description = "`forbidden`: the caller may not send this.")
    )
)]
pub(crate) async fn receive_invoice(
    State(state): State<CommandState>,
    asked: Asked,
    request: Request,
) -> Result<Accepted, ApiError> {
    require_sender(&state.pool, &asked.caller).await?;
    let accepted = match Sent::of(request.headers())? {
        Sent::Json => receive_json(&state, asked, request).await?,
        Sent::Form => receive_file(&state, asked, request).await?,
    };
    Ok(accepted.under("/api/v1/invoices"))
}

/// What the body is.
enum Sent {
    Json,
    Form,
}

impl Sent {
    fn of(headers: &HeaderMap) -> Result<Self, ApiError> {
        let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let essence = content_type.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
        match essence.to_ascii_lowercase().as_str() {
            "application/json" => Ok(Self::Json),
            "multipart/form-data" => Ok(Self::Form),
            _ => Err(ApiError::unsupported_media_type("multipart/form-data or application/json")),
        }
    }
}

async fn receive_json(state: &CommandState, asked: Asked, request: Request) -> Result<Accepted, ApiError> {
    let (parts, body) = request.into_parts();
    let whole = Bytes::from_request(Request::from_parts(parts.clone(), body), &()).await;
    let bytes = whole.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::payload_too_large(UPLOAD_MAX_BYTES),
        _ => ApiError::bad_request("body_incomplete", "The body ended before it was complete."),
    })?;
    // The bytes are what is kept, as they came; what they say is read of a copy.
    let copy = Request::from_parts(parts, Body::from(bytes.clone()));
    let Json(input) = Json::<InvoiceInput>::from_request(copy, &()).await?;
    let document = document(&input)?;
    let key = asked.request_key(OPERATION, &input);
    let Asked { caller, metadata, .. } = asked;
    let arrival = Arrival { bytes, name: None, stated: input.stated(), caller, key, metadata };
    let outcome = state.invoices.receive_document(arrival, document).await.map_err(not_received)?;
    Ok(Accepted::of(outcome))
}

async fn receive_file(state: &CommandState, asked: Asked, request: Request) -> Result<Accepted, ApiError> {
    let mut form = Form::of(request, UPLOAD_MAX_BYTES).await?;
    let (mut file, mut order, mut supplier, mut restaurant) = (None, None, None, None);
    while let Some(part) = form.next().await? {
        match part.name.as_str() {
            "file" => {
                let name = part.file_name.clone();
                set_once(&mut file, "file", (name, part.bytes().await?))?;
            }
            "order_id" => set_once(&mut order, "order_id", OrderId(part.id().await?))?,
            "supplier_id" => set_once(&mut supplier, "supplier_id", SupplierId(part.id().await?))?,
            "restaurant_id" => set_once(&mut restaurant, "restaurant_id", RestaurantId(part.id().await?))?,
            _ => return Err(part.unknown(PARTS)),
        }
    }
    let (name, bytes) = file.ok_or_else(|| one_fault("file", "missing", "Is missing."))?;
    let stated = Stated { supplier_id: supplier, restaurant_id: restaurant, order_id: order };
    let sha256 = Sha256::digest(&bytes).into();
    let key = asked.request_key(OPERATION, &SentFile { sha256, stated });
    let Asked { caller, metadata, .. } = asked;
    let arrival = Arrival { bytes, name, stated, caller, key, metadata };
    let outcome = state.invoices.receive(arrival, Door::Front).await.map_err(not_received)?;
    Ok(Accepted::of(outcome))
}
