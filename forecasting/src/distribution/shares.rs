//! How the parts of a distribution are weighed.

use crate::prepare::Prepared;

/// What each kind of sample is worth in the mixture; 1 in sum.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shares {
    /// Errors around what is expected.
    pub errors: f64,
    /// Past demand.
    pub all: f64,
    /// Past demand at that position of the season.
    pub seasonal: f64,
    /// How much wider errors are taken than they were: parameters were fitted to the same steps.
    pub widening: f64,
}

impl Shares {
    /// Past demand counts for more the more often it is zero, when there is little to be expected.
    #[expect(clippy::cast_precision_loss, reason = "counts of steps, far below 2^52")]
    pub(crate) fn of(prepared: &Prepared, judged: usize) -> Self {
        let zeros =
            prepared.values.iter().filter(|value| **value == 0.0).count() as f64 / prepared.known() as f64;
        let (all, seasonal) = match (prepared.demand, prepared.season > 1) {
            (false, _) => (0.0, 0.0),
            (true, true) => (0.1, 0.1),
            (true, false) => ((0.3 + zeros * zeros).min(1.0), 0.0),
        };
        // A season has as many parameters as positions, all fitted to the same steps.
        let fitted = if prepared.season > 1 { 2.0 } else { 0.5 };
        Self { errors: 1.0 - all - seasonal, all, seasonal, widening: 1.0 + fitted / (judged as f64).sqrt() }
    }
}
