use super::*;
use crate::noise::Noise;
use crate::{Kind, LEVELS, Pool, Task};
use proptest::prelude::*;

/// Sundays closed; the first is that of the first step ahead.
const PROFILE: [f64; 7] = [0.8, 0.9, 1.0, 1.1, 1.6, 1.6, 0.0];

/// A series of a size of its own, sizes being unlike, and of demand that varies more than by chance.
fn series(noise: &mut Noise, steps: usize) -> Vec<f64> {
    let size = (2.0 + 0.8 * noise.normal()).exp();
    (0..steps)
        .map(|step| {
            let today = size * PROFILE[phase(step, steps, 7)] * (0.4 * noise.normal() - 0.08).exp();
            noise.poisson(today)
        })
        .collect()
}

fn pool(noise: &mut Noise) -> Pool {
    let mut pooling = Pooling::new(7, 14);
    for _ in 0..120 {
        pooling.add(&series(noise, 120));
    }
    pooling.finish().unwrap()
}

fn task(history: &[f64]) -> Task<'_> {
    Task { kind: Kind::Demand, history, season: 7, horizon: 14, calendar: &[], pool: None }
}

#[test]
fn a_pool_has_found_what_its_series_share() {
    let pool = pool(&mut Noise::new(1));
    assert_eq!((pool.series, pool.scaled_sums.len()), (120, 14));
    for (found, true_one) in pool.profile.iter().zip(PROFILE) {
        assert!((found - true_one).abs() < 0.1, "{found} for {true_one}");
    }
    assert!((pool.profile.iter().sum::<f64>() / 7.0 - 1.0).abs() < 1e-12);
    // The squared deviation of the logarithm, 0.64; and of such sizes e^(2 + 0.64 / 2) = 10.2 is the mean.
    assert!(
        (0.45..0.9).contains(&pool.spread) && (7.5..13.5).contains(&pool.mean),
        "{} {}",
        pool.spread,
        pool.mean
    );
    let width = |scaled: &[f64]| scaled[7] - scaled[0];
    assert!(width(&pool.scaled) > 1.2 && width(&pool.scaled_sums[13]) < width(&pool.scaled) / 2.0);
}

/// What of 300 series, cut to five days, lay inside of the band: of the next seven days, and of the sum of those.
fn coverage(seed: u64, days: usize) -> (f64, f64) {
    let mut noise = Noise::new(seed);
    let pool = pool(&mut noise);
    let (mut inside, mut sums_inside) = (0, 0);
    for _ in 0..300 {
        let future = series(&mut noise, days + 7);
        // The season of a series is counted from its end: seven days on it is the same.
        let forecast = cold_start(&task(&future[..days]), &pool, &LEVELS);
        for (step, value) in future[days..].iter().enumerate() {
            inside += i32::from((forecast.quantiles[0][step]..=forecast.quantiles[7][step]).contains(value));
        }
        let sum: f64 = future[days..].iter().sum();
        sums_inside += i32::from((forecast.cumulative[0][6]..=forecast.cumulative[7][6]).contains(&sum));
    }
    (f64::from(inside) / 2_100.0, f64::from(sums_inside) / 300.0)
}

#[test]
fn bands_of_series_seen_for_five_days_hold_what_they_promise() {
    let (of_days, of_sums) = coverage(2, 5);
    assert!((0.92..=0.99).contains(&of_days), "{of_days}");
    assert!((0.90..=1.0).contains(&of_sums), "{of_sums}");
}

#[test]
fn bands_of_series_never_seen_do_too() {
    let (of_days, of_sums) = coverage(3, 0);
    assert!((0.92..=0.99).contains(&of_days), "{of_days}");
    assert!((0.90..=0.99).contains(&of_sums), "{of_sums}");
}

#[test]
fn the_more_is_known_the_less_the_pool_says_and_the_narrower_it_is() {
    let pool = pool(&mut Noise::new(4));
    let far_from_usual = 10.0 * pool.mean;
    let forecasts = [2, 5, 13].map(|days| {
        let history: Vec<_> =
            (0..days).map(|step| far_from_usual * pool.profile[phase(step, days, 7)]).collect();
        let forecast = cold_start(&task(&history), &pool, &LEVELS);
        let expected: f64 = forecast.mean.iter().sum::<f64>() / 14.0;
        (expected / far_from_usual, (forecast.cumulative[7][13] - forecast.cumulative[0][13]) / expected)
    });
    assert!(forecasts.is_sorted_by(|fewer, more| fewer.0 < more.0 && fewer.1 > more.1), "{forecasts:?}");
    assert!(forecasts[2].0 > 0.9, "{forecasts:?}");
}

#[test]
fn one_order_of_what_is_ordered_seldom_is_no_daily_demand() {
    let mut noise = Noise::new(5);
    let mut pooling = Pooling::new(7, 14);
    for _ in 0..100 {
        pooling.add(&(0..200).map(|_| if noise.uniform() < 0.1 { 10.0 } else { 0.0 }).collect::<Vec<_>>());
    }
    let pool = pooling.finish().unwrap();
    let forecast = cold_start(&task(&[0.0, 0.0, 10.0]), &pool, &LEVELS);
    let daily = forecast.mean.iter().sum::<f64>() / 14.0;
    assert!((0.6..2.0).contains(&daily), "{daily} where 1 is true");
}

