//! One series from history to distributions.

use crate::backtest::backtest;
use crate::combine::{combine, combine_early};
use crate::distribution::Distribution;
use crate::few;
use crate::prepare::Prepared;
use crate::rolling::{self, Origins};
use crate::{Forecast, Task};

/// Fewer known values than this say nothing about errors.
const KNOWN_LEAST: usize = 4;

pub(crate) fn forecast(task: &Task<'_>, levels: &[f64]) -> Forecast {
    let prepared = Prepared::of(task);
    if prepared.known() < KNOWN_LEAST || task.horizon == 0 {
        return few::forecast(&prepared, levels);
    }
    let origins = Origins::of(&prepared, task.horizon);
    let tracks = rolling::run(&prepared, &origins);
    let combined = combine(&tracks, &prepared.values, &origins);
    let distribution = Distribution::of(&prepared, &origins, &combined);
    let early = combine_early(&tracks, &prepared.values, &origins);
    let expected = combined.last.iter().zip(&prepared.ahead).map(|(said, ratio)| said * ratio);
    Forecast {
        mean: expected.map(|said| if prepared.demand { said.max(0.0) } else { said }).collect(),
        quantiles: distribution.quantiles(levels),
        cumulative: distribution.cumulative(levels),
        method: if prepared.season > 1 { "seasonal smoothing" } else { "smoothing" },
        backtest: backtest(&prepared, &origins, &early, distribution.shares()),
    }
}
