//! `POST /api/v1/orders/{id}/reject`.

use axum::extract::State;
use deserr::Deserr;
use events::resource::OrderResource;
use platform::{
    body::{Faults, Json, Path},
    error::{ApiError, ErrorBody},
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    domain::order::RejectOrder,
    http::{
        answers::{BodyRefusals, CommandHeaders, CommandRefusals, ExistingRefusals},
        fields::Reason,
        state::CommandState,
        submission::{Accepted, Asked},
    },
};

/// Why an order is rejected.
#[derive(Debug, Clone, Deserr, Serialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({"reason": "Slut i lager"}))]
pub(crate) struct OrderRejection {
    /// The reason, for the other side.
    reason: Reason,
}

/// The supplier will not deliver; the stock is available again. A placed order only. Members of the supplier
/// and ADMIN.
#[utoipa::path(
    post, path = "/api/v1/orders/{id}/reject", tag = "orders",
    request_body = OrderRejection,
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
pub(crate) async fn reject_order(
    State(state): State<CommandState>,
    asked: Asked,
    Path(id): Path<Uuid>,
    Json(body): Json<OrderRejection>,
) -> Result<Accepted, ApiError> {
    let reason = body.reason.clone().into_string();
    asked.submit(&state, &body, RejectOrder { order_id: id.into(), reason }).await
}
