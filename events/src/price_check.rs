//! Deciding every price that rules made once more, from what the log says.

use std::{collections::HashMap, fmt};

use uuid::Uuid;

use crate::{
    envelope::{RecordedEvent, StreamKind},
    fold::{UnreadableEvent, decode},
    price_rule::{PriceReason, PriceRules, RuleMode, RuleRef},
    product::{Product, ProductEvent},
    values::{ProductId, swedish_day},
};

/// The kinds of streams that it follows.
pub const PRICE_CHECK_KINDS: [StreamKind; 2] = [StreamKind::Product, StreamKind::PriceRules];

/// Follows a log from its first event. Grows with the rules and the products in it.
#[derive(Debug, Default)]
pub struct PriceCheck {
    /// By supplier.
    rules: HashMap<Uuid, PriceRules>,
    products: HashMap<Uuid, Product>,
}

/// A price that is not what its own reason comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceFault {
    /// Of the event.
    pub position: i64,
    /// The product.
    pub product_id: Uuid,
    /// What is wrong.
    pub what: PriceFaultKind,
}

/// What can be wrong with a price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PriceFaultKind {
    /// Other rules acted on the product then than those that it was made by.
    OtherRules,
    /// The supplier had paused its rules.
    Paused,
    /// Its hour, the hour of its inputs and the day of that are not one.
    OtherTime,
    /// Its inputs have another price than the product had.
    OtherStanding,
    /// The rules make another price of its inputs, or for other reasons.
    OtherPrice {
        /// What the event says.
        recorded_minor: i64,
        /// What it comes to.
        decided_minor: i64,
    },
}

impl fmt::Display for PriceFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "position {}, product {}: ", self.position, self.product_id)?;
        match &self.what {
            PriceFaultKind::OtherRules => {
                f.write_str("other rules acted on it than those that it was made by")
            }
            PriceFaultKind::Paused => f.write_str("its supplier had paused all rules"),
            PriceFaultKind::OtherTime => f.write_str("its hour is not that of its inputs"),
            PriceFaultKind::OtherStanding => {
                f.write_str("its inputs have another price than the product had")
            }
            PriceFaultKind::OtherPrice { recorded_minor, decided_minor } => {
                write!(f, "recorded as {recorded_minor}, decided again {decided_minor} or for other reasons")
            }
        }
    }
}

impl PriceCheck {
    /// Takes the next event of the log. `Some(Ok(()))` is a price that rules made, and that is right.
    ///
    /// # Errors
    /// The event is of one of the kinds, and cannot be read.
    pub fn take(&mut self, event: &RecordedEvent) -> Result<Option<Result<(), PriceFault>>, UnreadableEvent> {
        match StreamKind::named(&event.stream_kind) {
            Some(StreamKind::PriceRules) => {
                let said = decode::<PriceRules>(event)?;
                crate::Fold::apply(self.rules.entry(event.stream_id).or_default(), &said);
                Ok(None)
            }
            Some(StreamKind::Product) => Ok(self.priced(event, &decode::<Product>(event)?)),
            _ => Ok(None),
        }
    }

    fn priced(&mut self, event: &RecordedEvent, said: &ProductEvent) -> Option<Result<(), PriceFault>> {
        let product = self.products.entry(event.stream_id).or_default();
        let checked = match said {
            ProductEvent::PriceChanged { previous_minor, unit_price_minor, reason: Some(reason) } => {
                let rules = self.rules.get(&product.supplier_id.0);
                Some(check(rules, (event.stream_id, product), reason, (*previous_minor, *unit_price_minor)))
            }
            _ => None,
        };
        crate::Fold::apply(product, said);
        let (position, product_id) = (event.global_position, event.stream_id);
        checked.map(|checked| checked.map_err(|what| PriceFault { position, product_id, what }))
    }
}

