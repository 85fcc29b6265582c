//! `POST /api/v1/suppliers/{id}/price-rules/pause` and `…/resume`.

use axum::extract::State;
use events::resource::PriceRulesState;
use platform::{body::Path, error::ApiError};
use uuid::Uuid;

use crate::{
    domain::price_rule::PausePriceRules,
    http::{
        answers::{CommandHeaders, CommandRefusals, ExistingRefusals},
        state::CommandState,
        submission::{Accepted, Asked},
    },
};

/// No rule of the supplier changes a price from the answer on, until it says otherwise. Its members and ADMIN.
#[utoipa::path(
    post, path = "/api/v1/suppliers/{id}/price-rules/pause", tag = "price-rules",
    params(("id" = Uuid, Path, description = "The supplier."), CommandHeaders), security(("bearer" = [])),
    responses(
        (status = 200, body = PriceRulesState, description = "As the command left it.", headers(
            ("Iris-Position" = i64, description = "Where the log is now; give it to a read as Iris-Min-Position.")
        )),
        CommandRefusals, ExistingRefusals
    )
)]
pub(crate) async fn pause_price_rules(
    State(state): State<CommandState>,
    asked: Asked,
    Path(id): Path<Uuid>,
) -> Result<Accepted, ApiError> {
    asked.submit(&state, &(), PausePriceRules::Pause(id.into())).await
}

/// Active rules of the supplier change prices again. Its members and ADMIN.
#[utoipa::path(
    post, path = "/api/v1/suppliers/{id}/price-rules/resume", tag = "price-rules",
    params(("id" = Uuid, Path, description = "The supplier."), CommandHeaders), security(("bearer" = [])),
    responses(
        (status = 200, body = PriceRulesState, description = "As the command left it.", headers(
            ("Iris-Position" = i64, description = "Where the log is now; give it to a read as Iris-Min-Position.")
        )),
        CommandRefusals, ExistingRefusals
    )
)]
pub(crate) async fn resume_price_rules(
    State(state): State<CommandState>,
    asked: Asked,
    Path(id): Path<Uuid>,
) -> Result<Accepted, ApiError> {
    asked.submit(&state, &(), PausePriceRules::Resume(id.into())).await
}
