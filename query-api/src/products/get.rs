//! `GET /api/v1/products/{id}`.

use axum::response::Response;
use events::{resource::ProductResource, values::swedish_day};
use platform::{body::Path, error::ApiError};
use uuid::Uuid;

use super::{COLUMNS, MODELS, ProductRow};
use crate::{
    answer,
    failure::ReadFailure,
    freshness::Seen,
    listing::{fetch, open},
    reader::Reader,
    refusals::{ReadHeaders, ReadRefusals, not_found},
    sight::Sight,
};

/// One product, with what can be ordered of it now.
///
/// The `ETag` is the product's revision, for `If-Match`. `If-None-Match` is not looked at: stock and the VAT
/// rate of the day change without it.
#[utoipa::path(
    get, path = "/api/v1/products/{id}", tag = "products",
    params(("id" = Uuid, Path, description = "The product."), ReadHeaders),
    security(("bearer" = [])),
    responses(
        (status = 200, body = ProductResource, headers(
            ("ETag" = String, description = "The product's revision."),
            ("Iris-Position" = i64, description = "What the answer has seen.")
        ), example = json!({
            "id": "0190a8f2-7c3e-7b1a-9f4d-1c2b3a4d5e30",
            "supplier_id": "0190a8f2-7c3e-7b1a-9f4d-1c2b3a4d5e10", "name": "Tomat kvist klass 1",
            "sku": "10-2201", "gtin": "7310865004703", "description": null, "unit": "KGM",
            "price_cents": 3490, "currency": "SEK", "tax_rate": 6, "tax_category": "food",
            "active": true, "stock_qty": "120", "low_stock_qty": "10", "availability_status": "in_stock",
            "created_at": "2026-11-01T08:00:00Z", "updated_at": "2026-11-01T08:00:00Z", "revision": 1
        })),
        (status = 404, body = platform::error::ErrorBody, description = "`product_not_found`."),
        ReadRefusals
    )
)]
pub(crate) async fn get_product(reader: Reader, Path(id): Path<Uuid>) -> Result<Response, ApiError> {
    let today = swedish_day(reader.state.clock.now());
    let absent = || not_found("product", id);
    let seen = reader.one(&MODELS, absent, async |sight: Sight, _| product(&sight, id).await).await?;
    let revision = seen.value.product.revision;
    Ok(answer::tagged(revision, answer::json(seen.map(|row| row.resource(id, today)))))
}

async fn product(sight: &Sight, id: Uuid) -> Result<Seen<Option<ProductRow>>, ReadFailure> {
    let mut sql = open(&MODELS);
    sql.push("SELECT ").push(COLUMNS).push(" FROM read.products WHERE product_id = ").push_bind(id);
    let rows = fetch(sight, sql, ProductRow::read).await?;
    Ok(rows.map(|rows| rows.into_iter().next().map(|row| row.item)))
}
