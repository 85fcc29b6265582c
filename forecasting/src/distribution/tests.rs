//! Sums over the whole horizon, of series whose next steps are known because they were drawn.

use crate::noise::Noise;
use crate::{Kind, LEVELS, Task, forecast};

const HORIZON: usize = 8;
const SERIES: u64 = 300;

/// Where 0.95 lies among the levels.
const HIGH: usize = 6;

/// Counts around a level that moves a little from step to step.
fn drawn(steps: usize, seed: u64) -> Vec<f64> {
    let mut noise = Noise::new(seed);
    let mut level = 3.0 + 20.0 * noise.uniform();
    let step = |_| {
        level *= (0.1 * noise.normal()).exp();
        noise.poisson(level)
    };
    (0..steps).map(step).collect()
}

/// In how many of a hundred cases the sum over the whole horizon was within its quantile at 0.95.
#[expect(clippy::cast_precision_loss, reason = "counts of series, far below 2^52")]
fn within(known: usize, season: usize) -> f64 {
    let held = (0..SERIES).filter(|seed| {
        let values = drawn(known + HORIZON, *seed);
        let (history, came) = values.split_at(known);
        let task = Task { kind: Kind::Demand, history, season, horizon: HORIZON, calendar: &[], pool: None };
        came.iter().sum::<f64>() <= forecast(&task, &LEVELS).cumulative[HIGH][HORIZON - 1]
    });
    100.0 * held.count() as f64 / SERIES as f64
}

#[test]
fn sums_of_short_series_are_within_their_quantiles_as_often_as_these_say() {
    for (known, season) in [(30, 1), (44, 1), (60, 7), (90, 7)] {
        let within = within(known, season);
        assert!(
            (93.0..=98.5).contains(&within),
            "{known} steps, season of {season}: {within} of 100 at 0.95"
        );
    }
}

#[test]
fn the_first_sum_is_the_first_step() {
    for season in [1, 7] {
        let history = drawn(60, 7);
        let task =
            Task { kind: Kind::Demand, history: &history, season, horizon: 4, calendar: &[], pool: None };
        let made = forecast(&task, &LEVELS);
        for (step, sum) in made.quantiles.iter().zip(&made.cumulative) {
            assert!((step[0] - sum[0]).abs() < 1e-12, "{step:?} {sum:?}");
        }
    }
}
