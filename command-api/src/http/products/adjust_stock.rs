//! `POST /api/v1/products/{id}/stock`.

use axum::extract::State;
use chrono::NaiveDate;
use deserr::Deserr;
use events::{resource::ProductResource, values::Quantity};
use platform::{
    body::{Faults, Json, Path},
    error::{ApiError, ErrorBody},
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    domain::stock::{AdjustStock, StockChange},
    http::{
        answers::{BodyRefusals, CommandHeaders, CommandRefusals, ExistingRefusals},
        fields::{Alternatives, OneOf, QtyChange, Reason, StockQty},
        state::CommandState,
        submission::{Accepted, Asked},
    },
};

/// What somebody found or did.
#[derive(Debug, Clone, Deserr, Serialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({"counted": "118.5", "reason": "Inventering"}))]
pub(crate) struct StockAdjustment {
    /// So much more, or less. Exactly one of this and `counted`.
    #[deserr(default)]
    change: Option<QtyChange>,
    /// So much is on the shelf, goods promised to orders included.
    #[deserr(default)]
    counted: Option<StockQty>,
    /// Why, for the history.
    reason: Reason,
    /// The last day that what came can be sold on. What leaves is taken from what expires first.
    #[deserr(default)]
    expires_on: Option<NaiveDate>,
}

impl Alternatives for StockAdjustment {
    const FIELDS: [&'static str; 2] = ["change", "counted"];
    const ONE_IS_NEEDED: bool = true;
}

impl StockAdjustment {
    fn stock_change(&self) -> StockChange {
        match (self.counted, self.change) {
            (Some(counted), _) => StockChange::Counted(counted.quantity()),
            (None, change) => StockChange::By(change.map_or(Quantity::ZERO, QtyChange::quantity)),
        }
    }
}

/// Changes the stock of a product: by so much, or to what was counted. Members of its supplier and ADMIN.
#[utoipa::path(
    post, path = "/api/v1/products/{id}/stock", tag = "products",
    request_body = StockAdjustment,
    params(("id" = Uuid, Path, description = "The product."), CommandHeaders), security(("bearer" = [])),
    responses(
        (status = 200, body = ProductResource, description = "As the command left it.", headers(
            ("ETag" = String, description = "The revision."),
            ("Iris-Position" = i64, description = "Where the log is now; give it to a read as Iris-Min-Position.")
        )),
        (status = 409, body = ErrorBody, description = "`stock_promised`: less would be left than orders \
            have been promised; `details` say how much."),
        CommandRefusals, BodyRefusals, ExistingRefusals
    )
)]
pub(crate) async fn adjust_stock(
    State(state): State<CommandState>,
    asked: Asked,
    Path(id): Path<Uuid>,
    Json(OneOf(body)): Json<OneOf<StockAdjustment>>,
) -> Result<Accepted, ApiError> {
    let (change, reason) = (body.stock_change(), body.reason.clone().into_string());
    asked
        .submit(
            &state,
            &body,
            AdjustStock { product_id: id.into(), change, reason, expires_on: body.expires_on },
        )
        .await
}
