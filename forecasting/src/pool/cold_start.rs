//! The forecast of a series of few observations.

use super::phase;
use crate::{Backtest, Forecast, Kind, LEVELS, Pool, Task};

/// No series are so alike that nothing is learned from a new one's own steps: variance of means, over their square.
const UNLIKE_MIN: f64 = 0.05;

/// What the mean of a series may be, in standard deviations of its logarithm, and how probable each is: half steps of
/// the normal distribution. A sum over many days is about as uncertain as the mean, so that the tails matter.
const MEANS: [(f64, f64); 13] = [
    (-3.0, 0.002_22),
    (-2.5, 0.008_76),
    (-2.0, 0.027_00),
    (-1.5, 0.064_76),
    (-1.0, 0.120_99),
    (-0.5, 0.176_03),
    (0.0, 0.200_48),
    (0.5, 0.176_03),
    (1.0, 0.120_99),
    (1.5, 0.064_76),
    (2.0, 0.027_00),
    (2.5, 0.008_76),
    (3.0, 0.002_22),
];

/// Equally probable values of what demand may be to its mean.
const OUTCOMES: u8 = 16;

/// Forecasts from the pool, drawn to what little is known of the series itself: its mean by n ÷ (n + k), where k is how
/// much means of n steps vary, n times, over how unlike the series are. Wide: what the mean may be and what demand may
/// be to its mean are both in it. Days that are closed are zero. There is no backtest of it.
pub fn cold_start(task: &Task<'_>, pool: &Pool, levels: &[f64]) -> Forecast {
    let known = Known::of(task, pool);
    let ahead = (0..task.horizon).map(|step| usual(task, pool, task.history.len() + step));
    let of_step = outcomes(&pool.scaled, known.uncertainty, levels);
    let mean: Vec<f64> = ahead.map(|usual| known.mean * usual).collect();
    let quantiles = of_step.iter().map(|outcome| mean.iter().map(|mean| mean * outcome).collect()).collect();
    Forecast {
        cumulative: sums(pool, &mean, known.uncertainty, levels),
        mean,
        quantiles,
        method: "pool",
        backtest: Backtest::default(),
    }
}

/// What is thought of a series' mean.
struct Known {
    mean: f64,
    /// Variance of what it may be, over its square.
    uncertainty: f64,
}

impl Known {
    fn of(task: &Task<'_>, pool: &Pool) -> Self {
        let (sum, steps) = observed(task, pool);
        let unlike = pool.spread.exp_m1().max(UNLIKE_MIN);
        let weight = unlike / (unlike + variation(pool, steps));
        let own = if steps > 0.0 { sum / steps } else { 0.0 };
        Self { mean: weight * own + (1.0 - weight) * pool.mean, uncertainty: (1.0 - weight) * unlike }
    }
}

/// Variance of a mean of so many steps, as the pool's series have it, and no less than if each step were drawn for
/// itself: days that resemble the days before say less of the mean, and nothing makes them say more for sure.
fn variation(pool: &Pool, steps: f64) -> f64 {
    if steps <= 0.0 {
        return f64::MAX;
    }
    let lengths = (1_u32..).zip(&pool.variations);
    let known = lengths.take_while(|(length, _)| f64::from(*length) <= steps.max(1.0));
    known.map(|(length, variation)| variation * f64::from(length) / steps).fold(0.0, f64::max)
}

/// Sum of what was observed, and of how many usual steps it is. A series begins with its first demand, and that one
/// says no more than all the steps that one waits for it in such series: of what is ordered each tenth day, ten.
fn observed(task: &Task<'_>, pool: &Pool) -> (f64, f64) {
    let first = match task.kind {
        Kind::Demand => task.history.iter().position(|value| *value > 0.0),
        Kind::Level => None,
    };
    let (mut sum, mut steps) = (0.0, 0.0);
    for (step, value) in
        task.history.iter().enumerate().skip(first.unwrap_or(0)).filter(|(_, value)| !value.is_nan())
    {
        let waited = if Some(step) == first { 1.0 / share_with_demand(pool) } else { 1.0 };
        sum += value;
        steps += usual(task, pool, step) * waited;
    }
    (sum, steps)
}

