//! `POST /api/v1/orders/{id}/confirm-delivery`.

use axum::extract::State;
use deserr::Deserr;
use events::resource::OrderResource;
use platform::{
    body::{Faults, OptionalJson, Path},
    error::{ApiError, ErrorBody},
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    domain::{
        cart::CART_ITEMS_MAX,
        order::{ConfirmDelivery, LineReceipt},
    },
    http::{
        answers::{BodyRefusals, CommandHeaders, CommandRefusals, ExistingRefusals},
        fields::{List, Reason, StockQty},
        state::CommandState,
        submission::{Accepted, Asked},
    },
};

/// What was not received as delivered.
#[derive(Debug, Clone, Default, Deserr, Serialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({"lines": [
    {"line_id": "01939f2e-7a10-7c3e-9b1a-2f6d5c4b3a26", "received_qty": "1.5", "reason": "Ett halvt kilo var möglig"}
]}))]
pub(crate) struct Receipt {
    /// Lines that are not named were received as delivered.
    #[deserr(default)]
    #[schema(value_type = Vec<ReceivedLine>, required = false, max_items = 500)]
    lines: List<ReceivedLine, CART_ITEMS_MAX>,
}

/// How much of a line was received.
#[derive(Debug, Clone, Deserr, Serialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
pub(crate) struct ReceivedLine {
    /// The order's line; each once.
    line_id: Uuid,
    /// At most what was delivered; less is a claim.
    received_qty: StockQty,
    /// What was wrong with the rest.
    #[deserr(default)]
    reason: Option<Reason>,
}

impl Receipt {
    fn lines(&self) -> Vec<LineReceipt> {
        let line = |line: &ReceivedLine| LineReceipt {
            line_id: line.line_id.into(),
            received: line.received_qty.quantity(),
            reason: line.reason.clone().map(Reason::into_string),
        };
        self.lines.0.iter().map(line).collect()
    }
}

/// The restaurant says what it received. A delivered order only, once. Members of the restaurant and ADMIN.
#[utoipa::path(
    post, path = "/api/v1/orders/{id}/confirm-delivery", tag = "orders",
    request_body = Option<Receipt>,
    params(("id" = Uuid, Path, description = "The order."), CommandHeaders), security(("bearer" = [])),
    responses(
        (status = 200, body = OrderResource, description = "As the command left it.", headers(
            ("ETag" = String, description = "The revision."),
            ("Iris-Position" = i64, description = "Where the log is now; give it to a read as Iris-Min-Position.")
        )),
        (status = 409, body = ErrorBody, description = "`invalid_transition`: it is not delivered, or was \
            received already; `details` name the state."),
        CommandRefusals, BodyRefusals, ExistingRefusals
    )
)]
pub(crate) async fn confirm_delivery(
    State(state): State<CommandState>,
    asked: Asked,
    Path(id): Path<Uuid>,
    OptionalJson(body): OptionalJson<Receipt>,
) -> Result<Accepted, ApiError> {
    let command = ConfirmDelivery { order_id: id.into(), lines: body.lines() };
    asked.submit(&state, &body, command).await
}
