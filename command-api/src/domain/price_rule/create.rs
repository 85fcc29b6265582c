//! Letting a rule look at prices.

use events::{
    log::Claim,
    price_rule::{PriceRules, RuleMode, RuleScope},
    product::Product,
    resource::PriceRuleResource,
    supplier::Supplier,
    values::{PriceRuleId, SupplierId},
};
use pricing::{Limits, RuleKind};

use super::PriceRuleCommand;
use crate::domain::{Answer, Command, Concerns, Stop, Unit, access, refusal::Refusal};

/// A rule on a product or a category of the supplier; its members and ADMIN.
#[derive(Clone, Debug)]
pub struct CreatePriceRule {
    /// Its id.
    pub rule_id: PriceRuleId,
    /// Whose it is.
    pub supplier_id: SupplierId,
    /// What it is about.
    pub scope: RuleScope,
    /// When and how far.
    pub kind: RuleKind,
    /// Within what.
    pub limits: Limits,
    /// Whether it changes prices.
    pub mode: RuleMode,
}

impl Command for CreatePriceRule {
    fn operation(&self) -> &'static str {
        "create_price_rule"
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        let Self { rule_id, supplier_id, scope, kind, limits, mode } = self.clone();
        unit.want::<Supplier>(supplier_id);
        unit.want::<PriceRules>(supplier_id);
        if let RuleScope::ProductId(product_id) = scope {
            unit.want::<Product>(product_id);
        }
        unit.wanted()?;
        access::supplier_as_member(unit, supplier_id)?;
        if let RuleScope::ProductId(product_id) = scope {
            let product = unit.existing::<Product>("product", product_id)?;
            if product.state.supplier_id != supplier_id {
                return Err(Refusal::not_found("product", product_id).into());
            }
        }
        let create = PriceRuleCommand::Create { supplier_id, rule_id, scope, kind, limits, mode };
        let rules = unit.decide::<PriceRules>(supplier_id, Concerns::supplier(supplier_id), create)?;
        unit.set_holder(Claim::price_rule(rule_id), Some(supplier_id.0));
        let rule = &rules.state.rules[&rule_id];
        Ok(Answer::created(&PriceRuleResource::of(rule_id, rule, &rules.state), rule.revision))
    }
}