/// How many of the steps of such series have demand, as closely as the quantiles tell.
fn share_with_demand(pool: &Pool) -> f64 {
    let without = LEVELS
        .iter()
        .zip(&pool.scaled)
        .filter(|(_, scaled)| **scaled <= 0.0)
        .map(|(level, _)| *level)
        .next_back();
    1.0 - without.unwrap_or(0.0)
}

/// What a step, of the history or ahead, is to the mean: by the season and the calendar.
fn usual(task: &Task<'_>, pool: &Pool, step: usize) -> f64 {
    let season = pool.profile.len().max(1);
    // Counted from one season after the history's end, so that steps ahead are counted like those before.
    let end = task.history.len() + (task.horizon / season + 1) * season;
    let of_season = pool.profile.get(phase(step, end, season)).copied().unwrap_or(1.0);
    of_season * task.calendar.get(step).copied().unwrap_or(1.0)
}

/// Quantiles of the sums over 1, 2 … steps; more steps are never less, whatever chance made of the pool's.
fn sums(pool: &Pool, mean: &[f64], uncertainty: f64, levels: &[f64]) -> Vec<Vec<f64>> {
    let mut rows = vec![Vec::with_capacity(mean.len()); levels.len()];
    let mut expected = 0.0;
    for (step, of_step) in mean.iter().enumerate() {
        expected += of_step;
        let scaled = pool.scaled_sums.get(step).or(pool.scaled_sums.last()).unwrap_or(&pool.scaled);
        for (row, outcome) in rows.iter_mut().zip(outcomes(scaled, uncertainty, levels)) {
            let before = row.last().copied().unwrap_or(0.0_f64);
            row.push(before.max(expected * outcome));
        }
    }
    rows
}

/// Quantiles of demand over the mean that is thought of: of each outcome for each mean that may be, which is never
/// below zero and skewed upwards as the sizes of series are (log-normal).
fn outcomes(scaled: &[f64], uncertainty: f64, levels: &[f64]) -> Vec<f64> {
    let deviation = (1.0 + uncertainty).ln().sqrt();
    let means = MEANS.map(|(normal, weight)| ((deviation * normal).exp(), weight));
    let average: f64 = means.iter().map(|(mean, weight)| mean * weight).sum();
    let mut products = Vec::with_capacity(MEANS.len() * usize::from(OUTCOMES));
    for outcome in 0..OUTCOMES {
        let outcome = at_level(scaled, (f64::from(outcome) + 0.5) / f64::from(OUTCOMES));
        products.extend(means.iter().map(|(mean, weight)| (mean / average * outcome, *weight)));
    }
    products.sort_unstable_by(|one, other| one.0.total_cmp(&other.0).then(one.1.total_cmp(&other.1)));
    weighted_quantiles(&products, levels)
}

/// Quantiles of rising values with weights, each value in the middle of its weight; between neighbours in proportion.
fn weighted_quantiles(rising: &[(f64, f64)], levels: &[f64]) -> Vec<f64> {
    let total: f64 = rising.iter().map(|(_, weight)| weight).sum();
    let mut places = Vec::with_capacity(rising.len());
    let mut before = 0.0;
    for (_, weight) in rising {
        places.push((before + weight / 2.0) / total);
        before += weight;
    }
    let at = |level: f64| {
        let above = places.partition_point(|place| *place < level).clamp(1, places.len() - 1);
        let share = (level - places[above - 1]) / (places[above] - places[above - 1]);
        let (lower, upper) = (rising[above - 1].0, rising[above].0);
        // By the last bit it may come out above the upper one, and quantiles would cross.
        (lower + (upper - lower) * share.clamp(0.0, 1.0)).min(upper)
    };
    levels.iter().map(|level| at(*level)).collect()
}

/// A quantile between those at [`LEVELS`]; beyond them as they go on, and not below zero.
fn at_level(scaled: &[f64], level: f64) -> f64 {
    if scaled.len() != LEVELS.len() {
        return 1.0;
    }
    let above = LEVELS.partition_point(|known| *known < level).clamp(1, LEVELS.len() - 1);
    let share = (level - LEVELS[above - 1]) / (LEVELS[above] - LEVELS[above - 1]);
    (scaled[above - 1] + (scaled[above] - scaled[above - 1]) * share).max(0.0)
}
