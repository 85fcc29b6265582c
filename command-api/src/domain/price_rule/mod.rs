//! Price rules: what a supplier lets move its prices.

mod create;
mod end;
mod pause;
mod revise;
#[cfg(test)]
mod tests;

pub use create::CreatePriceRule;
pub use end::EndPriceRule;
pub use pause::PausePriceRules;
pub use revise::{PriceRulePatch, RevisePriceRule};

use events::{
    Folded,
    log::Claim,
    price_rule::{PriceRule, PriceRuleEvent, PriceRules, RULES_MAX, RuleMode, RuleScope},
    supplier::Supplier,
    values::{PriceRuleId, SupplierId},
};
use pricing::{Limits, RuleKind};
use std::sync::Arc;

use super::{Decide, refusal::Refusal};
use crate::domain::{Stop, Unit, access, refusal::InvalidValue};

/// What refusals call it.
const WHAT: &str = "price rule";

/// What can be asked of a supplier's rules.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each is documented at the event that it leads to")]
pub enum PriceRuleCommand {
    Create {
        supplier_id: SupplierId,
        rule_id: PriceRuleId,
        scope: RuleScope,
        kind: RuleKind,
        limits: Limits,
        mode: RuleMode,
    },
    /// All of it as it is to be.
    Revise {
        rule_id: PriceRuleId,
        kind: RuleKind,
        limits: Limits,
        mode: RuleMode,
    },
    End {
        rule_id: PriceRuleId,
    },
    Pause {
        supplier_id: SupplierId,
    },
    Resume {
        supplier_id: SupplierId,
    },
}

impl Decide for PriceRules {
    type Command = PriceRuleCommand;

    fn decide(&self, command: PriceRuleCommand) -> Result<Vec<PriceRuleEvent>, Refusal> {
        use PriceRuleCommand as C;
        use PriceRuleEvent as E;
        Ok(match command {
            C::Create { supplier_id, rule_id, scope, kind, limits, mode } => {
                check(&limits)?;
                if self.rules.len() >= RULES_MAX {
                    return Err(Refusal::TooManyPriceRules { rules_max: RULES_MAX });
                }
                let is_same = |rule: &PriceRule| rule.scope == scope && rule.kind.name() == kind.name();
                if let Some((rule_id, _)) = self.rules.iter().find(|(_, rule)| is_same(rule)) {
                    return Err(Refusal::PriceRuleTaken { rule_id: *rule_id, kind: kind.name() });
                }
                vec![E::PriceRuleCreated { supplier_id, rule_id, scope, kind, limits, mode }]
            }
            C::Revise { rule_id, kind, limits, mode } => {
                let rule = self.rule(rule_id)?;
                check(&limits)?;
                if kind.name() != rule.kind.name() {
                    let message = format!("must stay {}; end the rule and make another", rule.kind.name());
                    return Err(Refusal::invalid("rule.kind", "another_kind", message));
                }
                let is_same = (&kind, &limits, mode) == (&rule.kind, &rule.limits, rule.mode);
                if is_same { vec![] } else { vec![E::PriceRuleRevised { rule_id, kind, limits, mode }] }
            }
            C::End { rule_id } => {
                self.rule(rule_id)?;
                vec![E::PriceRuleEnded { rule_id }]
            }
            C::Pause { .. } if self.is_paused => vec![],
            C::Pause { supplier_id } => vec![E::PriceRulesPaused { supplier_id }],
            C::Resume { .. } if !self.is_paused => vec![],
            C::Resume { supplier_id } => vec![E::PriceRulesResumed { supplier_id }],
        })
    }
}

/// Looking a rule up among those that act.
trait Acting {
    fn rule(&self, id: PriceRuleId) -> Result<&PriceRule, Refusal>;
}

impl Acting for PriceRules {
    fn rule(&self, id: PriceRuleId) -> Result<&PriceRule, Refusal> {
        self.rules.get(&id).ok_or_else(|| Refusal::not_found(WHAT, id))
    }
}

/// # Errors
/// All faults at once.
fn check(limits: &Limits) -> Result<(), Refusal> {
    let mut faults = Vec::new();
    let mut refuse = |field: &str, code, message: &str| {
        faults.push(InvalidValue { field: field.to_owned(), code, message: message.to_owned() });
    };
    if limits.ceiling_minor.is_some_and(|ceiling| ceiling < limits.floor_minor) {
        refuse("limits.ceiling_cents", "below_floor", "must not be below floor_cents");
    }
    if ![1, 10, 50, 100].contains(&limits.round_to_minor) {
        refuse("limits.round_to_cents", "unknown_value", "must be 1, 10, 50 or 100");
    }
    if faults.is_empty() { Ok(()) } else { Err(Refusal::Invalid(faults)) }
}

/// The rule's supplier and its rules, if the caller works for it. Nobody else but ADMIN and AUDITOR may know that the
/// rule exists: it says how a competitor sets its prices.
fn rules_of(unit: &mut Unit<'_>, id: PriceRuleId) -> Result<(SupplierId, Arc<Folded<PriceRules>>), Stop> {
    let unseen = || Refusal::not_found(WHAT, id);
    let Some(supplier_id) = unit.holder(&Claim::price_rule(id))? else { return Err(unseen().into()) };
    unit.want::<Supplier>(supplier_id);
    unit.want::<PriceRules>(supplier_id);
    unit.wanted()?;
    let supplier = unit.get::<Supplier>(supplier_id)?;
    if !unit.caller().acts_for(&supplier.state.members) {
        return Err(access::unseen_unless_auditor(unit, unseen()));
    }
    let rules = unit.get::<PriceRules>(supplier_id)?;
    let revision = rules.state.rule(id)?.revision;
    unit.match_revision(revision)?;
    Ok((SupplierId(supplier_id), rules))
}
