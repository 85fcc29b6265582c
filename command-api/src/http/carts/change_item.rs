//! `PATCH /api/v1/carts/{id}/items/{item_id}`.

use axum::extract::State;
use deserr::Deserr;
use events::resource::CartResource;
use platform::{
    body::{Faults, Json, Path},
    error::{ApiError, ErrorBody},
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    domain::cart::ChangeCartItem,
    http::{
        answers::{BodyRefusals, CommandHeaders, CommandRefusals, ExistingRefusals},
        fields::PositiveQty,
        state::CommandState,
        submission::{Accepted, Asked},
    },
};

/// How much of an item there is to be.
#[derive(Debug, Clone, Deserr, Serialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({"qty": 4}))]
pub(crate) struct CartItemQuantity {
    /// How much in all.
    qty: PositiveQty,
}

/// Changes how much of an item is in a cart, at the price and VAT rate of this moment. Members of the
/// restaurant and ADMIN.
#[utoipa::path(
    patch, path = "/api/v1/carts/{id}/items/{item_id}", tag = "carts",
    request_body = CartItemQuantity,
    params(("id" = Uuid, Path, description = "The cart."), ("item_id" = Uuid, Path, description = "The item."), CommandHeaders), security(("bearer" = [])),
    responses(
        (status = 200, body = CartResource, description = "The whole cart.", headers(
            ("ETag" = String, description = "The revision."),
            ("Iris-Position" = i64, description = "Where the log is now; give it to a read as Iris-Min-Position.")
        )),
        (status = 409, body = ErrorBody, description = "`cart_converted`."),
        CommandRefusals, BodyRefusals, ExistingRefusals
    )
)]
pub(crate) async fn change_cart_item(
    State(state): State<CommandState>,
    asked: Asked,
    Path((id, item_id)): Path<(Uuid, Uuid)>,
    Json(body): Json<CartItemQuantity>,
) -> Result<Accepted, ApiError> {
    let (cart_id, item_id, quantity) = (id.into(), item_id.into(), body.qty.quantity());
    asked.submit(&state, &body, ChangeCartItem { cart_id, item_id, quantity }).await
}
