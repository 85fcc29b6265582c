//! What holds of every proposal.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use pricing::{
    Aim, Because, DemandIndex, Expected, Guardrail, Inputs, Limits, Lot, Proposal, Rule, RuleKind, Standing,
    StockOnHand, propose,
};
use proptest::prelude::*;
use uuid::Uuid;

fn hour(hours: i64) -> DateTime<Utc> {
    "2026-11-20T00:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::hours(hours)
}

fn day(days: i64) -> NaiveDate {
    hour(24 * days).date_naive()
}

fn limits() -> Limits {
    Limits {
        floor_minor: 700,
        ceiling_minor: Some(1_300),
        day_up_max_bps: 300,
        day_down_max_bps: 1_000,
        hysteresis_bps: 100,
        round_to_minor: 1,
    }
}

fn rule(id: u128, kind: RuleKind) -> Rule {
    Rule { id: Uuid::from_u128(id), revision: 1, kind, limits: limits() }
}

fn expiry(aim: Aim, elasticity_thousandths: u32) -> Rule {
    rule(1, RuleKind::Expiry { aim, elasticity_thousandths, down_max_bps: 5_000 })
}

fn by_demand() -> Rule {
    let kind = RuleKind::DemandIndex {
        dead_band_bps: 1_500,
        step_up_max_bps: 300,
        step_down_max_bps: 300,
        cover_days: 2,
    };
    rule(2, kind)
}

fn slow() -> Rule {
    rule(3, RuleKind::SlowMover { days_without_order: 14, step_bps: 200 })
}

/// Ten a day are expected, and as many are there; all is as expected.
fn calm() -> Inputs {
    Inputs {
        at: hour(12),
        today: day(0),
        standing: Standing {
            base_minor: 1_000,
            current_minor: 1_000,
            day_start_minor: 1_000,
            changed_at: None,
            held_until: None,
        },
        stock: StockOnHand { sellable: 10_000, lots: Vec::new() },
        days_without_order: 0,
        orders_behind_hours: Some(0),
        demand: Some(DemandIndex { index_bps: 10_000, orders: 9, age_hours: 1 }),
        expected: Some(Expected {
            run_id: Uuid::nil(),
            age_hours: 10,
            is_drifting: false,
            sums: (1..=14).map(|days| days * 10_000).collect(),
        }),
    }
}

fn expiring(quantity: i64, in_days: i64) -> Inputs {
    let lots = vec![Lot { expires_on: day(in_days), quantity }];
    Inputs { stock: StockOnHand { sellable: quantity, lots }, ..calm() }
}

#[test]
fn what_expires_is_marked_down_by_the_smallest_step_that_sells_it() {
    // 24 expire by tomorrow, 20 are expected to sell: a fifth more at an elasticity of one.
    let proposal = propose(&expiring(24_000, 1), &[expiry(Aim::Waste, 1_000)]);
    let adjustment = &proposal.adjustments[0];
    assert_eq!((adjustment.bps, proposal.target_minor), (-2_000, 800));
    assert_eq!(adjustment.because, Because::Expiring { by: day(1), quantity: 24_000, expected: 20_000 });
    assert_eq!((proposal.new_minor, &proposal.guardrails[..]), (900, &[Guardrail::DayDown][..]));
    assert_eq!(
        proposal.sentences(),
        [
            "−20 %: 24 expire by 2026-11-21, and 20 are expected to sell until then.",
            "The price falls no further today."
        ]
    );
}

#[test]
fn nothing_happens_where_it_sells_anyway_or_has_expired() {
    for inputs in [expiring(21_000, 1), expiring(90_000, -1), calm()] {
        let proposal = propose(&inputs, &[expiry(Aim::Waste, 1_000)]);
        assert_eq!(
            (proposal.new_minor, proposal.adjustments.len(), proposal.guardrails.len()),
            (1_000, 0, 0)
        );
        assert_eq!(proposal.sentences(), ["No rule has cause to move the price."]);
    }
}

#[test]
fn for_margin_nothing_is_marked_down_that_would_not_pay() {
    let inputs = expiring(24_000, 1);
    assert_eq!(propose(&inputs, &[expiry(Aim::Margin, 1_000)]).guardrails, [Guardrail::DoesNotPay]);
    assert_eq!(propose(&inputs, &[expiry(Aim::Margin, 2_000)]).adjustments[0].bps, -1_000);
}

