//! `DELETE /api/v1/suppliers/{id}/restaurants/{restaurant_id}/contract-prices/{product_id}`.

use axum::extract::State;
use events::resource::ContractPriceResource;
use platform::{body::Path, error::ApiError};
use uuid::Uuid;

use crate::{
    domain::trade_relation::{EndContractPrice, Pair},
    http::{
        answers::{CommandHeaders, CommandRefusals, ExistingRefusals},
        seen_in_trade::has_ordered_from,
        state::CommandState,
        submission::{Accepted, Asked},
    },
};

/// Ends all that was agreed on what a product costs one restaurant, also what was agreed on ahead. Members of the
/// supplier and ADMIN.
///
/// What is in carts keeps the price that it was promised. Where nothing is agreed: `contract_price_not_found`.
#[utoipa::path(
    delete, path = "/api/v1/suppliers/{id}/restaurants/{restaurant_id}/contract-prices/{product_id}", tag = "suppliers",
    params(
        ("id" = Uuid, Path, description = "The supplier."),
        ("restaurant_id" = Uuid, Path, description = "The restaurant."),
        ("product_id" = Uuid, Path, description = "The product."),
        CommandHeaders
    ), security(("bearer" = [])),
    responses(
        (status = 200, body = ContractPriceResource, description = "As the command left it.", headers(
            ("ETag" = String, description = "The revision."),
            ("Iris-Position" = i64, description = "Where the log is now; give it to a read as Iris-Min-Position.")
        )),
        CommandRefusals, ExistingRefusals
    )
)]
pub(crate) async fn end_contract_price(
    State(state): State<CommandState>,
    asked: Asked,
    Path((id, restaurant_id, product_id)): Path<(Uuid, Uuid, Uuid)>,
) -> Result<Accepted, ApiError> {
    let command = EndContractPrice {
        pair: Pair { supplier_id: id.into(), restaurant_id: restaurant_id.into() },
        product_id: product_id.into(),
        has_traded: has_ordered_from(&state.pool, restaurant_id, id).await,
    };
    asked.submit(&state, &(), command).await
}
