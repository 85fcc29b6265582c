//! What was wanted lately, as a distribution of its own: it knows of zeros and of rare large orders, which errors around
//! a mean do not.

use crate::mixture::Samples;
use crate::prepare::Prepared;

/// Steps after which a value weighs half.
const HALF_LIFE: f64 = 26.0;
/// The same for values of one position of the season, which are fewer.
const HALF_LIFE_SEASONAL: f64 = 78.0;
/// Older values weigh too little to count.
const STEPS_MOST: usize = 130;
const SEASONS_MOST: usize = 26;

/// Distributions of past values.
pub(crate) struct Empirical {
    /// Of all.
    pub all: Samples,
    /// Of those at the season's position of each step ahead, from the next; empty without a season.
    pub seasonal: Vec<Samples>,
}

impl Empirical {
    pub(crate) fn of(prepared: &Prepared) -> Self {
        let values = usable(prepared);
        let season = prepared.season;
        let seasonal = if season > 1 { season } else { 0 };
        Self {
            all: weighted(values.iter().rev().take(STEPS_MOST), HALF_LIFE),
            seasonal: (0..seasonal)
                .map(|step| {
                    let back = values.iter().rev().skip(season - 1 - step).step_by(season);
                    weighted(
                        back.take(SEASONS_MOST),
                        HALF_LIFE_SEASONAL / f64::from(u32::try_from(season).unwrap_or(1)),
                    )
                })
                .collect(),
        }
    }

    /// Of sums over that many steps in a row.
    pub(crate) fn sums(prepared: &Prepared, steps: usize) -> Samples {
        let values = usable(prepared);
        let lately = &values[values.len().saturating_sub(STEPS_MOST)..];
        let sums: Vec<f64> = lately.windows(steps).map(|window| window.iter().sum()).collect();
        weighted(sums.iter().rev(), HALF_LIFE)
    }
}

/// Without the value that the history was cut at because it is not zero: it would count demand that was chosen.
fn usable(prepared: &Prepared) -> &[f64] {
    let first = usize::from(prepared.trimmed && prepared.values.len() > 8);
    &prepared.values[first..]
}

/// Newest first.
fn weighted<'a>(newest_first: impl Iterator<Item = &'a f64>, half_life: f64) -> Samples {
    let fade = 0.5_f64.powf(1.0 / half_life);
    let mut weight = 1.0;
    let mut pairs = Vec::new();
    for value in newest_first {
        if !value.is_nan() {
            pairs.push((*value, weight));
        }
        weight *= fade;
    }
    Samples::of(pairs)
}
