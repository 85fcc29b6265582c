//! Price rules as clients see them.

use pricing::{Limits, RuleKind};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    price_rule::{PriceRule, PriceRules, RuleMode, RuleScope},
    values::{PriceRuleId, ProductId, SupplierId},
};

/// What a supplier lets move its prices.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PriceRuleResource {
    /// The rule.
    pub id: PriceRuleId,
    /// Whose it is.
    pub supplier_id: SupplierId,
    /// The product that it is about, if it is about one.
    #[schema(required)]
    pub product_id: Option<ProductId>,
    /// The category that it is about, if it is about one.
    #[schema(required)]
    pub category: Option<String>,
    /// When the price is to move, and how far.
    pub rule: RuleKind,
    /// Within what.
    pub limits: Limits,
    /// Whether it changes prices, or shows what it would do.
    pub mode: RuleMode,
    /// The supplier has paused all of its rules: none changes a price.
    pub is_paused: bool,
    /// It does nothing any more.
    pub ended: bool,
    /// How often it was made otherwise, and one; the `ETag`.
    pub revision: i64,
}

impl PriceRuleResource {
    /// The rule as it stands in the supplier's.
    pub fn of(id: PriceRuleId, rule: &PriceRule, of: &PriceRules) -> Self {
        let (product_id, category) = match &rule.scope {
            RuleScope::ProductId(id) => (Some(*id), None),
            RuleScope::Category(category) => (None, Some(category.clone())),
        };
        Self {
            id,
            supplier_id: of.supplier_id,
            product_id,
            category,
            rule: rule.kind.clone(),
            limits: rule.limits.clone(),
            mode: rule.mode,
            is_paused: of.is_paused,
            ended: !of.rules.contains_key(&id),
            revision: rule.revision,
        }
    }
}

/// Whether a supplier's rules change prices.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PriceRulesState {
    /// Whose they are.
    pub supplier_id: SupplierId,
    /// None of them changes a price.
    pub is_paused: bool,
    /// How many there are.
    pub rules: usize,
}

impl PriceRulesState {
    /// As they stand.
    pub fn of(supplier_id: SupplierId, rules: &PriceRules) -> Self {
        Self { supplier_id, is_paused: rules.is_paused, rules: rules.rules.len() }
    }
}
