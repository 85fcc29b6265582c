//! Forecasts for what was hardly ever observed: from the series of its kind.
//!
//! A restaurant's fifth day of tomatoes says a little about how many it takes and nothing about how much that varies
//! from day to day. Others that buy tomatoes know the latter: their weekdays, their spread, how unlike in size they are.

mod cold_start;
mod pooling;

pub use cold_start::cold_start;
pub use pooling::Pooling;

/// Observations from which on a series is forecast from itself.
pub const OBSERVATIONS_MIN: usize = 14;

/// So many observations of a series' own count for as much as its pool.
const SHRINKAGE: f64 = 60.0;

/// How many steps of a series are known, from its first demand on.
pub fn observations(history: &[f64]) -> usize {
    let first = history.iter().position(|value| *value > 0.0).unwrap_or(history.len());
    history[first..].iter().filter(|value| !value.is_nan()).count()
}

/// A figure of a series' own drawn to that of its pool, less the more it has been observed: by n ÷ (n + 60). Both in
/// units of the series' mean.
pub fn shrink(own: f64, pooled: f64, observations: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "observations are far fewer than 2^52")]
    let observations = observations as f64;
    let weight = observations / (observations + SHRINKAGE);
    weight * own + (1.0 - weight) * pooled
}

/// Which step of the season a step of the history is, counted as in [`Pool::profile`](crate::Pool::profile).
const fn phase(step: usize, steps: usize, season: usize) -> usize {
    (season - (steps - step) % season) % season
}

#[cfg(test)]
mod tests;
