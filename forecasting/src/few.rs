//! Series that say next to nothing yet: what little there is, and wide.

use crate::prepare::Prepared;
use crate::{Backtest, Forecast};

/// For demand a waiting time's distribution around the mean; for other values a band as wide as they are large.
#[expect(clippy::cast_precision_loss, reason = "counts of steps, far below 2^52")]
pub(crate) fn forecast(prepared: &Prepared, levels: &[f64]) -> Forecast {
    let known = || prepared.values.iter().filter(|value| !value.is_nan());
    let mean = known().sum::<f64>() / (prepared.known().max(1)) as f64;
    let centre: Vec<f64> = prepared.ahead.iter().map(|ratio| mean * ratio).collect();
    let quantile = |level: f64, centre: f64, steps: f64| {
        if prepared.demand {
            // Sums of several such steps vary less for their size.
            let wide = -(1.0 - level).ln() * centre;
            centre + (wide - centre) / steps.sqrt()
        } else {
            centre + centre.abs() * (level / (1.0 - level)).ln() / 3.0
        }
    };
    let quantiles =
        levels.iter().map(|level| centre.iter().map(|centre| quantile(*level, *centre, 1.0)).collect());
    let cumulative = levels.iter().map(|level| {
        let (mut sum, mut most, mut steps) = (0.0, f64::NEG_INFINITY, 0.0);
        let row = centre.iter().map(|centre| {
            sum += centre;
            steps += 1.0;
            let reached = quantile(*level, sum, steps);
            most = if prepared.demand { reached.max(most).max(0.0) } else { reached };
            most
        });
        row.collect()
    });
    Forecast {
        quantiles: quantiles.collect(),
        cumulative: cumulative.collect(),
        mean: centre,
        method: "too little is known",
        backtest: Backtest::default(),
    }
}
