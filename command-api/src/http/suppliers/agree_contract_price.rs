//! `PUT /api/v1/suppliers/{id}/restaurants/{restaurant_id}/contract-prices/{product_id}`.

use axum::extract::State;
use chrono::NaiveDate;
use deserr::Deserr;
use events::resource::ContractPriceResource;
use platform::{
    body::{Faults, Json, Path},
    error::ApiError,
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    domain::trade_relation::{AgreeContractPrice, Pair},
    http::{
        answers::{BodyRefusals, CommandHeaders, CommandRefusals, ExistingRefusals},
        fields::PriceCents,
        seen_in_trade::has_ordered_from,
        state::CommandState,
        submission::{Accepted, Asked},
    },
};

/// What a product costs one restaurant, for some days.
#[derive(Debug, Clone, Deserr, Serialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({"price_cents": 2490, "valid_from": "2026-11-01"}))]
pub(crate) struct AgreedPrice {
    /// Price of one unit without VAT, in the product's currency.
    price_cents: PriceCents,
    /// The first day that it holds on; a day in Sweden.
    valid_from: NaiveDate,
    /// The last one; without it, it holds until further notice.
    #[deserr(default)]
    valid_until: Option<NaiveDate>,
}

/// Agrees on what a product costs one restaurant. Members of the supplier and ADMIN.
///
/// On its days the price takes the place of what was agreed before; on all others, that holds still: a price that is
/// agreed on ahead leaves today as it is. Items that are put into the restaurant's carts cost what holds on that day;
/// those that are in one keep what they were promised. To its suppliers a restaurant is there once it has ordered from
/// them. Both prices of one product ahead and products are bounded: `too_many`.
#[utoipa::path(
    put, path = "/api/v1/suppliers/{id}/restaurants/{restaurant_id}/contract-prices/{product_id}", tag = "suppliers",
    request_body = AgreedPrice,
    params(
        ("id" = Uuid, Path, description = "The supplier."),
        ("restaurant_id" = Uuid, Path, description = "The restaurant."),
        ("product_id" = Uuid, Path, description = "The product, one of the supplier's."),
        CommandHeaders
    ), security(("bearer" = [])),
    responses(
        (status = 200, body = ContractPriceResource, description = "As the command left it.", headers(
            ("ETag" = String, description = "The revision."),
            ("Iris-Position" = i64, description = "Where the log is now; give it to a read as Iris-Min-Position.")
        ), example = json!({
            "supplier_id": "01939f2e-7a10-7c3e-9b1a-2f6d5c4b3a21", "restaurant_id": "01939f2e-7a10-7c3e-9b1a-2f6d5c4b3a22",
            "product_id": "01939f2e-7a10-7c3e-9b1a-2f6d5c4b3a24", "name": "Tomat, kvist", "sku": "T-1", "unit": "KGM",
            "list_price_cents": 2990, "contract_price_cents": 2490, "currency": "SEK",
            "agreed": [{"price_cents": 2490, "valid_from": "2026-11-01", "valid_until": null}], "revision": 1
        })),
        CommandRefusals, BodyRefusals, ExistingRefusals
    )
)]
pub(crate) async fn agree_contract_price(
    State(state): State<CommandState>,
    asked: Asked,
    Path((id, restaurant_id, product_id)): Path<(Uuid, Uuid, Uuid)>,
    Json(body): Json<AgreedPrice>,
) -> Result<Accepted, ApiError> {
    let command = AgreeContractPrice {
        pair: Pair { supplier_id: id.into(), restaurant_id: restaurant_id.into() },
        product_id: product_id.into(),
        unit_price_minor: body.price_cents.minor(),
        valid_from: body.valid_from,
        valid_until: body.valid_until,
        has_traded: has_ordered_from(&state.pool, restaurant_id, id).await,
    };
    asked.submit(&state, &body, command).await
}
