use super::*;
use proptest::prelude::*;

/// Demand of `daily` each day, with quantiles from half of the sum to twice, the fourth being the sum itself at 0.5.
fn cumulative(daily: i64, days: i64) -> Vec<Vec<i64>> {
    let tenths = [5, 7, 10, 11, 13, 15, 17, 20];
    tenths.iter().map(|tenths| (1..=days).map(|day| daily * day * tenths / 10).collect()).collect()
}

fn line(cumulative: &[Vec<i64>]) -> Line<'_> {
    Line {
        cumulative,
        days_until_next: 1,
        protection_days: 4,
        on_hand: OnHand::Counted(3_000),
        on_order: 5_000,
        shelf_life_days: None,
        pack: 1_000,
        class: ServiceClass::Staple,
        service_bps: None,
    }
}

#[test]
fn every_number_that_led_to_it_is_said() {
    let cumulative = cumulative(3_000, 14);
    let suggestion = suggest(&line(&cumulative)).unwrap();
    assert_eq!(
        suggestion,
        Suggestion {
            packs: 12,
            quantity: 12_000,
            target_bps: 9_500,
            protection_days: 4,
            level: 20_400,
            expected: 12_000,
            on_hand: OnHand::Counted(3_000),
            on_order: 5_000,
            need: 12_400,
            shelf_life_cap: None,
            capped: false,
            pack: 1_000,
            rounding: Rounding::Down,
        }
    );
}

#[test]
fn somebody_may_say_how_often_it_is_to_last() {
    let cumulative = cumulative(3_000, 14);
    let at = |service_bps| suggest(&Line { service_bps: Some(service_bps), ..line(&cumulative) });
    assert_eq!(at(9_000).unwrap().level, 18_000);
    assert_eq!(at(9_500), suggest(&line(&cumulative)));
    assert_eq!(at(9_100), Err(Unusable::Service(9_100)));
}

#[test]
fn what_spoils_is_not_ordered_for_longer_than_it_keeps() {
    let cumulative = cumulative(3_000, 14);
    let fresh = Line { shelf_life_days: Some(2), class: ServiceClass::Fresh, ..line(&cumulative) };
    let suggestion = suggest(&fresh).unwrap();
    // Of three days 9,900 at 0.6, of which 8,000 are there.
    assert_eq!((suggestion.need, suggestion.shelf_life_cap), (7_600, Some(1_900)));
    assert_eq!((suggestion.packs, suggestion.capped, suggestion.rounding), (2, true, Rounding::Up));
}

#[test]
fn what_was_missed_before_the_delivery_is_not_ordered_to_spoil() {
    let cumulative = cumulative(3_000, 14);
    let nothing_there = Line { on_hand: OnHand::Estimated(0), on_order: 0, ..line(&cumulative) };
    let fresh = Line { shelf_life_days: Some(2), days_until_next: 3, protection_days: 6, ..nothing_there };
    assert_eq!(suggest(&fresh).unwrap().shelf_life_cap, Some(16_500 - 9_900));
}

#[test]
fn half_a_pack_is_rounded_up_and_less_only_before_it_runs_out() {
    let cumulative = cumulative(3_000, 14);
    let of_20 = Line { pack: 20_000, ..line(&cumulative) };
    assert_eq!(suggest(&of_20).unwrap().rounding, Rounding::Up);
    let of_30 = Line { pack: 30_000, ..line(&cumulative) };
    let suggestion = suggest(&of_30).unwrap();
    assert_eq!((suggestion.packs, suggestion.rounding), (1, Rounding::UpToExpected));
    let enough_for_the_expected = Line { on_hand: OnHand::Counted(7_000), ..of_30 };
    let suggestion = suggest(&enough_for_the_expected).unwrap();
    assert_eq!((suggestion.packs, suggestion.need, suggestion.rounding), (0, 8_400, Rounding::Down));
}

