//! `POST /api/v1/carts/{id}/items`.

use axum::extract::State;
use deserr::Deserr;
use events::{resource::CartResource, values::LineId};
use platform::{
    body::{Faults, Json, Path},
    error::{ApiError, ErrorBody},
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    domain::cart::AddCartItem,
    http::{
        answers::{BodyRefusals, CommandHeaders, CommandRefusals, ExistingRefusals},
        fields::PositiveQty,
        state::CommandState,
        submission::{Accepted, Asked},
    },
};

/// What is put into a cart.
#[derive(Debug, Clone, Deserr, Serialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({"product_id": "01939f2e-7a10-7c3e-9b1a-2f6d5c4b3a24", "qty": "2.5"}))]
pub(crate) struct NewCartItem {
    /// The product.
    product_id: Uuid,
    /// How much of it.
    qty: PositiveQty,
}

/// Puts a product into a cart, at the price and VAT rate of this moment. Members of the restaurant and ADMIN.
///
/// The price is what the restaurant and the supplier agreed on for this day (`price_source` is `contract`), else the
/// product's own. A product that is in the cart already adds up, at the price of this moment.
#[utoipa::path(
    post, path = "/api/v1/carts/{id}/items", tag = "carts",
    request_body = NewCartItem,
    params(("id" = Uuid, Path, description = "The cart."), CommandHeaders), security(("bearer" = [])),
    responses(
        (status = 200, body = CartResource, description = "The same request again: the answer it got then.", headers(
            ("Idempotency-Replayed" = bool, description = "`true`.")
        )),
        (status = 201, body = CartResource, description = "The whole cart.", headers(
            ("Location" = String, description = "Its address."),
            ("ETag" = String, description = "The revision."),
            ("Iris-Position" = i64, description = "Where the log is now; give it to a read as Iris-Min-Position.")
        ), example = json!({
            "id": "01939f2e-7a10-7c3e-9b1a-2f6d5c4b3a25", "restaurant_id": "01939f2e-7a10-7c3e-9b1a-2f6d5c4b3a22", "status": "open",
            "items": [{
                "id": "01939f2e-7a10-7c3e-9b1a-2f6d5c4b3a26", "product_id": "01939f2e-7a10-7c3e-9b1a-2f6d5c4b3a24",
                "supplier_id": "01939f2e-7a10-7c3e-9b1a-2f6d5c4b3a21", "name": "Tomat, kvist", "sku": "T-1", "unit": "KGM",
                "qty": "2.5", "unit_price_cents": 2990, "price_source": "list", "tax_rate": 6, "line_total_cents": 7475
            }],
            "total_cents": 7924, "tax_cents": 449, "currency": "SEK", "checkout_id": null,
            "created_at": "2026-11-20T09:00:00.123Z", "updated_at": "2026-11-20T09:00:05.000Z", "revision": 2
        })),
        (status = 409, body = ErrorBody, description = "`cart_converted`, `cart_full`, `product_inactive`, \
            `currency_mismatch`."),
        CommandRefusals, BodyRefusals, ExistingRefusals
    )
)]
pub(crate) async fn add_cart_item(
    State(state): State<CommandState>,
    asked: Asked,
    Path(id): Path<Uuid>,
    Json(body): Json<NewCartItem>,
) -> Result<Accepted, ApiError> {
    let command = AddCartItem {
        cart_id: id.into(),
        item_id: LineId(state.ids.next()),
        product_id: body.product_id.into(),
        quantity: body.qty.quantity(),
    };
    Ok(asked.submit(&state, &body, command).await?.under("/api/v1/carts"))
}
