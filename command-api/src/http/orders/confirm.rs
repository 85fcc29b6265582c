//! `POST /api/v1/orders/{id}/confirm`.

use axum::extract::State;
use events::resource::OrderResource;
use platform::{
    body::{OptionalJson, Path},
    error::{ApiError, ErrorBody},
};
use uuid::Uuid;

use crate::{
    domain::order::ConfirmOrder,
    http::{
        answers::{BodyRefusals, CommandHeaders, CommandRefusals, ExistingRefusals},
        fields::Nothing,
        state::CommandState,
        submission::{Accepted, Asked},
    },
};

/// The supplier will deliver. A placed order only. Members of the supplier and ADMIN.
#[utoipa::path(
    post, path = "/api/v1/orders/{id}/confirm", tag = "orders",
    request_body = Option<Nothing>,
    params(("id" = Uuid, Path, description = "The order."), CommandHeaders), security(("bearer" = [])),
    responses(
        (status = 200, body = OrderResource, description = "As the command left it.", headers(
            ("ETag" = String, description = "The revision."),
            ("Iris-Position" = i64, description = "Where the log is now; give it to a read as Iris-Min-Position.")
        )),
        (status = 409, body = ErrorBody, description = "`invalid_transition`: it is not placed; `details` \
            name the state."),
        CommandRefusals, BodyRefusals, ExistingRefusals
    )
)]
pub(crate) async fn confirm_order(
    State(state): State<CommandState>,
    asked: Asked,
    Path(id): Path<Uuid>,
    OptionalJson(body): OptionalJson<Nothing>,
) -> Result<Accepted, ApiError> {
    asked.submit(&state, &body, ConfirmOrder { order_id: id.into() }).await
}
