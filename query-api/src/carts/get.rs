//! `GET /api/v1/carts/{id}`.

use std::sync::Arc;

use axum::response::Response;
use events::{cart::Cart, fold::Folded, resource::CartResource};
use platform::{body::Path, error::ApiError};
use sqlx::types::Json;
use uuid::Uuid;

use crate::{
    access::Viewer,
    answer,
    failure::ReadFailure,
    freshness::{ReadModel, Seen, checkpoint, names},
    reader::Reader,
    refusals::{ReadHeaders, ReadRefusals, ResourceHeaders, ResourceRefusals, not_found},
    sight::Sight,
};

const MODELS: [ReadModel; 1] = [ReadModel::Carts];

/// One cart; for the restaurant's members, `ADMIN` and `AUDITOR`.
#[utoipa::path(
    get, path = "/api/v1/carts/{id}", tag = "carts",
    params(("id" = Uuid, Path, description = "The cart."), ReadHeaders, ResourceHeaders),
    security(("bearer" = [])),
    responses(
        (status = 200, body = CartResource, headers(
            ("ETag" = String, description = "The revision."),
            ("Iris-Position" = i64, description = "What the answer has seen.")
        ), example = json!({
            "id": "0190a8f2-7c3e-7b1a-9f4d-1c2b3a4d5e40",
            "restaurant_id": "0190a8f2-7c3e-7b1a-9f4d-1c2b3a4d5e20", "status": "open",
            "items": [{ "id": "0190a8f2-7c3e-7b1a-9f4d-1c2b3a4d5e41",
            "product_id": "0190a8f2-7c3e-7b1a-9f4d-1c2b3a4d5e30",
            "supplier_id": "0190a8f2-7c3e-7b1a-9f4d-1c2b3a4d5e10", "name": "Tomat kvist klass 1",
            "sku": "10-2201", "unit": "KGM", "qty": "2.5", "unit_price_cents": 3490, "tax_rate": 6,
            "line_total_cents": 8725 }], "total_cents": 9249, "tax_cents": 524, "currency": "SEK",
            "checkout_id": null, "created_at": "2026-11-20T08:00:00Z",
            "updated_at": "2026-11-20T08:01:00Z", "revision": 2
        })),
        ReadRefusals, ResourceRefusals
    )
)]
pub(crate) async fn get_cart(reader: Reader, Path(id): Path<Uuid>) -> Result<Response, ApiError> {
    let read = async |sight: Sight, viewer| visible_cart(&sight, viewer, id).await;
    let seen = reader.one(&MODELS, || not_found("cart", id), read).await?;
    let revision = seen.value.revision;
    Ok(answer::resource(&reader.headers, revision, seen.map(|folded| CartResource::of(id.into(), &folded))))
}

async fn visible_cart(
    sight: &Sight,
    viewer: Arc<Viewer>,
    id: Uuid,
) -> Result<Seen<Option<Folded<Cart>>>, ReadFailure> {
    let sql = concat!(
        "SELECT c.position, k.state FROM ",
        checkpoint!(),
        " c LEFT JOIN read.carts k ON k.cart_id = $2"
    );
    let (position, state): (i64, Option<Json<Folded<Cart>>>) =
        sqlx::query_as(sql).bind(names(&MODELS)).bind(id).fetch_one(&mut *sight.connection().await).await?;
    let visible = state.filter(|cart| viewer.sees_cart_of(cart.state.restaurant_id.into()));
    Ok(Seen { position, value: visible.map(|json| json.0) })
}
