//! Ending a rule.

use events::{price_rule::PriceRules, resource::PriceRuleResource, values::PriceRuleId};

use super::{Acting as _, PriceRuleCommand, rules_of};
use crate::domain::{Answer, Command, Concerns, Stop, Unit};

/// It does nothing any more; prices that it made stay until somebody changes them. Members of its supplier and ADMIN.
#[derive(Clone, Debug)]
pub struct EndPriceRule {
    /// Which.
    pub rule_id: PriceRuleId,
}

impl Command for EndPriceRule {
    fn operation(&self) -> &'static str {
        "end_price_rule"
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        let rule_id = self.rule_id;
        let (supplier_id, before) = rules_of(unit, rule_id)?;
        let end = PriceRuleCommand::End { rule_id };
        let rules = unit.decide::<PriceRules>(supplier_id, Concerns::supplier(supplier_id), end)?;
        let rule = before.state.rule(rule_id)?;
        Ok(Answer::ok(&PriceRuleResource::of(rule_id, rule, &rules.state), rule.revision))
    }
}
