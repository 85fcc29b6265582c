//! `POST /api/v1/orders/{id}/deliver`.

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
        order::{LineDelivery, MarkDelivered},
    },
    http::{
        answers::{BodyRefusals, CommandHeaders, CommandRefusals, ExistingRefusals},
        fields::{List, StockQty},
        state::CommandState,
        submission::{Accepted, Asked},
    },
};

/// What was not delivered as ordered.
#[derive(Debug, Clone, Default, Deserr, Serialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({"lines": [{"line_id": "01939f2e-7a10-7c3e-9b1a-2f6d5c4b3a26", "delivered_qty": "2"}]}))]
pub(crate) struct Delivery {
    /// Lines that are not named were delivered as ordered.
    #[deserr(default)]
    #[schema(value_type = Vec<DeliveredLine>, required = false, max_items = 500)]
    lines: List<DeliveredLine, CART_ITEMS_MAX>,
}

/// How much of a line was delivered.
#[derive(Debug, Clone, Deserr, Serialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
pub(crate) struct DeliveredLine {
    /// The order's line; each once.
    line_id: Uuid,
    /// At most what was ordered.
    delivered_qty: StockQty,
}

impl Delivery {
    fn lines(&self) -> Vec<LineDelivery> {
        let line = |line: &DeliveredLine| LineDelivery {
            line_id: line.line_id.into(),
            delivered: line.delivered_qty.quantity(),
        };
        self.lines.0.iter().map(line).collect()
    }
}

/// The supplier says that it delivered. A confirmed order only. Members of the supplier and ADMIN.
///
/// Short lines release their stock. The day fixes the VAT rates, and the invoice gets its number.
#[utoipa::path(
    post, path = "/api/v1/orders/{id}/deliver", tag = "orders",
    request_body = Option<Delivery>,
    params(("id" = Uuid, Path, description = "The order."), CommandHeaders), security(("bearer" = [])),
    responses(
        (status = 200, body = OrderResource, description = "As the command left it.", headers(
            ("ETag" = String, description = "The revision."),
            ("Iris-Position" = i64, description = "Where the log is now; give it to a read as Iris-Min-Position.")
        )),
        (status = 409, body = ErrorBody, description = "`invalid_transition`: it is not confirmed; \
            `details` name the state."),
        CommandRefusals, BodyRefusals, ExistingRefusals
    )
)]
pub(crate) async fn deliver_order(
    State(state): State<CommandState>,
    asked: Asked,
    Path(id): Path<Uuid>,
    OptionalJson(body): OptionalJson<Delivery>,
) -> Result<Accepted, ApiError> {
    let command = MarkDelivered { order_id: id.into(), lines: body.lines() };
    asked.submit(&state, &body, command).await
}
