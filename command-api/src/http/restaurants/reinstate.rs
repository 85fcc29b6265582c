//! `POST /api/v1/restaurants/{id}/reinstate`.

use axum::extract::State;
use events::resource::RestaurantResource;
use platform::{
    body::{OptionalJson, Path},
    error::{ApiError, ErrorBody},
};
use uuid::Uuid;

use crate::{
    domain::restaurant::ReinstateRestaurant,
    http::{
        answers::{BodyRefusals, CommandHeaders, CommandRefusals, ExistingRefusals},
        fields::Nothing,
        state::CommandState,
        submission::{Accepted, Asked},
    },
};

/// The restaurant may order again. ADMIN only.
#[utoipa::path(
    post, path = "/api/v1/restaurants/{id}/reinstate", tag = "restaurants",
    request_body = Option<Nothing>,
    params(("id" = Uuid, Path, description = "The restaurant."), CommandHeaders), security(("bearer" = [])),
    responses(
        (status = 200, body = RestaurantResource, description = "As the command left it.", headers(
            ("ETag" = String, description = "The revision."),
            ("Iris-Position" = i64, description = "Where the log is now; give it to a read as Iris-Min-Position.")
        )),
        (status = 409, body = ErrorBody, description = "`invalid_transition`: it is not suspended; \
            `details` name the state."),
        CommandRefusals, BodyRefusals, ExistingRefusals
    )
)]
pub(crate) async fn reinstate_restaurant(
    State(state): State<CommandState>,
    asked: Asked,
    Path(id): Path<Uuid>,
    OptionalJson(body): OptionalJson<Nothing>,
) -> Result<Accepted, ApiError> {
    asked.submit(&state, &body, ReinstateRestaurant { restaurant_id: id.into() }).await
}
