use super::super::learning::RATIO_MAX;
use super::super::{Holiday, learn_effects};
use super::*;
use chrono::{Datelike, Days};
use proptest::prelude::*;

fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).unwrap()
}

/// Two years from 1 January 2024, Sundays at a half; what `on` says of each day.
fn two_years(level: f64, on: impl Fn(NaiveDate) -> f64) -> Vec<f64> {
    let days = day(2024, 1, 1).iter_days().take(731);
    days.map(|day| level * on(day) * if day.weekday() == chrono::Weekday::Sun { 0.5 } else { 1.0 }).collect()
}

fn observed(values: &[f64]) -> Observed<'_> {
    Observed { first: day(2024, 1, 1), values }
}

fn ratio(effects: &Effects, special: Special) -> f64 {
    effects.0.iter().find(|effect| effect.special == special).unwrap().ratio
}

#[test]
fn what_holidays_did_to_many_is_learned_whatever_their_size_and_weekday() {
    let on = |day| match special_on(day) {
        Some(Special::Holiday(Holiday::GoodFriday)) => 0.0,
        Some(Special::Holiday(Holiday::EasterSunday)) => 0.2,
        Some(Special::Payday) => 1.5,
        _ => 1.0,
    };
    let values: Vec<_> = (1..=100).map(|level| two_years(f64::from(level), on)).collect();
    let effects = learn_effects(&values.iter().map(|values| observed(values)).collect::<Vec<_>>());
    // Two of each holiday for each of a hundred series: nine tenths of what was seen.
    assert!((ratio(&effects, Special::Holiday(Holiday::GoodFriday)) - 0.0909).abs() < 1e-3);
    assert!((ratio(&effects, Special::Holiday(Holiday::EasterSunday)) - 0.2727).abs() < 1e-3);
    assert!((ratio(&effects, Special::Payday) - 1.5).abs() < 0.02);
    assert!((ratio(&effects, Special::IndustryLeave) - 1.0).abs() < 1e-9);
}

#[test]
fn what_was_seen_once_is_hardly_believed() {
    let values = two_years(3.0, |day| if special_on(day) == Some(Special::Bridge) { 3.0 } else { 1.0 });
    let one_bridge = Observed { first: day(2024, 1, 1), values: &values[..150] };
    let effects = learn_effects(&[one_bridge]);
    assert!((ratio(&effects, Special::Bridge) - (1.0 + 2.0 / 21.0)).abs() < 1e-9);
}

#[test]
fn series_that_begin_and_end_apart_are_learned_from_alike() {
    let values = two_years(3.0, |day| if special_on(day) == Some(Special::Payday) { 2.0 } else { 1.0 });
    let from = |step: usize, steps: usize| Observed {
        first: day(2024, 1, 1) + Days::new(step as u64),
        values: &values[step..step + steps],
    };
    let effects = learn_effects(&[from(400, 100), from(0, 200), from(300, 50), from(600, 131)]);
    let seen = effects.0.iter().find(|effect| effect.special == Special::Payday).unwrap().observations;
    assert!((ratio(&effects, Special::Payday) - (1.0 + f64::from(seen) / f64::from(seen + 20))).abs() < 1e-9);
    assert_eq!(seen, 15);
}

#[test]
fn days_short_of_goods_say_nothing() {
    let mut values = two_years(3.0, |_| 1.0);
    for (value, day) in values.iter_mut().zip(day(2024, 1, 1).iter_days()) {
        if special_on(day).is_some() {
            *value = f64::NAN;
        }
    }
    assert_eq!(learn_effects(&[observed(&values)]), Effects::default());
}

#[test]
fn a_weekday_without_demand_for_eight_weeks_is_closed() {
    let weekend = |day: NaiveDate| if day.weekday().num_days_from_monday() >= 5 { 0.0 } else { 1.0 };
    assert_eq!(closed_weekdays(observed(&two_years(3.0, weekend))), 0b110_0000);
    let tuesday_and_friday =
        |day: NaiveDate| f64::from([1, 4].contains(&day.weekday().num_days_from_monday()));
    assert_eq!(closed_weekdays(observed(&two_years(3.0, tuesday_and_friday))), 0b110_1101);
    assert_eq!(closed_weekdays(observed(&two_years(3.0, |_| 1.0))), 0);
}

#[test]
fn a_few_orders_close_no_weekday() {
    let every_ninth = |day: NaiveDate| f64::from(day.ordinal().is_multiple_of(9));
    assert_eq!(closed_weekdays(observed(&two_years(3.0, every_ninth))), 0);
    assert_eq!(closed_weekdays(observed(&two_years(0.0, |_| 1.0))), 0);
    assert_eq!(closed_weekdays(observed(&[])), 0);
}

#[test]
fn the_calendar_goes_over_the_history_and_the_days_ahead() {
    let effects = Effects(vec![
        Effect { special: Special::Holiday(Holiday::Epiphany), ratio: 0.4, observations: 9 },
        Effect { special: Special::Holiday(Holiday::NewYearsDay), ratio: 0.01, observations: 9 },
    ]);
    let no_mondays_any_more = |day: NaiveDate| {
        if day.weekday() == chrono::Weekday::Mon && day.year() == 2025 { 0.0 } else { 1.0 }
    };
    let values = two_years(3.0, no_mondays_any_more);
    let calendar = effects.calendar(observed(&values), 14);
    assert_eq!(calendar.len(), 731 + 14);
    let at = |day: NaiveDate| calendar[usize::try_from((day - self::day(2024, 1, 1)).num_days()).unwrap()];
    assert!((at(day(2024, 1, 1)) - 0.05).abs() < 1e-9, "there was demand: it was open");
    assert!((at(day(2024, 3, 4)) - 1.0).abs() < 1e-9, "a Monday when they were open");
    assert!(at(day(2025, 3, 3)).abs() < 1e-9, "a Monday since they are closed");
    assert!(at(day(2026, 1, 1)).abs() < 1e-9, "hardly anything is closed");
    assert!(at(day(2026, 1, 5)).abs() < 1e-9, "a Monday ahead");
    assert!((at(day(2026, 1, 6)) - 0.4).abs() < 1e-9);
    assert!((at(day(2026, 1, 7)) - 1.0).abs() < 1e-9);
}

proptest! {
    #[test]
    fn ratios_are_finite_whatever_was_observed(
        values in proptest::collection::vec(prop_oneof![4 => 0.0..1e6_f64, 2 => Just(0.0), 1 => Just(f64::NAN)], 0..500),
        first in 0_u64..2_000,
    ) {
        let observed = Observed { first: day(2022, 1, 1) + Days::new(first), values: &values };
        let effects = learn_effects(&[observed]);
        let calendar = effects.calendar(observed, 14);
        prop_assert_eq!(calendar.len(), values.len() + 14);
        prop_assert!(calendar.iter().all(|ratio| (0.0..=RATIO_MAX).contains(ratio)));
        let demand_when_closed = values.iter().zip(&calendar).any(|(value, ratio)| *value > 0.0 && *ratio <= 0.0);
        prop_assert!(!demand_when_closed);
    }
}
