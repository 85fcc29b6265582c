//! Stopping all rules of a supplier at once, and letting them go on.

use events::{price_rule::PriceRules, resource::PriceRulesState, supplier::Supplier, values::SupplierId};

use super::PriceRuleCommand;
use crate::domain::{Answer, Command, Concerns, Stop, Unit, access};

/// No rule of the supplier changes a price, or they do again; its members and ADMIN.
#[derive(Clone, Debug)]
pub enum PausePriceRules {
    /// None does.
    Pause(SupplierId),
    /// They do again.
    Resume(SupplierId),
}

impl Command for PausePriceRules {
    fn operation(&self) -> &'static str {
        match self {
            Self::Pause(_) => "pause_price_rules",
            Self::Resume(_) => "resume_price_rules",
        }
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        let (supplier_id, command) = match *self {
            Self::Pause(supplier_id) => (supplier_id, PriceRuleCommand::Pause { supplier_id }),
            Self::Resume(supplier_id) => (supplier_id, PriceRuleCommand::Resume { supplier_id }),
        };
        unit.want::<Supplier>(supplier_id);
        unit.want::<PriceRules>(supplier_id);
        unit.wanted()?;
        access::supplier_as_member(unit, supplier_id)?;
        let rules = unit.decide::<PriceRules>(supplier_id, Concerns::supplier(supplier_id), command)?;
        Ok(Answer::ok(&PriceRulesState::of(supplier_id, &rules.state), rules.revision))
    }
}
