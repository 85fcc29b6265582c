//! `POST /api/v1/restaurants/{id}/inventory-counts`.

use axum::extract::State;
use chrono::{DateTime, SubsecRound, Utc};
use deserr::Deserr;
use events::{inventory::CountedItem, resource::InventoryCountResource};
use platform::{
    body::{Faults, Json, Path},
    error::ApiError,
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    domain::inventory::{COUNT_ITEMS_MAX, CountInventory},
    http::{
        answers::{BodyRefusals, CommandHeaders, CommandRefusals, ExistingRefusals},
        fields::{NonEmpty, StockQty},
        state::CommandState,
        submission::{Accepted, Asked},
    },
};

/// What was found on a restaurant's shelves.
#[derive(Debug, Clone, Deserr, Serialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({
    "items": [{"product_id": "01939f2e-7a10-7c3e-9b1a-2f6d5c4b3a24", "qty": "2.5"}],
    "counted_at": "2026-11-20T06:30:00Z"
}))]
pub(crate) struct InventoryCount {
    /// The products that were looked at; each once. What is known of others stays.
    #[schema(value_type = Vec<FoundItem>, min_items = 1, max_items = 500)]
    items: NonEmpty<FoundItem, COUNT_ITEMS_MAX>,
    /// When it was so: not in the future, and not before what is known of any of the products. Now, unless stated.
    #[deserr(default)]
    counted_at: Option<DateTime<Utc>>,
}

/// How much there is of a product.
#[derive(Debug, Clone, Deserr, Serialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
pub(crate) struct FoundItem {
    /// The product, of whatever supplier.
    product_id: Uuid,
    /// How much of it; possibly nothing.
    qty: StockQty,
}

/// Says what a restaurant has on its shelves. Members of the restaurant and ADMIN.
///
/// A product that does not exist (`product_not_found`), is named twice (`duplicate`) or was counted at a later time
/// already (`counted_since`) is a fault of its item; nothing is recorded then.
#[utoipa::path(
    post, path = "/api/v1/restaurants/{id}/inventory-counts", tag = "restaurants",
    request_body = InventoryCount,
    params(("id" = Uuid, Path, description = "The restaurant."), CommandHeaders), security(("bearer" = [])),
    responses(
        (status = 200, body = InventoryCountResource, description = "The same request again: the answer it got then.", headers(
            ("Idempotency-Replayed" = bool, description = "`true`.")
        )),
        (status = 201, body = InventoryCountResource, description = "What was recorded.", headers(
            ("ETag" = String, description = "The revision."),
            ("Iris-Position" = i64, description = "Where the log is now; give it to a read as Iris-Min-Position.")
        ), example = json!({
            "restaurant_id": "01939f2e-7a10-7c3e-9b1a-2f6d5c4b3a22", "counted_at": "2026-11-20T06:30:00Z",
            "items": [{
                "product_id": "01939f2e-7a10-7c3e-9b1a-2f6d5c4b3a24", "supplier_id": "01939f2e-7a10-7c3e-9b1a-2f6d5c4b3a21",
                "name": "Tomat, kvist", "sku": "T-1", "unit": "KGM", "qty": "2.5", "counted_at": "2026-11-20T06:30:00Z"
            }],
            "revision": 1
        })),
        CommandRefusals, BodyRefusals, ExistingRefusals
    )
)]
pub(crate) async fn count_inventory(
    State(state): State<CommandState>,
    asked: Asked,
    Path(id): Path<Uuid>,
    Json(body): Json<InventoryCount>,
) -> Result<Accepted, ApiError> {
    let item =
        |item: &FoundItem| CountedItem { product_id: item.product_id.into(), quantity: item.qty.quantity() };
    let command = CountInventory {
        restaurant_id: id.into(),
        items: body.items.0.iter().map(item).collect(),
        // As precise as the read model keeps it.
        counted_at: body.counted_at.map(|counted_at| counted_at.trunc_subsecs(6)),
    };
    asked.submit(&state, &body, command).await
}
