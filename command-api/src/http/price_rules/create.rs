//! `POST /api/v1/price-rules`.

use axum::extract::State;
use deserr::Deserr;
use events::{
    price_rule::{RuleMode, RuleScope},
    resource::PriceRuleResource,
};
use platform::{
    body::{Faults, Json},
    error::{ApiError, ErrorBody},
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::body::{LimitsBody, RuleBody, mode};
use crate::{
    domain::price_rule::CreatePriceRule,
    http::{
        answers::{BodyRefusals, CommandHeaders, CommandRefusals},
        fields::{Alternatives, Category, Choice, OneOf},
        state::CommandState,
        submission::{Accepted, Asked},
    },
};

/// A rule on one product or on a category: exactly one of the two.
#[derive(Debug, Clone, Deserr, Serialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({
    "supplier_id": "0190f5c0-0000-7000-8000-000000000010", "category": "dairy",
    "rule": {"kind": "expiry", "aim": "waste"}, "limits": {"floor_cents": 900}
}))]
pub(crate) struct NewPriceRule {
    /// Whose prices.
    supplier_id: Uuid,
    /// Of this product.
    #[deserr(default)]
    product_id: Option<Uuid>,
    /// Of all products of this category.
    #[deserr(default)]
    category: Option<Category>,
    /// When they are to move, and how far.
    rule: RuleBody,
    /// Within what.
    limits: LimitsBody,
    /// `dry_run` shows what the rule would do, `active` does it; `dry_run` unless said.
    #[deserr(default)]
    #[schema(value_type = RuleMode, required = false)]
    mode: Option<Choice<RuleMode>>,
}

impl Alternatives for NewPriceRule {
    const FIELDS: [&'static str; 2] = ["product_id", "category"];
    const ONE_IS_NEEDED: bool = true;
}

/// Makes a price rule. Members of the supplier and ADMIN.
///
/// It begins as a dry run: `GET /price-proposals` shows what it would do and why, within seconds. One rule of a kind
/// per product or category; a product's own acts in place of its category's. Contract prices and prices in carts and
/// orders are never moved by a rule.
#[utoipa::path(
    post, path = "/api/v1/price-rules", tag = "price-rules",
    request_body = NewPriceRule,
    params(CommandHeaders), security(("bearer" = [])),
    responses(
        (status = 200, body = PriceRuleResource, description = "The same request again: the answer it got then.", headers(
            ("Idempotency-Replayed" = bool, description = "`true`.")
        )),
        (status = 201, body = PriceRuleResource, description = "As the command left it.", headers(
            ("ETag" = String, description = "The revision."),
            ("Location" = String, description = "Where it is."),
            ("Iris-Position" = i64, description = "Where the log is now; give it to a read as Iris-Min-Position.")
        )),
        (status = 404, body = ErrorBody, description = "`supplier_not_found`, `product_not_found`."),
        (status = 409, body = ErrorBody, description = "`price_rule_taken`: there is one of the kind for it; \
            `too_many_price_rules`."),
        CommandRefusals, BodyRefusals
    )
)]
pub(crate) async fn create_price_rule(
    State(state): State<CommandState>,
    asked: Asked,
    Json(OneOf(body)): Json<OneOf<NewPriceRule>>,
) -> Result<Accepted, ApiError> {
    let category = body.category.clone().map(Category::into_string);
    let scope = match (body.product_id, category) {
        (Some(id), _) => RuleScope::ProductId(id.into()),
        (None, category) => RuleScope::Category(category.unwrap_or_default()),
    };
    let command = CreatePriceRule {
        rule_id: state.ids.next().into(),
        supplier_id: body.supplier_id.into(),
        scope,
        kind: body.rule.kind(),
        limits: body.limits.limits(),
        mode: mode(body.mode).unwrap_or_default(),
    };
    Ok(asked.submit(&state, &body, command).await?.under("/api/v1/price-rules"))
}
