//! `POST /api/v1/restaurants/{id}/suspend`.

use axum::extract::State;
use deserr::Deserr;
use events::resource::RestaurantResource;
use platform::{
    body::{Faults, OptionalJson, Path},
    error::{ApiError, ErrorBody},
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    domain::restaurant::SuspendRestaurant,
    http::{
        answers::{BodyRefusals, CommandHeaders, CommandRefusals, ExistingRefusals},
        fields::Reason,
        state::CommandState,
        submission::{Accepted, Asked},
    },
};

/// Why a restaurant is suspended.
#[derive(Debug, Clone, Default, Deserr, Serialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({"reason": "Obetalda avgifter"}))]
pub(crate) struct RestaurantSuspension {
    /// The reason, for the history.
    #[deserr(default)]
    reason: Option<Reason>,
}

/// The restaurant may not order until reinstated. ADMIN only.
#[utoipa::path(
    post, path = "/api/v1/restaurants/{id}/suspend", tag = "restaurants",
    request_body = Option<RestaurantSuspension>,
    params(("id" = Uuid, Path, description = "The restaurant."), CommandHeaders), security(("bearer" = [])),
    responses(
        (status = 200, body = RestaurantResource, description = "As the command left it.", headers(
            ("ETag" = String, description = "The revision."),
            ("Iris-Position" = i64, description = "Where the log is now; give it to a read as Iris-Min-Position.")
        )),
        (status = 409, body = ErrorBody, description = "`invalid_transition`: it is not approved; \
            `details` name the state."),
        CommandRefusals, BodyRefusals, ExistingRefusals
    )
)]
pub(crate) async fn suspend_restaurant(
    State(state): State<CommandState>,
    asked: Asked,
    Path(id): Path<Uuid>,
    OptionalJson(body): OptionalJson<RestaurantSuspension>,
) -> Result<Accepted, ApiError> {
    let reason = body.reason.clone().map(Reason::into_string);
    asked.submit(&state, &body, SuspendRestaurant { restaurant_id: id.into(), reason }).await
}
