//! Demand forecasts: series in, distributions out. Pure: no I/O, no clock, no names of the trade, the same bytes at any
//! number of threads.
//!
//! Floats live in here alone: callers hand over thousandths as numbers and take back thousandths.
//!
//! # How a series is forecast
//! 1. It is made ready: zeros before the first demand are cut off (a few stay), what the calendar does is divided out,
//!    closed days and days of short deliveries count as not known.
//! 2. [Members](member), simple recursions of a few numbers each, run through it: level; level and season, added or
//!    multiplied, with and without a trend that fades; half the slope of a straight line; chance and size of demand;
//!    sums over several steps. Their parameters are searched for by absolute errors one step and one season ahead.
//!    One large order is no new level: errors of demand are clipped.
//! 3. At each of the last steps (eight seasons) every member says what it expects of all steps ahead. Members are added
//!    up by weights that fall steeply with their errors there.
//! 4. Errors of that sum, made comparable (steps ahead, position of the season, height), are one pool of samples; put
//!    around what is expected now, and widened for having been fitted, they are one distribution. What was wanted
//!    lately is another, which knows of zeros. The two are mixed, as distributions; quantiles are read off the mixture.
//! 5. Sums over 1, 2 … steps have their own errors at the same origins: how far days cancel is measured, not assumed.
//!    They are widened the more, the fewer such sums fit into the history one after another.
//! 6. The backtest is made anew by parameters and weights that know nothing of the 28 steps that it shows.
//!
//! Levels are the caller's: a band that held too few days lately is asked for at a higher level.
//!
//! How good: `cargo run -p forecasting --release -- evaluate DIR`.

mod backtest;
pub mod calendar;
pub mod class;
mod combine;
pub mod conformal;
pub mod cycle;
pub mod demand_index;
mod distribution;
pub mod drift;
mod empirical;
mod engine;
mod few;
pub mod member;
pub mod metrics;
mod mixture;
pub mod naive;
#[cfg(test)]
mod noise;
pub mod pool;
mod prepare;
pub mod reorder;
mod rolling;
mod search;
mod season;
mod spread;

use serde::{Deserialize, Serialize};

/// How many days ahead the product forecasts.
pub const HORIZON_DAYS: usize = 14;

/// The quantiles that the product keeps, rising: the band is the first and the last, the middle is the fourth's
/// neighbour 0.5, and the others are what orders are made from.
pub const LEVELS: [f64; 8] = [0.025, 0.1, 0.5, 0.6, 0.8, 0.9, 0.95, 0.975];

/// Changes with whatever changes a forecast: runs of different versions are not comparable.
pub const ENGINE_VERSION: &str = "1";

/// What values of a series mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// Wanted quantities: never below zero, and zero before the first one that is not.
    Demand,
    /// Any number.
    Level,
}

/// One series to forecast.
#[derive(Clone, Copy, Debug)]
pub struct Task<'a> {
    /// What its values mean.
    pub kind: Kind,
    /// Oldest first, one for each step; `NaN` where it is not known what was wanted (a day of short deliveries).
    pub history: &'a [f64],
    /// Steps until it begins anew: 7 for days, 1 for none.
    pub season: usize,
    /// Steps ahead, from 1.
    pub horizon: usize,
    /// What each step of the history, and then of the horizon, is to a usual one: 1 usual, 0 closed. Empty for all
    /// usual; else `history.len() + horizon` long.
    pub calendar: &'a [f64],
    /// What is known of others of its kind: what a series of few observations is forecast from.
    pub pool: Option<&'a Pool>,
}

/// What the series of one kind have in common.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Pool {
    /// How many series it is of.
    pub series: usize,
    /// Mean demand for each step, of the series' means.
    pub mean: f64,
    /// Variance of the logarithms of the series' means: how unlike in size they are.
    #[serde(default)]
    pub spread: f64,
    /// Variance of sums over 1, 2 … steps, each over as many of their series' means: how far off a mean of few steps is.
    #[serde(default)]
    pub variations: Vec<f64>,
    /// What each step of the season is to the mean; as long as the season, 1 on average. The first is that of the first
    /// step ahead: all histories end at the same time.
    pub profile: Vec<f64>,
    /// Quantiles of demand over its series' mean, the season taken out, at [`LEVELS`].
    pub scaled: Vec<f64>,
    /// The same of sums over 1, 2 … steps, each over as many means.
    pub scaled_sums: Vec<Vec<f64>>,
}

/// What may come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Forecast {
    /// Expected, for each step ahead.
    pub mean: Vec<f64>,
    /// For each level asked for, for each step ahead; never falls from level to level.
    pub quantiles: Vec<Vec<f64>>,
    /// The same of the sum over the first 1, 2 … steps: what an order has to last for. Not the sum of the quantiles.
    pub cumulative: Vec<Vec<f64>>,
    /// What it was made by, in a word, for whoever asks.
    pub method: &'static str,
    /// How it would have done.
    pub backtest: Backtest,
}

/// How a series' forecasts one step ahead would have done lately, made from what was known before each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Backtest {
    /// Steps that were forecast, 28 at most.
    pub steps: u32,
    /// Of those, inside of the band from the first to the last of [`LEVELS`].
    pub inside: u32,
    /// Mean absolute error, over that of the season before; `None` where that is zero.
    pub mase: Option<f64>,
    /// Pinball loss at [`LEVELS`], over the mean absolute step; `None` where that is zero.
    pub spl: Option<f64>,
    /// Sum of forecasts over sum of what came, less 1; `None` where nothing came.
    pub bias: Option<f64>,
    /// Forecast and band of each of those steps, oldest first: low, middle, high.
    pub band: [[f64; 3]; 28],
    /// What was expected of each of those steps: what may be summed.
    pub mean: [f64; 28],
}

/// Forecasts one series at those levels, which rise.
pub fn forecast(task: &Task<'_>, levels: &[f64]) -> Forecast {
    match task.pool {
        Some(pool) if pool::observations(task.history) < pool::OBSERVATIONS_MIN => {
            pool::cold_start(task, pool, levels)
        }
        _ => engine::forecast(task, levels),
    }
}

/// Forecasts many, on all threads of the current pool; in the order of the tasks.
pub fn forecast_all(tasks: &[Task<'_>], levels: &[f64]) -> Vec<Forecast> {
    use rayon::prelude::*;
    tasks.par_iter().map(|task| forecast(task, levels)).collect()
}
