//! Given a supplier's rules, what can be done with them.

use cqrs_es::test::TestFramework;
use events::values::ProductId;
use uuid::Uuid;

use super::*;
use crate::domain::aggregate::AggregateOf;

type Scenario = TestFramework<AggregateOf<PriceRules>>;

fn limits() -> Limits {
    Limits {
        floor_minor: 500,
        ceiling_minor: None,
        day_up_max_bps: 300,
        day_down_max_bps: 1_000,
        hysteresis_bps: 100,
        round_to_minor: 1,
    }
}

fn slow(days_without_order: u32) -> RuleKind {
    RuleKind::SlowMover { days_without_order, step_bps: 200 }
}

fn created(id: u128) -> PriceRuleEvent {
    PriceRuleEvent::PriceRuleCreated {
        supplier_id: SupplierId::default(),
        rule_id: PriceRuleId(Uuid::from_u128(id)),
        scope: RuleScope::Category("dairy".to_owned()),
        kind: slow(14),
        limits: limits(),
        mode: RuleMode::DryRun,
    }
}

fn create(id: u128, scope: RuleScope) -> PriceRuleCommand {
    PriceRuleCommand::Create {
        supplier_id: SupplierId::default(),
        rule_id: PriceRuleId(Uuid::from_u128(id)),
        scope,
        kind: slow(14),
        limits: limits(),
        mode: RuleMode::DryRun,
    }
}

#[test]
fn there_is_one_rule_of_a_kind_per_scope() {
    let taken = Refusal::PriceRuleTaken { rule_id: PriceRuleId(Uuid::from_u128(1)), kind: "slow_mover" };
    let dairy = RuleScope::Category("dairy".to_owned());
    Scenario::with(()).given(vec![created(1)]).when(create(2, dairy.clone())).then_expect_error(taken);
    let ended = PriceRuleEvent::PriceRuleEnded { rule_id: PriceRuleId(Uuid::from_u128(1)) };
    Scenario::with(())
        .given(vec![created(1), ended])
        .when(create(2, dairy))
        .then_expect_events(vec![created(2)]);
}

#[test]
fn a_rule_cannot_become_one_of_another_kind() {
    let kind =
        RuleKind::DemandIndex { dead_band_bps: 1, step_up_max_bps: 1, step_down_max_bps: 1, cover_days: 1 };
    let rule_id = PriceRuleId(Uuid::from_u128(1));
    let revise = PriceRuleCommand::Revise { rule_id, kind, limits: limits(), mode: RuleMode::Active };
    let message = "must stay slow_mover; end the rule and make another";
    let refusal = Refusal::invalid("rule.kind", "another_kind", message);
    Scenario::with(()).given(vec![created(1)]).when(revise).then_expect_error(refusal);
}

#[test]
fn a_ceiling_below_the_floor_is_refused() {
    let PriceRuleCommand::Create { supplier_id, rule_id, scope, kind, mode, .. } =
        create(1, RuleScope::ProductId(ProductId::default()))
    else {
        unreachable!("it is one")
    };
    let limits = Limits { ceiling_minor: Some(499), ..limits() };
    let create = PriceRuleCommand::Create { supplier_id, rule_id, scope, kind, limits, mode };
    let refusal = Refusal::invalid("limits.ceiling_cents", "below_floor", "must not be below floor_cents");
    Scenario::with(()).given(vec![]).when(create).then_expect_error(refusal);
}

#[test]
fn pausing_twice_is_nothing_new() {
    let supplier_id = SupplierId::default();
    let paused = || PriceRuleEvent::PriceRulesPaused { supplier_id };
    let pause = || PriceRuleCommand::Pause { supplier_id };
    Scenario::with(()).given(vec![created(1)]).when(pause()).then_expect_events(vec![paused()]);
    Scenario::with(()).given(vec![created(1), paused()]).when(pause()).then_expect_events(vec![]);
}

#[test]
fn a_products_own_rule_acts_in_place_of_its_categorys() {
    let product_id = ProductId(Uuid::from_u128(7));
    let mut rules = PriceRules::default();
    events::Fold::apply(&mut rules, &created(1));
    let own = PriceRuleEvent::PriceRuleCreated {
        supplier_id: SupplierId::default(),
        rule_id: PriceRuleId(Uuid::from_u128(2)),
        scope: RuleScope::ProductId(product_id),
        kind: slow(30),
        limits: limits(),
        mode: RuleMode::Active,
    };
    events::Fold::apply(&mut rules, &own);
    let ids = |product_id, category, mode| -> Vec<u128> {
        rules.acting_on(product_id, category, mode).iter().map(|rule| rule.id.as_u128()).collect()
    };
    assert_eq!(ids(product_id, Some("dairy"), RuleMode::DryRun), [2]);
    assert_eq!(ids(ProductId::default(), Some("dairy"), RuleMode::DryRun), [1]);
    assert_eq!(ids(ProductId::default(), Some("dairy"), RuleMode::Active), [0; 0]);
    assert_eq!(ids(ProductId::default(), None, RuleMode::DryRun), [0; 0]);
}

#[test]
fn an_own_rule_that_is_tried_out_keeps_the_categorys_from_acting() {
    let product_id = ProductId(Uuid::from_u128(7));
    let mut rules = PriceRules::default();
    for (id, scope, mode) in [
        (1, RuleScope::Category("dairy".to_owned()), RuleMode::Active),
        (2, RuleScope::ProductId(product_id), RuleMode::DryRun),
    ] {
        let (supplier_id, rule_id) = (SupplierId::default(), PriceRuleId(Uuid::from_u128(id)));
        let (kind, limits) = (slow(14), limits());
        let created = PriceRuleEvent::PriceRuleCreated { supplier_id, rule_id, scope, kind, limits, mode };
        events::Fold::apply(&mut rules, &created);
    }
    let ids = |product_id, mode| -> Vec<u128> {
        rules.acting_on(product_id, Some("dairy"), mode).iter().map(|rule| rule.id.as_u128()).collect()
    };
    assert_eq!(ids(product_id, RuleMode::DryRun), [2]);
    assert_eq!(ids(product_id, RuleMode::Active), [0; 0]);
    assert_eq!(ids(ProductId::default(), RuleMode::Active), [1]);
}
