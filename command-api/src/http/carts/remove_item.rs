//! `DELETE /api/v1/carts/{id}/items/{item_id}`.

use axum::extract::State;
use events::resource::CartResource;
use platform::{
    body::Path,
    error::{ApiError, ErrorBody},
};
use uuid::Uuid;

use crate::{
    domain::cart::RemoveCartItem,
    http::{
        answers::{CommandHeaders, CommandRefusals, ExistingRefusals},
        state::CommandState,
        submission::{Accepted, Asked},
    },
};

/// Takes an item out of a cart. Members of the restaurant and ADMIN.
#[utoipa::path(
    delete, path = "/api/v1/carts/{id}/items/{item_id}", tag = "carts",
    params(("id" = Uuid, Path, description = "The cart."), ("item_id" = Uuid, Path, description = "The item."), CommandHeaders), security(("bearer" = [])),
    responses(
        (status = 200, body = CartResource, description = "The whole cart.", headers(
            ("ETag" = String, description = "The revision."),
            ("Iris-Position" = i64, description = "Where the log is now; give it to a read as Iris-Min-Position.")
        )),
        (status = 409, body = ErrorBody, description = "`cart_converted`."),
        CommandRefusals, ExistingRefusals
    )
)]
pub(crate) async fn remove_cart_item(
    State(state): State<CommandState>,
    asked: Asked,
    Path((id, item_id)): Path<(Uuid, Uuid)>,
) -> Result<Accepted, ApiError> {
    asked.submit(&state, &(), RemoveCartItem { cart_id: id.into(), item_id: item_id.into() }).await
}