#[test]
fn closed_days_are_zero_and_the_calendar_is_kept() {
    let pool = pool(&mut Noise::new(6));
    let mut calendar = vec![1.0; 5 + 14];
    (calendar[5], calendar[6]) = (0.0, 2.0);
    let history = [5.0, 6.0, 0.0, 4.0, 5.0];
    let usual = cold_start(&task(&history), &pool, &LEVELS);
    let forecast = cold_start(&Task { calendar: &calendar, ..task(&history) }, &pool, &LEVELS);
    assert!(forecast.mean[0].abs() < 1e-12 && forecast.cumulative[7][0].abs() < 1e-12);
    assert!((forecast.mean[1] - 2.0 * usual.mean[1]).abs() < 1e-9);
}

fn pool_of_one(season: usize, history: &[f64]) -> Pool {
    let mut pooling = Pooling::new(season, 3);
    pooling.add(history);
    pooling.finish().unwrap()
}

#[test]
fn sums_are_of_steps_on_end() {
    let every_other = pool_of_one(1, &[2.0, 0.0].repeat(10));
    let ends = |scaled: &[f64]| (scaled[0], scaled[7]);
    assert_eq!(
        every_other.scaled_sums.iter().map(|scaled| ends(scaled)).collect::<Vec<_>>(),
        [(0.0, 2.0), (1.0, 1.0), (2.0 / 3.0, 4.0 / 3.0)]
    );
    assert_eq!(every_other.scaled, every_other.scaled_sums[0]);
}

#[test]
fn the_season_is_taken_out_and_unknown_steps_are_left_out() {
    let mut history = [1.0, 3.0].repeat(10);
    history[3] = f64::NAN;
    let pool = pool_of_one(2, &history);
    assert!((pool.profile[0] - 0.5).abs() < 1e-12 && (pool.profile[1] - 1.5).abs() < 1e-12);
    // The mean of what is known is 37 / 19, and that of the season 2.
    assert!(pool.scaled_sums.iter().flatten().all(|ratio| (ratio - 38.0 / 37.0).abs() < 1e-12), "{pool:?}");
}

#[test]
fn series_too_short_say_nothing() {
    let mut pooling = Pooling::new(7, 14);
    pooling.add(&[1.0; 13]);
    pooling.add(&[0.0; 100]);
    pooling.add(&[f64::NAN; 100]);
    assert_eq!(pooling.finish(), None);
}

#[test]
fn of_many_series_late_ones_count_as_much_as_early_ones() {
    let mut pooling = Pooling::new(1, 3);
    for size in 1..=1_000 {
        pooling.add(&[f64::from(size); 20]);
    }
    let pool = pooling.finish().unwrap();
    assert!(
        (64..128).contains(&pool.series) && (450.0..550.0).contains(&pool.mean),
        "{} {}",
        pool.series,
        pool.mean
    );
}

#[test]
fn a_pool_of_nothing_forecasts_nothing() {
    let forecast = cold_start(&task(&[]), &Pool::default(), &LEVELS);
    assert!(forecast.mean.iter().chain(forecast.cumulative.iter().flatten()).all(|value| *value == 0.0));
}

#[test]
fn shrinking_goes_half_way_at_sixty() {
    assert!((shrink(2.0, 1.0, 0) - 1.0).abs() < 1e-12);
    assert!((shrink(2.0, 1.0, 60) - 1.5).abs() < 1e-12);
    assert_eq!(observations(&[0.0, 0.0, 3.0, f64::NAN, 0.0]), 2);
    assert_eq!(observations(&[0.0, f64::NAN]), 0);
}

fn histories(steps_max: usize) -> impl Strategy<Value = Vec<f64>> {
    let value = prop_oneof![2 => Just(0.0), 2 => 0.0..1e4_f64, 1 => Just(f64::NAN)];
    proptest::collection::vec(value, 0..steps_max)
}

proptest! {
    #[test]
    fn quantiles_rise_sums_grow_and_all_is_finite(
        seed: u64,
        others in proptest::collection::vec(histories(80), 1..6),
        history in histories(14),
        season in 1_usize..9,
    ) {
        let mut pooling = Pooling::new(season, 14);
        for other in &others {
            pooling.add(other);
        }
        pooling.add(&series(&mut Noise::new(seed), 40));
        let forecast = cold_start(&Task { season, ..task(&history) }, &pooling.finish().unwrap_or_default(), &LEVELS);
        for rows in [&forecast.quantiles, &forecast.cumulative] {
            prop_assert!(rows.iter().flatten().all(|value| value.is_finite() && *value >= 0.0));
            let rises = |lower: &Vec<f64>, upper: &Vec<f64>| lower.iter().zip(upper).all(|(lower, upper)| lower <= upper);
            prop_assert!(rows.is_sorted_by(rises));
        }
        prop_assert!(forecast.cumulative.iter().all(|row| row.is_sorted()));
    }
}