#[test]
fn beyond_the_last_day_it_grows_in_proportion() {
    let cumulative = cumulative(1_000, 14);
    let level = |days| suggest(&Line { protection_days: days, ..line(&cumulative) }).unwrap().level;
    assert_eq!((level(14), level(21)), (23_800, 35_700));
}

#[test]
fn what_is_no_forecast_is_refused() {
    let good = cumulative(1_000, 14);
    assert_eq!(suggest(&line(&good[1..])), Err(Unusable::Levels(7)));
    assert_eq!(suggest(&line(&cumulative(1_000, 0))), Err(Unusable::Days));
    let mut uneven = good.clone();
    uneven[3].pop();
    assert_eq!(suggest(&line(&uneven)), Err(Unusable::Days));
    assert_eq!(suggest(&Line { pack: 0, ..line(&good) }), Err(Unusable::Pack(0)));
}

/// Quantiles that rise from level to level and from day to day, as forecasts' do.
fn forecasts() -> impl Strategy<Value = Vec<Vec<i64>>> {
    let steps = proptest::collection::vec(proptest::collection::vec(0_i64..20_000, 14), LEVELS.len());
    steps.prop_map(|mut steps| {
        for level in 0..steps.len() {
            for day in 0..14 {
                let lower = level.checked_sub(1).map_or(0, |lower| steps[lower][day]);
                let before = day.checked_sub(1).map_or(0, |before| steps[level][before]);
                steps[level][day] += lower.max(before);
            }
        }
        steps
    })
}

fn classes() -> impl Strategy<Value = ServiceClass> {
    prop_oneof![Just(ServiceClass::Staple), Just(ServiceClass::Fresh), Just(ServiceClass::ExpiryBound)]
}

prop_compose! {
    fn inputs()(
        days_until_next in 0_u32..20, more_days in 0_u32..10, on_hand in -5_000_i64..400_000, on_order in -5_000_i64..50_000,
        shelf_life_days in proptest::option::of(0_u32..20), pack in 1_i64..50_000, class in classes(),
    ) -> Line<'static> {
        let on_hand = OnHand::Counted(on_hand);
        let protection_days = days_until_next + more_days;
        let service_bps = None;
        Line { cumulative: &[], days_until_next, protection_days, on_hand, on_order, shelf_life_days, pack, class, service_bps }
    }
}

proptest! {
    #[test]
    fn whole_packs_never_below_zero_and_no_more_than_a_pack_above_the_cap(cumulative in forecasts(), line in inputs()) {
        let suggestion = suggest(&Line { cumulative: &cumulative, ..line }).unwrap();
        prop_assert!(suggestion.packs >= 0);
        prop_assert_eq!(suggestion.quantity, suggestion.packs * line.pack);
        if let Some(cap) = suggestion.shelf_life_cap {
            prop_assert!(suggestion.quantity <= (cap + line.pack - 1) / line.pack * line.pack);
        }
        prop_assert!(suggestion.quantity < suggestion.need.max(0) + line.pack);
    }

    #[test]
    fn more_on_hand_never_orders_more(cumulative in forecasts(), line in inputs(), more in 0_i64..100_000) {
        let line = Line { cumulative: &cumulative, ..line };
        let with_more = Line { on_hand: OnHand::Counted(line.on_hand.quantity() + more), ..line };
        prop_assert!(suggest(&with_more).unwrap().packs <= suggest(&line).unwrap().packs);
    }

    #[test]
    fn more_days_never_order_less(cumulative in forecasts(), line in inputs()) {
        let line = Line { cumulative: &cumulative, protection_days: line.protection_days.min(13), ..line };
        let longer = Line { protection_days: line.protection_days + 1, ..line };
        prop_assert!(suggest(&longer).unwrap().need >= suggest(&line).unwrap().need);
    }

    #[test]
    fn nothing_wanted_is_nothing_ordered(line in inputs()) {
        let nothing = vec![vec![0; 14]; LEVELS.len()];
        let suggestion = suggest(&Line { cumulative: &nothing, ..line }).unwrap();
        prop_assert_eq!((suggestion.packs, suggestion.rounding), (0, Rounding::Nothing));
    }
}
