//! `POST /api/v1/carts`.

use axum::extract::State;
use deserr::Deserr;
use events::{resource::CartResource, values::CartId};
use platform::{
    body::{Faults, Json},
    error::ApiError,
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    domain::cart::OpenCart,
    http::{
        answers::{BodyRefusals, CommandHeaders, CommandRefusals, ExistingRefusals},
        state::CommandState,
        submission::{Accepted, Asked},
    },
};

/// For whom a cart is begun.
#[derive(Debug, Clone, Deserr, Serialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({"restaurant_id": "01939f2e-7a10-7c3e-9b1a-2f6d5c4b3a22"}))]
pub(crate) struct NewCart {
    /// The restaurant; its currency becomes the cart's.
    restaurant_id: Uuid,
}

/// Begins a cart. Members of the restaurant and ADMIN.
#[utoipa::path(
    post, path = "/api/v1/carts", tag = "carts",
    request_body = NewCart,
    params(CommandHeaders), security(("bearer" = [])),
    responses(
        (status = 200, body = CartResource, description = "The same request again: the answer it got then.", headers(
            ("Idempotency-Replayed" = bool, description = "`true`.")
        )),
        (status = 201, body = CartResource, description = "As the command left it.", headers(
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
        CommandRefusals, BodyRefusals, ExistingRefusals
    )
)]
pub(crate) async fn open_cart(
    State(state): State<CommandState>,
    asked: Asked,
    Json(body): Json<NewCart>,
) -> Result<Accepted, ApiError> {
    let cart_id = CartId(state.ids.next());
    let command = OpenCart { cart_id, restaurant_id: body.restaurant_id.into() };
    Ok(asked.submit(&state, &body, command).await?.under("/api/v1/carts"))
}
