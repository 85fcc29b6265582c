//! `POST /api/v1/orders/{id}/cancel`.

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
    domain::order::CancelOrder,
    http::{
        answers::{BodyRefusals, CommandHeaders, CommandRefusals, ExistingRefusals},
        fields::Reason,
        state::CommandState,
        submission::{Accepted, Asked},
    },
};

/// Why an order is cancelled.
#[derive(Debug, Clone, Deserr, Serialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({"reason": "Dubbelbeställning"}))]
pub(crate) struct OrderCancellation {
    /// The reason, for the other side.
    reason: Reason,
}

/// Calls an order off; the stock is available again in the same moment.
///
/// Members of the restaurant while it is placed; members of the supplier and ADMIN until it is delivered.
#[utoipa::path(
    post, path = "/api/v1/orders/{id}/cancel", tag = "orders",
    request_body = OrderCancellation,
    params(("id" = Uuid, Path, description = "The order."), CommandHeaders), security(("bearer" = [])),
    responses(
        (status = 200, body = OrderResource, description = "As the command left it.", headers(
            ("ETag" = String, description = "The revision."),
            ("Iris-Position" = i64, description = "Where the log is now; give it to a read as Iris-Min-Position.")
        )),
        (status = 409, body = ErrorBody, description = "`invalid_transition`: it is too late for the \
            caller; `details` name the state."),
        CommandRefusals, BodyRefusals, ExistingRefusals
    )
)]
pub(crate) async fn cancel_order(
    State(state): State<CommandState>,
    asked: Asked,
    Path(id): Path<Uuid>,
    Json(body): Json<OrderCancellation>,
) -> Result<Accepted, ApiError> {
    let reason = body.reason.clone().into_string();
    asked.submit(&state, &body, CancelOrder { order_id: id.into(), reason }).await
}