fn check(
    rules: Option<&PriceRules>,
    (product_id, product): (Uuid, &Product),
    reason: &PriceReason,
    (previous_minor, recorded_minor): (i64, i64),
) -> Result<(), PriceFaultKind> {
    let PriceReason { at, inputs, .. } = reason;
    let category = product.details.category.as_deref();
    let acting = rules.map(|rules| rules.acting_on(ProductId(product_id), category, RuleMode::Active));
    let acting = acting.unwrap_or_default();
    if rules.is_some_and(|rules| rules.is_paused) {
        return Err(PriceFaultKind::Paused);
    }
    if RuleRef::all(&acting) != reason.rules {
        return Err(PriceFaultKind::OtherRules);
    }
    if inputs.at != *at || inputs.today != swedish_day(*at) {
        return Err(PriceFaultKind::OtherTime);
    }
    if product.standing(inputs.today) != inputs.standing || previous_minor != product.unit_price_minor {
        return Err(PriceFaultKind::OtherStanding);
    }
    let decided = pricing::propose(inputs, &acting);
    if decided == reason.proposal && decided.new_minor == recorded_minor {
        return Ok(());
    }
    Err(PriceFaultKind::OtherPrice { recorded_minor, decided_minor: decided.new_minor })
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};
    use pricing::{Inputs, Limits, RuleKind};

    use super::*;
    use crate::{
        price_rule::{PriceRuleEvent, RuleScope},
        product::ProductDetails,
        values::{Currency, PriceRuleId, SupplierId},
    };

    const PRODUCT: Uuid = Uuid::from_u128(7);
    const SUPPLIER: Uuid = Uuid::from_u128(8);

    fn at() -> DateTime<Utc> {
        "2026-11-20T12:00:00Z".parse().expect("a time")
    }

    fn made(id: u128, mode: RuleMode) -> PriceRuleEvent {
        PriceRuleEvent::PriceRuleCreated {
            supplier_id: SupplierId(SUPPLIER),
            rule_id: PriceRuleId(Uuid::from_u128(id)),
            scope: RuleScope::Category("dairy".to_owned()),
            kind: RuleKind::SlowMover { days_without_order: 14, step_bps: 200 },
            limits: Limits {
                floor_minor: 700,
                ceiling_minor: None,
                day_up_max_bps: 300,
                day_down_max_bps: 1_000,
                hysteresis_bps: 100,
                round_to_minor: 1,
            },
            mode,
        }
    }

    /// A rule, a product, and the price that the one makes of the other.
    fn priced() -> (Product, PriceRules, PriceReason) {
        let (mut product, mut rules) = (Product::default(), PriceRules::default());
        let details = ProductDetails { category: Some("dairy".to_owned()), ..ProductDetails::default() };
        crate::Fold::apply(
            &mut product,
            &ProductEvent::ProductCreated {
                supplier_id: SupplierId(SUPPLIER),
                details,
                unit_price_minor: 1_000,
                currency: Currency::SEK,
            },
        );
        crate::Fold::apply(&mut rules, &made(1, RuleMode::Active));
        let inputs = Inputs {
            at: at(),
            today: swedish_day(at()),
            standing: product.standing(swedish_day(at())),
            days_without_order: 40,
            orders_behind_hours: Some(0),
            ..Inputs::default()
        };
        let acting = rules.acting_on(ProductId(PRODUCT), Some("dairy"), RuleMode::Active);
        let proposal = pricing::propose(&inputs, &acting);
        let reason = PriceReason { at: at(), inputs, rules: RuleRef::all(&acting), proposal };
        (product, rules, reason)
    }

    fn found(product: &Product, rules: &PriceRules, reason: &PriceReason) -> Result<(), PriceFaultKind> {
        check(Some(rules), (PRODUCT, product), reason, (1_000, reason.proposal.new_minor))
    }

    #[test]
    fn a_price_that_its_rules_made_is_right() {
        let (product, rules, reason) = priced();
        assert_eq!(reason.proposal.new_minor, 920);
        assert_eq!(found(&product, &rules, &reason), Ok(()));
    }

    #[test]
    fn only_the_rules_that_acted_then_can_have_made_it() {
        let (product, mut rules, mut reason) = priced();
        // A revision that is no longer the rule's.
        let PriceRuleEvent::PriceRuleCreated { rule_id, kind, limits, .. } = made(1, RuleMode::Active) else {
            unreachable!("it is one")
        };
        let revised = PriceRuleEvent::PriceRuleRevised { rule_id, kind, limits, mode: RuleMode::Active };
        crate::Fold::apply(&mut rules, &revised);
        assert_eq!(found(&product, &rules, &reason), Err(PriceFaultKind::OtherRules));
        // None at all, though one acted.
        reason.rules.clear();
        assert_eq!(found(&product, &rules, &reason), Err(PriceFaultKind::OtherRules));
        // One that was only tried out.
        let (product, _, reason) = priced();
        let mut tried = PriceRules::default();
        crate::Fold::apply(&mut tried, &made(1, RuleMode::DryRun));
        assert_eq!(found(&product, &tried, &reason), Err(PriceFaultKind::OtherRules));
    }

    #[test]
    fn no_price_is_made_while_rules_are_paused() {
        let (product, mut rules, reason) = priced();
        crate::Fold::apply(
            &mut rules,
            &PriceRuleEvent::PriceRulesPaused { supplier_id: SupplierId(SUPPLIER) },
        );
        assert_eq!(found(&product, &rules, &reason), Err(PriceFaultKind::Paused));
    }

    #[test]
    fn its_hour_is_that_of_its_inputs() {
        let (product, rules, reason) = priced();
        let later = PriceReason { at: at() + TimeDelta::hours(1), ..reason.clone() };
        assert_eq!(found(&product, &rules, &later), Err(PriceFaultKind::OtherTime));
        let mut tomorrow = reason;
        tomorrow.inputs.today += TimeDelta::days(1);
        assert_eq!(found(&product, &rules, &tomorrow), Err(PriceFaultKind::OtherTime));
    }

    #[test]
    fn it_was_made_of_the_price_that_the_product_had() {
        let (product, rules, mut reason) = priced();
        let new_minor = reason.proposal.new_minor;
        let other = check(Some(&rules), (PRODUCT, &product), &reason, (999, new_minor));
        assert_eq!(other, Err(PriceFaultKind::OtherStanding));
        reason.inputs.standing.day_start_minor = 999;
        assert_eq!(found(&product, &rules, &reason), Err(PriceFaultKind::OtherStanding));
    }
}