#[test]
fn a_price_rises_only_where_stock_does_not_last() {
    let wanted = |available| Inputs {
        demand: Some(DemandIndex { index_bps: 14_000, orders: 30, age_hours: 1 }),
        stock: StockOnHand { sellable: available, lots: Vec::new() },
        ..calm()
    };
    assert_eq!(propose(&wanted(5_000), &[by_demand()]).new_minor, 1_030);
    let lasting = propose(&wanted(20_000), &[by_demand()]);
    assert_eq!((lasting.new_minor, &lasting.guardrails[..]), (1_000, &[Guardrail::StockLasts][..]));
}

#[test]
fn a_stale_or_drifting_forecast_freezes_the_price_and_a_missing_one_only_its_rules() {
    let aged = |age_hours, is_drifting| {
        let expected = Expected { age_hours, is_drifting, ..calm().expected.unwrap() };
        Inputs { expected: Some(expected), days_without_order: 40, ..expiring(90_000, 1) }
    };
    let rules = [expiry(Aim::Waste, 1_000), slow()];
    let frozen = |inputs: &Inputs| {
        let Proposal { new_minor, guardrails, .. } = propose(inputs, &rules);
        (new_minor, guardrails)
    };
    assert_eq!(frozen(&aged(37, false)), (1_000, vec![Guardrail::ForecastStale]));
    assert_eq!(frozen(&aged(1, true)), (1_000, vec![Guardrail::SeriesDrifts]));
    let without = Inputs { expected: None, ..aged(1, false) };
    assert_eq!(frozen(&without), (920, vec![Guardrail::NoForecast]));
}

#[test]
fn what_was_undone_or_has_just_changed_is_left_alone() {
    let inputs = Inputs { days_without_order: 40, ..calm() };
    let with = |standing| propose(&Inputs { standing, ..inputs.clone() }, &[slow()]);
    let standing = inputs.standing.clone();
    let held = with(Standing { held_until: Some(hour(13)), ..standing.clone() });
    assert_eq!((held.new_minor, &held.guardrails[..]), (1_000, &[Guardrail::Held][..]));
    let recent = with(Standing { changed_at: Some(hour(7)), ..standing.clone() });
    assert_eq!((recent.new_minor, &recent.guardrails[..]), (1_000, &[Guardrail::ChangedRecently][..]));
    assert_eq!(with(Standing { changed_at: Some(hour(6)), ..standing }).new_minor, 920);
}

#[test]
fn nobody_is_said_not_to_have_ordered_while_orders_are_not_counted() {
    for behind in [None, Some(1), Some(37)] {
        let inputs = Inputs { days_without_order: 40, orders_behind_hours: behind, ..calm() };
        let proposal = propose(&inputs, &[slow()]);
        assert_eq!(
            (proposal.new_minor, &proposal.guardrails[..]),
            (1_000, &[Guardrail::OrdersNotCounted][..])
        );
    }
}

prop_compose! {
    fn any_inputs()(
        base in 800_i64..1_200, current in 700_i64..=1_300, start in 700_i64..=1_300,
        lots in prop::collection::vec((0_i64..16, 0_i64..80_000), 0..4), available in 0_i64..50_000,
        days in 0_i64..60, index in 2_000_i64..30_000, age in 0_i64..40, drifts in prop::bool::weighted(0.1),
        daily in 0_i64..20_000,
    ) -> Inputs {
        let mut lots: Vec<Lot> =
            lots.into_iter().map(|(in_days, quantity)| Lot { expires_on: day(in_days - 1), quantity }).collect();
        lots.sort_by_key(|lot| lot.expires_on);
        lots.dedup_by_key(|lot| lot.expires_on);
        let standing = Standing { base_minor: base, current_minor: current, day_start_minor: start, ..Standing::default() };
        Inputs {
            standing,
            stock: StockOnHand { sellable: available, lots },
            days_without_order: days,
            demand: Some(DemandIndex { index_bps: index, orders: 5, age_hours: age }),
            expected: Some(Expected {
                run_id: Uuid::nil(), age_hours: age, is_drifting: drifts,
                sums: (1..=14).map(|days| days * daily).collect(),
            }),
            ..calm()
        }
    }
}

