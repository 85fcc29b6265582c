//! `DELETE /api/v1/price-rules/{id}`.

use axum::extract::State;
use events::resource::PriceRuleResource;
use platform::{body::Path, error::ApiError};
use uuid::Uuid;

use crate::{
    domain::price_rule::EndPriceRule,
    http::{
        answers::{CommandHeaders, CommandRefusals, ExistingRefusals},
        state::CommandState,
        submission::{Accepted, Asked},
    },
};

/// Ends a price rule. Prices that it made stay until somebody changes them. Members of its supplier and ADMIN.
#[utoipa::path(
    delete, path = "/api/v1/price-rules/{id}", tag = "price-rules",
    params(("id" = Uuid, Path, description = "The rule."), CommandHeaders), security(("bearer" = [])),
    responses(
        (status = 200, body = PriceRuleResource, description = "The rule that was.", headers(
            ("ETag" = String, description = "The revision."),
            ("Iris-Position" = i64, description = "Where the log is now; give it to a read as Iris-Min-Position.")
        )),
        CommandRefusals, ExistingRefusals
    )
)]
pub(crate) async fn end_price_rule(
    State(state): State<CommandState>,
    asked: Asked,
    Path(id): Path<Uuid>,
) -> Result<Accepted, ApiError> {
    asked.submit(&state, &(), EndPriceRule { rule_id: id.into() }).await
}
