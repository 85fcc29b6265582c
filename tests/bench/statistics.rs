//! Medians, spreads, percentiles.

use serde::Serialize;

/// Several measurements of one thing.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Spread {
    pub median: f64,
    pub min: f64,
    pub max: f64,
}

impl Spread {
    /// # Panics
    /// If nothing was measured.
    pub fn of(measured: &[f64]) -> Self {
        let mut sorted = measured.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (middle, last) = (sorted.len() / 2, sorted.len() - 1);
        let median = if sorted.len() % 2 == 1 {
            sorted[middle]
        } else {
            f64::midpoint(sorted[middle - 1], sorted[middle])
        };
        Self { median, min: sorted[0], max: sorted[last] }
    }

    pub fn one(measured: f64) -> Self {
        Self { median: measured, min: measured, max: measured }
    }
}

/// Times of single requests, in microseconds.
#[derive(Clone, Debug, Default)]
pub struct Latencies(Vec<u32>);

impl Latencies {
    pub fn record(&mut self, took: std::time::Duration) {
        self.0.push(u32::try_from(took.as_micros()).unwrap_or(u32::MAX));
    }

    pub fn add_micros(&mut self, micros: u32) {
        self.0.push(micros);
    }

    pub fn merge(&mut self, other: &Self) {
        self.0.extend_from_slice(&other.0);
    }

    /// The time in milliseconds that so many per cent of the requests stayed within.
    ///
    /// # Panics
    /// If nothing was measured.
    pub fn percentile_ms(&self, per_cent: usize) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let rank = (sorted.len() * per_cent).div_ceil(100).max(1);
        f64::from(sorted[rank - 1]) / 1_000.0
    }
}

/// As a floating-point number, for rates and shares.
#[expect(clippy::cast_precision_loss, reason = "counts of a benchmark are far below 2^53")]
pub fn real(count: impl TryInto<u64, Error: std::fmt::Debug>) -> f64 {
    count.try_into().expect("counts are not negative") as f64
}
