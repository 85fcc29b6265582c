//! What holds of every forecast, whatever the series.

use forecasting::{Forecast, Kind, LEVELS, Task, forecast, forecast_all};
use proptest::prelude::*;

fn task(kind: Kind, history: &[f64], season: usize) -> Task<'_> {
    Task { kind, history, season, horizon: 14, calendar: &[], pool: None }
}

fn all(forecast: &Forecast) -> impl Iterator<Item = f64> {
    let band = forecast.backtest.band.iter().flatten();
    let rows = forecast.quantiles.iter().chain(&forecast.cumulative).flatten();
    forecast.mean.iter().chain(rows).chain(band).copied()
}

fn assert_sound(forecast: &Forecast, kind: Kind) {
    assert_eq!(
        (forecast.mean.len(), forecast.quantiles.len(), forecast.cumulative.len()),
        (14, LEVELS.len(), LEVELS.len())
    );
    assert!(all(forecast).all(f64::is_finite), "{forecast:?}");
    for rows in [&forecast.quantiles, &forecast.cumulative] {
        for (low, high) in rows.iter().zip(&rows[1..]) {
            assert!(low.iter().zip(high).all(|(low, high)| low <= high), "quantiles cross: {low:?} {high:?}");
        }
    }
    if kind == Kind::Demand {
        assert!(all(forecast).all(|value| value >= 0.0), "{forecast:?}");
        assert!(forecast.cumulative.iter().all(|row| row.is_sorted()), "{:?}", forecast.cumulative);
    }
    assert!(forecast.backtest.inside <= forecast.backtest.steps && forecast.backtest.steps <= 28);
}

fn value() -> impl Strategy<Value = f64> {
    prop_oneof![3 => Just(0.0), 1 => Just(f64::NAN), 6 => 0.0..1000.0_f64, 1 => Just(1e9)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn demand_is_sound(history in prop::collection::vec(value(), 0..150), season in prop_oneof![Just(1_usize), Just(7), Just(12)]) {
        assert_sound(&forecast(&task(Kind::Demand, &history, season), &LEVELS), Kind::Demand);
    }

    #[test]
    fn any_number_is_sound(history in prop::collection::vec(-1e6..1e6_f64, 0..150)) {
        assert_sound(&forecast(&task(Kind::Level, &history, 7), &LEVELS), Kind::Level);
    }

    #[test]
    fn a_calendar_keeps_it_sound(
        history in prop::collection::vec(value(), 30..60),
        calendar in prop::collection::vec(prop_oneof![Just(1.0), Just(0.0), Just(1.4)], 74),
    ) {
        let calendar = &calendar[..history.len() + 14];
        let forecast = forecast(&Task { calendar, ..task(Kind::Demand, &history, 7) }, &LEVELS);
        assert_sound(&forecast, Kind::Demand);
        for (step, ratio) in calendar[history.len()..].iter().enumerate() {
            prop_assert!(*ratio > 0.0 || forecast.quantiles.iter().all(|row| row[step] == 0.0), "nothing is wanted on closed days");
        }
    }

    #[test]
    fn demand_twice_as_large_is_forecast_twice_as_large(history in prop::collection::vec(0.0..50.0_f64, 40..90)) {
        let doubled: Vec<f64> = history.iter().map(|value| 2.0 * value).collect();
        let (one, two) = (forecast(&task(Kind::Demand, &history, 7), &LEVELS), forecast(&task(Kind::Demand, &doubled, 7), &LEVELS));
        for (one, two) in one.quantiles.iter().flatten().zip(two.quantiles.iter().flatten()) {
            prop_assert!((2.0 * one - two).abs() <= 1e-6 * (1.0 + two.abs()), "{one} {two}");
        }
    }
}

#[test]
fn series_that_say_nothing_have_finite_answers() {
    for (history, expected) in [
        (vec![0.0; 100], 0.0),
        (vec![5.0; 100], 5.0),
        (vec![3.0], 3.0),
        (vec![f64::NAN; 50], 0.0),
        (vec![], 0.0),
    ] {
        for season in [1, 7] {
            let forecast = forecast(&task(Kind::Demand, &history, season), &LEVELS);
            assert_sound(&forecast, Kind::Demand);
            assert!(
                forecast.mean.iter().all(|mean| (mean - expected).abs() < 1e-9),
                "{history:?}: {:?}",
                forecast.mean
            );
        }
    }
}

/// A week, with unrest that is the same in each run.
fn week(days: u32) -> Vec<f64> {
    (0..days).map(|day| f64::from(20 + (day % 7) * 10 + (day * 7919) % 11)).collect()
}

#[test]
fn a_week_is_found_and_the_band_holds_it() {
    let forecast = forecast(&task(Kind::Demand, &week(140), 7), &LEVELS);
    for (step, mean) in forecast.mean.iter().enumerate() {
        let expected = 25.0 + 10.0 * [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0][step % 7];
        assert!((mean - expected).abs() < 4.0, "day {step}: {mean} for {expected}");
    }
    assert_eq!(forecast.backtest.steps, 28);
    assert!(forecast.backtest.inside >= 25, "{:?}", forecast.backtest);
}

#[test]
fn a_sum_varies_less_than_its_days_together() {
    let forecast = forecast(&task(Kind::Demand, &week(140), 7), &LEVELS);
    let high = LEVELS.len() - 1;
    let together: f64 = forecast.quantiles[high].iter().sum();
    assert!(forecast.cumulative[high][13] < together, "{} {together}", forecast.cumulative[high][13]);
    assert!(forecast.cumulative[2][13] > 0.9 * forecast.mean.iter().sum::<f64>());
}

#[test]
fn a_day_of_short_deliveries_is_no_day_of_low_demand() {
    let mut censored = week(140);
    let mut taken_at_its_word = censored.clone();
    for day in 126..133 {
        censored[day] = f64::NAN;
        taken_at_its_word[day] = 0.0;
    }
    let sum = |history: &[f64]| forecast(&task(Kind::Demand, history, 7), &LEVELS).mean.iter().sum::<f64>();
    let whole = sum(&week(140));
    assert!((sum(&censored) / whole - 1.0).abs() < 0.1);
    assert!((sum(&censored) - whole).abs() < (sum(&taken_at_its_word) - whole).abs());
}

#[test]
fn the_backtest_knows_nothing_of_what_came_after() {
    let history = week(140);
    let mut other = history.clone();
    other[139] = 500.0;
    let (one, two) = (
        forecast(&task(Kind::Demand, &history, 7), &LEVELS),
        forecast(&task(Kind::Demand, &other, 7), &LEVELS),
    );
    assert_eq!(
        one.backtest.band[..28],
        two.backtest.band[..28],
        "the last day changes no band, for all were made before it"
    );
    assert_ne!(one.mean, two.mean);
}

#[test]
fn the_same_bytes_on_one_thread_and_on_sixteen() {
    let histories: Vec<Vec<f64>> = (0..200_u32)
        .map(|series| week(60 + series % 60).into_iter().map(|value| value * f64::from(series % 9)).collect())
        .collect();
    let tasks: Vec<Task<'_>> = histories.iter().map(|history| task(Kind::Demand, history, 7)).collect();
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| serde_json::to_vec(&forecast_all(&tasks, &LEVELS)).expect("JSON"))
    };
    assert!(run(1) == run(16));
}
