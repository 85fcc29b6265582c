//! Making a rule otherwise.

use events::{
    price_rule::{PriceRules, RuleMode},
    resource::PriceRuleResource,
    values::PriceRuleId,
};
use pricing::{Limits, RuleKind};

use super::{Acting as _, PriceRuleCommand, rules_of};
use crate::domain::{Answer, Command, Concerns, Stop, Unit};

/// What is to be otherwise; what is absent stays.
#[derive(Clone, Debug, Default)]
pub struct PriceRulePatch {
    /// When and how far; of the same kind.
    pub kind: Option<RuleKind>,
    /// Within what; all of it.
    pub limits: Option<Limits>,
    /// Whether it changes prices.
    pub mode: Option<RuleMode>,
}

/// Some of a rule changes; members of its supplier and ADMIN.
#[derive(Clone, Debug)]
pub struct RevisePriceRule {
    /// Which.
    pub rule_id: PriceRuleId,
    /// What changes.
    pub patch: PriceRulePatch,
}

impl Command for RevisePriceRule {
    fn operation(&self) -> &'static str {
        "revise_price_rule"
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        let rule_id = self.rule_id;
        let (supplier_id, rules) = rules_of(unit, rule_id)?;
        let rule = rules.state.rule(rule_id)?;
        let PriceRulePatch { kind, limits, mode } = self.patch.clone();
        let revise = PriceRuleCommand::Revise {
            rule_id,
            kind: kind.unwrap_or_else(|| rule.kind.clone()),
            limits: limits.unwrap_or_else(|| rule.limits.clone()),
            mode: mode.unwrap_or(rule.mode),
        };
        let rules = unit.decide::<PriceRules>(supplier_id, Concerns::supplier(supplier_id), revise)?;
        let rule = rules.state.rule(rule_id)?;
        Ok(Answer::ok(&PriceRuleResource::of(rule_id, rule, &rules.state), rule.revision))
    }
}
