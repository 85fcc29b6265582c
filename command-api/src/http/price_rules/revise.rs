//! `PATCH /api/v1/price-rules/{id}`.

use axum::extract::State;
use deserr::Deserr;
use events::{price_rule::RuleMode, resource::PriceRuleResource};
use platform::{
    body::{Faults, Json, Path},
    error::ApiError,
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::body::{LimitsBody, RuleBody, mode};
use crate::{
    domain::price_rule::{PriceRulePatch, RevisePriceRule},
    http::{
        answers::{BodyRefusals, CommandHeaders, CommandRefusals, ExistingRefusals},
        fields::Choice,
        state::CommandState,
        submission::{Accepted, Asked},
    },
};

/// What a rule is from now on; what is absent stays.
#[derive(Debug, Clone, Deserr, Serialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({"mode": "active"}))]
pub(crate) struct PriceRuleRevision {
    /// When and how far, all of it; of the kind that it is.
    #[deserr(default)]
    rule: Option<RuleBody>,
    /// Within what, all of it.
    #[deserr(default)]
    limits: Option<LimitsBody>,
    /// `active` lets it change prices, `dry_run` shows what it would do.
    #[deserr(default)]
    #[schema(value_type = RuleMode, required = false)]
    mode: Option<Choice<RuleMode>>,
}

/// Makes a price rule otherwise. Members of its supplier and ADMIN.
#[utoipa::path(
    patch, path = "/api/v1/price-rules/{id}", tag = "price-rules",
    request_body = PriceRuleRevision,
    params(("id" = Uuid, Path, description = "The rule."), CommandHeaders), security(("bearer" = [])),
    responses(
        (status = 200, body = PriceRuleResource, description = "As the command left it.", headers(
            ("ETag" = String, description = "The revision."),
            ("Iris-Position" = i64, description = "Where the log is now; give it to a read as Iris-Min-Position.")
        )),
        CommandRefusals, BodyRefusals, ExistingRefusals
    )
)]
pub(crate) async fn revise_price_rule(
    State(state): State<CommandState>,
    asked: Asked,
    Path(id): Path<Uuid>,
    Json(body): Json<PriceRuleRevision>,
) -> Result<Accepted, ApiError> {
    let patch = PriceRulePatch {
        kind: body.rule.as_ref().map(RuleBody::kind),
        limits: body.limits.as_ref().map(LimitsBody::limits),
        mode: mode(body.mode),
    };
    asked.submit(&state, &body, RevisePriceRule { rule_id: id.into(), patch }).await
}
