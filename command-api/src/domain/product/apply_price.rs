//! The price that rules make.

use chrono::{DateTime, Utc};
use events::{
    price_rule::{PriceReason, PriceRules, RuleMode, RuleRef},
    product::Product,
    values::{ProductId, swedish_day},
};
use pricing::Inputs;
use serde::Serialize;

use super::ProductCommand;
use crate::domain::{Answer, Command, Concerns, Stop, Unit, access, refusal::Refusal};

/// A product is to cost what the supplier's rules make of these inputs, for that hour; the system alone asks.
///
/// It is decided here and by nothing else: the inputs bring what stands outside of the log, the price and the rules
/// are those of the log. An hour that was priced is not priced again.
#[derive(Clone, Debug)]
pub struct ApplyPrice {
    /// Which.
    pub product_id: ProductId,
    /// The hour.
    pub at: DateTime<Utc>,
    /// What it is decided from.
    pub inputs: Inputs,
    /// The rules that it was proposed by.
    pub rules: Vec<RuleRef>,
}

/// What came of it.
#[derive(Serialize)]
struct Priced {
    unit_price_minor: i64,
}

impl Command for ApplyPrice {
    fn operation(&self) -> &'static str {
        "apply_price"
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        access::admin(unit)?;
        let id = self.product_id;
        let supplier_id = unit.existing::<Product>("product", id)?.state.supplier_id;
        let rules = unit.get::<PriceRules>(supplier_id)?;
        let product = unit.get::<Product>(id)?;
        let is_priced = product.state.by_rule.as_ref().is_some_and(|by_rule| by_rule.changed_at >= self.at);
        if is_priced || rules.state.is_paused || !product.state.active {
            return Ok(told(&product));
        }
        // The day bounds how far a price goes, so it is today or nothing: an hour that comes late is left to the next.
        let day = swedish_day(self.at);
        let is_now = self.at <= unit.now() && day == unit.today();
        if !is_now || self.inputs.at != self.at || self.inputs.today != day {
            return Err(Refusal::PriceMoved.into());
        }
        let category = product.state.details.category.as_deref();
        let acting = rules.state.acting_on(id, category, RuleMode::Active);
        let standing = product.state.standing(self.inputs.today);
        // What was proposed on another price, or by other rules, is proposed anew in an hour.
        if standing != self.inputs.standing || RuleRef::all(&acting) != self.rules {
            return Err(Refusal::PriceMoved.into());
        }
        let proposal = pricing::propose(&self.inputs, &acting);
        let (inputs, rules) = (self.inputs.clone(), self.rules.clone());
        let reason = PriceReason { at: self.at, inputs, rules, proposal };
        let product = unit.decide::<Product>(
            id,
            Concerns::supplier(supplier_id),
            ProductCommand::Price(Box::new(reason)),
        )?;
        Ok(told(&product))
    }
}

fn told(product: &events::Folded<Product>) -> Answer {
    Answer::ok(&Priced { unit_price_minor: product.state.unit_price_minor }, product.revision)
}