fn any_rules() -> impl Strategy<Value = Vec<Rule>> {
    let endings = prop::sample::select(vec![1_i64, 10, 50, 100]);
    (prop::sample::subsequence(vec![0, 1, 2], 0..=3), 0_u32..5_000, endings, 0_u32..400).prop_map(
        |(kinds, elasticity, round_to_minor, hysteresis_bps)| {
            let all = [expiry(Aim::Waste, elasticity), by_demand(), slow()];
            let with = |rule: &Rule| {
                let limits = Limits { round_to_minor, hysteresis_bps, ..limits() };
                Rule { limits, ..rule.clone() }
            };
            kinds.into_iter().map(|kind| with(&all[kind])).collect()
        },
    )
}

proptest! {
    #[test]
    fn floor_and_ceiling_hold_for_a_price_inside_them(inputs in any_inputs(), rules in any_rules()) {
        let new = propose(&inputs, &rules).new_minor;
        prop_assert!((700..=1_300).contains(&new), "{new}");
    }

    #[test]
    fn no_day_moves_it_further_than_it_may(inputs in any_inputs(), rules in any_rules(), turns in prop::collection::vec(any_inputs(), 24)) {
        let start = inputs.standing.day_start_minor;
        let mut standing = Standing { current_minor: start, ..inputs.standing };
        for (hours, turn) in (0_i64..).zip(turns) {
            let inputs = Inputs { at: hour(hours), standing: standing.clone(), ..turn };
            let new = propose(&inputs, &rules).new_minor;
            if new != standing.current_minor {
                standing = Standing { current_minor: new, changed_at: Some(inputs.at), ..standing };
            }
            prop_assert!(new * 10_000 >= start * 9_000 && new * 10_000 <= start * 10_300, "{start} → {new}");
        }
    }

    #[test]
    fn the_same_inputs_move_it_once(inputs in any_inputs(), rules in any_rules()) {
        let first = propose(&inputs, &rules).new_minor;
        let standing = Standing { current_minor: first, ..inputs.standing.clone() };
        let again = propose(&Inputs { standing, ..inputs }, &rules).new_minor;
        prop_assert_eq!(first, again);
    }

    #[test]
    fn without_a_reason_the_own_price_stays(inputs in any_inputs(), rules in any_rules(), base in 1_i64..3_000) {
        // Floor and ceiling are 700 and 1300: a base outside of them is the supplier's own word too.
        let standing = Standing { base_minor: base, current_minor: base, day_start_minor: base, ..inputs.standing.clone() };
        let proposal = propose(&Inputs { standing, ..inputs }, &rules);
        if proposal.adjustments.is_empty() {
            prop_assert_eq!(proposal.new_minor, base);
        }
    }

    #[test]
    fn without_a_reason_a_moved_price_goes_towards_the_own_one_alone(
        inputs in any_inputs(), rules in any_rules(), base in 500_i64..1_600, current in 500_i64..1_600,
    ) {
        let standing = Standing { base_minor: base, current_minor: current, day_start_minor: current, ..inputs.standing.clone() };
        let proposal = propose(&Inputs { standing, ..inputs }, &rules);
        if proposal.adjustments.is_empty() {
            let new = proposal.new_minor;
            prop_assert!((base.min(current)..=base.max(current)).contains(&new), "{current} → {new}, own {base}");
        }
    }

    #[test]
    fn the_order_of_rules_does_not_matter_and_a_replay_gives_the_same(inputs in any_inputs(), rules in any_rules()) {
        let mut turned = rules.clone();
        turned.reverse();
        let proposal = propose(&inputs, &rules);
        prop_assert_eq!(&proposal, &propose(&inputs, &turned));
        let (inputs, rules): (Inputs, Vec<Rule>) =
            serde_json::from_str(&serde_json::to_string(&(&inputs, &rules)).unwrap()).unwrap();
        let replayed = propose(&inputs, &rules);
        prop_assert_eq!(serde_json::to_string(&replayed).unwrap(), serde_json::to_string(&proposal).unwrap());
    }
}
