//! `PUT /api/v1/restaurants/{id}/suppliers/{supplier_id}/matching-terms`.

use std::collections::BTreeSet;

use axum::extract::State;
use deserr::Deserr;
use events::{resource::MatchingTermsResource, trade_relation::MatchingTerms};
use platform::{
    body::{Faults, Json, Path},
    error::ApiError,
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    domain::trade_relation::SetMatchingTerms,
    http::{
        answers::{BodyRefusals, CommandHeaders, CommandRefusals, ExistingRefusals},
        fields::{Between, List, TotalCents, UnitCode},
        state::CommandState,
        submission::{Accepted, Asked},
    },
};

/// Units that can be named; more than there are that anything is weighed in.
const UNITS_MAX: usize = 40;

/// Hundredths of a per cent.
type BasisPoints = Between<0, 10_000>;

/// How far a supplier's invoices may be from the restaurant's orders without a person looking; all of it.
#[derive(Debug, Clone, Deserr, Serialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({
    "price_basis_points": 200, "price_effect_min_cents": 500, "quantity_basis_points": 0,
    "catch_weight_basis_points": 1000, "catch_weight_units": ["KGM"], "rounding_max_cents": 100,
    "unplanned_charge_max_cents": 0, "requires_receipt": true
}))]
pub(crate) struct ChosenTerms {
    /// How much more than agreed a price may be.
    #[schema(value_type = i32, minimum = 0, maximum = 10000)]
    price_basis_points: BasisPoints,
    /// A price that costs no more than this over the whole line is let pass.
    price_effect_min_cents: TotalCents,
    /// How much more than was received may be invoiced.
    #[schema(value_type = i32, minimum = 0, maximum = 10000)]
    quantity_basis_points: BasisPoints,
    /// How far what is weighed may be from what was ordered, never above what was received.
    #[schema(value_type = i32, minimum = 0, maximum = 10000)]
    catch_weight_basis_points: BasisPoints,
    /// Units that are weighed.
    #[schema(value_type = Vec<UnitCode>, max_items = 40)]
    catch_weight_units: List<UnitCode, UNITS_MAX>,
    /// The most that roundings of the document may come to.
    rounding_max_cents: TotalCents,
    /// The most that charges nobody agreed to may come to.
    unplanned_charge_max_cents: TotalCents,
    /// Whether goods must have been received; without, what was ordered may be invoiced.
    requires_receipt: bool,
}

impl ChosenTerms {
    fn terms(&self) -> MatchingTerms {
        let rate = |rate: BasisPoints| i32::from(rate.get_u16());
        let units: BTreeSet<String> =
            self.catch_weight_units.0.iter().cloned().map(UnitCode::into_string).collect();
        MatchingTerms {
            price_basis_points: rate(self.price_basis_points),
            price_effect_min_cents: self.price_effect_min_cents.minor(),
            quantity_basis_points: rate(self.quantity_basis_points),
            catch_weight_basis_points: rate(self.catch_weight_basis_points),
            catch_weight_units: units,
            rounding_max_cents: self.rounding_max_cents.minor(),
            unplanned_charge_max_cents: self.unplanned_charge_max_cents.minor(),
            requires_receipt: self.requires_receipt,
        }
    }
}

/// Sets how far a supplier's invoices may be from the orders. Owners of the restaurant and ADMIN: it is their money.
///
/// It holds for what is matched from now on.
#[utoipa::path(
    put, path = "/api/v1/restaurants/{id}/suppliers/{supplier_id}/matching-terms", tag = "invoices",
    request_body = ChosenTerms,
    params(
        ("id" = Uuid, Path, description = "The restaurant."),
        ("supplier_id" = Uuid, Path, description = "The supplier."),
        CommandHeaders
    ), security(("bearer" = [])),
    responses(
        (status = 200, body = MatchingTermsResource, description = "As the command left it.", headers(
            ("ETag" = String, description = "The revision."),
            ("Iris-Position" = i64, description = "Where the log is now; give it to a read as Iris-Min-Position.")
        )),
        CommandRefusals, BodyRefusals, ExistingRefusals
    )
)]
pub(crate) async fn set_matching_terms(
    State(state): State<CommandState>,
    asked: Asked,
    Path((id, supplier_id)): Path<(Uuid, Uuid)>,
    Json(body): Json<ChosenTerms>,
) -> Result<Accepted, ApiError> {
    let (restaurant_id, supplier_id) = (id.into(), supplier_id.into());
    asked.submit(&state, &body, SetMatchingTerms { restaurant_id, supplier_id, terms: body.terms() }).await
}
