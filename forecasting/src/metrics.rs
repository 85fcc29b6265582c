//! How far forecasts lie from what came: the usual measures of forecasting contests.

/// The quantiles of the M5 uncertainty contest, rising.
pub const M5_LEVELS: [f64; 9] = [0.005, 0.025, 0.165, 0.25, 0.5, 0.75, 0.835, 0.975, 0.995];

/// What a series' errors are measured against: its own usual steps in the part that was known.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    /// Mean absolute difference to the value a lag before; `NaN` without one.
    pub lagged: f64,
    /// Mean absolute step.
    pub step: f64,
    /// Mean squared step.
    pub step_squared: f64,
}

impl Scale {
    /// Scale of a known part, differences taken over that lag; demand counts from its first value that is not zero.
    #[must_use]
    pub fn of(known: &[f64], lag: usize, demand: bool) -> Self {
        let first = if demand { known.iter().position(|value| *value != 0.0).unwrap_or(0) } else { 0 };
        let trimmed = &known[first..];
        let values = if trimmed.len() <= lag + 1 { known } else { trimmed };
        let steps = || values.windows(2).map(|pair| pair[1] - pair[0]);
        let lagged = values.iter().zip(values.iter().skip(lag)).map(|(before, after)| (after - before).abs());
        Self {
            lagged: mean(lagged),
            step: mean(steps().map(f64::abs)),
            step_squared: mean(steps().map(|step| step * step)),
        }
    }
}

/// What one forecast of one series scored.
#[derive(Clone, Copy, Debug)]
pub struct Score {
    /// Symmetric mean absolute percentage error, 0 to 200.
    pub smape: f64,
    /// Mean absolute error over the lagged scale; `NaN` where that is zero.
    pub mase: f64,
    /// Root of the mean squared error over the mean squared step; `NaN` where that is zero.
    pub rmsse: f64,
    /// Pinball loss over the mean absolute step; `None` where that is zero.
    pub spl: Option<f64>,
    /// Share of values inside of the 95 % interval; `None` where `spl` is.
    pub coverage: Option<f64>,
    /// Sum of absolute errors.
    pub error_absolute: f64,
    /// Sum of absolute values.
    pub actual_absolute: f64,
    /// Sum of forecasts less values.
    pub error: f64,
}

/// Scores a forecast and its quantiles at [`M5_LEVELS`] against what came.
#[must_use]
pub fn score(came: &[f64], point: &[f64], quantiles: &[Vec<f64>], scale: &Scale) -> Score {
    let errors = || came.iter().zip(point).map(|(came, point)| came - point);
    let smape = came.iter().zip(point).map(|(came, point)| {
        let size = came.abs() + point.abs();
        if size > 0.0 { 200.0 * (came - point).abs() / size } else { 0.0 }
    });
    let squared = mean(errors().map(|error| error * error));
    let known = scale.step > 0.0 && !quantiles.is_empty();
    Score {
        smape: mean(smape),
        mase: if scale.lagged > 0.0 { mean(errors().map(f64::abs)) / scale.lagged } else { f64::NAN },
        rmsse: if scale.step_squared > 0.0 { (squared / scale.step_squared).sqrt() } else { f64::NAN },
        spl: known.then(|| pinball_mean(came, quantiles) / scale.step),
        coverage: known.then(|| covered(came, &quantiles[1], &quantiles[7])),
        error_absolute: errors().map(f64::abs).sum(),
        actual_absolute: came.iter().map(|value| value.abs()).sum(),
        error: -errors().sum::<f64>(),
    }
}

/// What a quantile forecast costs: the shortfall by its level, the excess by the rest.
#[must_use]
pub fn pinball(level: f64, came: f64, quantile: f64) -> f64 {
    let missed = came - quantile;
    (level * missed).max((level - 1.0) * missed)
}

fn pinball_mean(came: &[f64], quantiles: &[Vec<f64>]) -> f64 {
    mean(M5_LEVELS.iter().zip(quantiles).flat_map(|(level, row)| {
        came.iter().zip(row).map(|(came, quantile)| pinball(*level, *came, *quantile))
    }))
}

#[expect(clippy::cast_precision_loss, reason = "counts of steps, far below 2^52")]
fn covered(came: &[f64], low: &[f64], high: &[f64]) -> f64 {
    let inside = came
        .iter()
        .zip(low.iter().zip(high))
        .filter(|(came, (low, high))| *came >= low && *came <= high)
        .count();
    inside as f64 / came.len() as f64
}

/// Mean of what is there; `NaN` of nothing.
#[expect(clippy::cast_precision_loss, reason = "counts of steps, far below 2^52")]
pub(crate) fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0_usize), |(sum, count), value| (sum + value, count + 1));
    sum / count as f64
}
