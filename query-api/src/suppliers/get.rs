//! `GET /api/v1/suppliers/{id}`.

use axum::response::Response;
use events::{fold::Folded, resource::SupplierResource, supplier::Supplier};
use platform::{body::Path, error::ApiError};
use sqlx::types::Json;
use uuid::Uuid;

use crate::{
    answer,
    failure::ReadFailure,
    freshness::{ReadModel, Seen, checkpoint, names},
    reader::Reader,
    refusals::{ReadHeaders, ReadRefusals, ResourceHeaders, ResourceRefusals, not_found},
    sight::Sight,
};

const MODELS: [ReadModel; 1] = [ReadModel::Suppliers];

/// One supplier.
#[utoipa::path(
    get, path = "/api/v1/suppliers/{id}", tag = "suppliers",
    params(("id" = Uuid, Path, description = "The supplier."), ReadHeaders, ResourceHeaders),
    security(("bearer" = [])),
    responses(
        (status = 200, body = SupplierResource, headers(
            ("ETag" = String, description = "The revision."),
            ("Iris-Position" = i64, description = "What the answer has seen.")
        ), example = json!({
            "id": "0190a8f2-7c3e-7b1a-9f4d-1c2b3a4d5e10", "name": "Grönsakskompaniet AB",
            "contact_email": "order@gronsaker.example", "phone": null, "street": "Åkervägen 7",
            "postal_code": "119 99", "city": "Årsta", "country": "SE", "lat": 59.29, "lon": 18.05,
            "org_number": "5510000119", "vat_number": "SE551000011901", "gln": null, "bankgiro": "9991233",
            "plusgiro": null, "iban": null, "currency": "SEK", "active": true,
            "created_at": "2026-11-01T08:00:00Z", "updated_at": "2026-11-01T08:00:00Z", "revision": 2
        })),
        ReadRefusals, ResourceRefusals
    )
)]
pub(crate) async fn get_supplier(reader: Reader, Path(id): Path<Uuid>) -> Result<Response, ApiError> {
    let absent = || not_found("supplier", id);
    let seen = reader.one(&MODELS, absent, async |sight: Sight, _| supplier(&sight, id).await).await?;
    let revision = seen.value.revision;
    Ok(answer::resource(
        &reader.headers,
        revision,
        seen.map(|folded| SupplierResource::of(id.into(), &folded)),
    ))
}

/// The supplier of that id.
pub(crate) async fn supplier(sight: &Sight, id: Uuid) -> Result<Seen<Option<Folded<Supplier>>>, ReadFailure> {
    let sql = concat!(
        "SELECT c.position, s.state FROM ",
        checkpoint!(),
        " c LEFT JOIN read.suppliers s ON s.supplier_id = $2"
    );
    let (position, state): (i64, Option<Json<Folded<Supplier>>>) =
        sqlx::query_as(sql).bind(names(&MODELS)).bind(id).fetch_one(&mut *sight.connection().await).await?;
    Ok(Seen { position, value: state.map(|json| json.0) })
}
