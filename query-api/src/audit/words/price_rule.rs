//! Price rules in words.

use events::price_rule::{PriceRuleEvent, RuleMode, RuleScope};

use super::{Told, quoted};
use crate::audit::names::Names;

pub(super) fn tell(event: &PriceRuleEvent, names: &Names) -> Told {
    match event {
        PriceRuleEvent::PriceRuleCreated { scope, kind, mode, .. } => {
            let about = match scope {
                RuleScope::ProductId(id) => names.product(id.0).said,
                RuleScope::Category(category) => format!("category {}", quoted(category)),
            };
            Told::plain(format!("Made a price rule ({}) for {about}, {}.", kind.name(), how(*mode)))
        }
        PriceRuleEvent::PriceRuleRevised { rule_id, kind, mode, .. } => {
            Told::plain(format!("Made price rule {rule_id} ({}) otherwise, {}.", kind.name(), how(*mode)))
        }
        PriceRuleEvent::PriceRuleEnded { rule_id } => Told::plain(format!("Ended price rule {rule_id}.")),
        PriceRuleEvent::PriceRulesPaused { .. } => Told::plain("Paused all price rules."),
        PriceRuleEvent::PriceRulesResumed { .. } => Told::plain("Let price rules change prices again."),
    }
}

fn how(mode: RuleMode) -> &'static str {
    match mode {
        RuleMode::DryRun => "which shows what it would do",
        RuleMode::Active => "which changes prices",
    }
}
