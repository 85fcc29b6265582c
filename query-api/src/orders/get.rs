//! `GET /api/v1/orders/{id}`.

use std::sync::Arc;

use axum::response::Response;
use events::{fold::Folded, order::Order, resource::OrderResource};
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

const MODELS: [ReadModel; 1] = [ReadModel::Orders];

/// One order; for the members and partners of both sides, `ADMIN` and `AUDITOR`.
#[utoipa::path(
    get, path = "/api/v1/orders/{id}", tag = "orders",
    params(("id" = Uuid, Path, description = "The order."), ReadHeaders, ResourceHeaders),
    security(("bearer" = [])),
    responses(
        (status = 200, body = OrderResource, headers(
            ("ETag" = String, description = "The revision."),
            ("Iris-Position" = i64, description = "What the answer has seen.")
        ), example = json!({
            "id": "0190a8f2-7c3e-7b1a-9f4d-1c2b3a4d5e50",
            "checkout_id": "0190a8f2-7c3e-7b1a-9f4d-1c2b3a4d5e45",
            "cart_id": "0190a8f2-7c3e-7b1a-9f4d-1c2b3a4d5e40",
            "restaurant_id": "0190a8f2-7c3e-7b1a-9f4d-1c2b3a4d5e20",
            "supplier_id": "0190a8f2-7c3e-7b1a-9f4d-1c2b3a4d5e10", "status": "confirmed",
            "lines": [{ "line_id": "0190a8f2-7c3e-7b1a-9f4d-1c2b3a4d5e41",
            "product_id": "0190a8f2-7c3e-7b1a-9f4d-1c2b3a4d5e30", "sku": "10-2201",
            "name": "Tomat kvist klass 1", "unit": "KGM", "qty": "2.5", "delivered_qty": null,
            "received_qty": null, "claim_reason": null, "unit_price_cents": 3490, "tax_rate": 6,
            "line_net_cents": 8725, "line_tax_cents": 524 }], "total_cents": 9249, "tax_cents": 524,
            "currency": "SEK", "payment_method": "invoice", "requested_delivery_date": "2026-11-23",
            "note": null, "paid_at": null, "placed_at": "2026-11-20T08:02:00Z",
            "confirmed_at": "2026-11-20T08:20:00Z", "delivered_at": null, "received_at": null,
            "cancelled_at": null, "cancelled_by": null, "cancel_reason": null, "invoice_number": null,
            "invoice_total_cents": null, "created_by": "0190a8f2-7c3e-7b1a-9f4d-1c2b3a4d5e01",
            "revision": 2, "updated_at": "2026-11-20T08:20:00Z"
        })),
        ReadRefusals, ResourceRefusals
    )
)]
pub(crate) async fn get_order(reader: Reader, Path(id): Path<Uuid>) -> Result<Response, ApiError> {
    let read = async |sight: Sight, viewer| visible_order(&sight, viewer, id).await;
    let reader = reader.planning_once();
    let seen = reader.one(&MODELS, || not_found("order", id), read).await?;
    let revision = seen.value.revision;
    Ok(answer::resource(&reader.headers, revision, seen.map(|folded| OrderResource::of(id.into(), &folded))))
}

async fn visible_order(
    sight: &Sight,
    viewer: Arc<Viewer>,
    id: Uuid,
) -> Result<Seen<Option<Folded<Order>>>, ReadFailure> {
    let sql = concat!(
        "SELECT c.position, o.state FROM ",
        checkpoint!(),
        " c LEFT JOIN read.orders o ON o.order_id = $2"
    );
    let (position, state): (i64, Option<Json<Folded<Order>>>) =
        sqlx::query_as(sql).bind(names(&MODELS)).bind(id).fetch_one(&mut *sight.connection().await).await?;
    let visible = state.filter(|Json(order)| sees(&viewer, &order.state));
    Ok(Seen { position, value: visible.map(|json| json.0) })
}

/// Whether the viewer may see what either side of the order may.
pub(super) fn sees(viewer: &Viewer, order: &Order) -> bool {
    viewer.sees_order_between(order.restaurant_id.into(), order.supplier_id.into())
}
