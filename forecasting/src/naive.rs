//! The forecasts that any method has to beat.

use crate::metrics::mean;

/// Repeats the last season.
#[must_use]
pub fn seasonal_naive(history: &[f64], season: usize, horizon: usize) -> Vec<f64> {
    let season = season.clamp(1, history.len().max(1));
    let last = &history[history.len() - season.min(history.len())..];
    (0..horizon).map(|step| last.get(step % season).copied().unwrap_or(0.0)).collect()
}

/// Naive2: the last value of the seasonally adjusted series, with its season put back on where a test finds one.
///
/// # Source
/// Makridakis, Spiliotis, Assimakopoulos, "The M4 Competition", International Journal of Forecasting 36 (2020):
/// a 90 % autocorrelation test, then classical multiplicative decomposition.
#[must_use]
pub fn naive2(history: &[f64], season: usize, horizon: usize) -> Vec<f64> {
    if season < 2 || !is_seasonal(history, season) {
        return seasonal_naive(history, 1, horizon);
    }
    let indices = seasonal_indices(history, season);
    let adjusted = history.last().copied().unwrap_or(0.0) / indices[(history.len() - 1) % season];
    (0..horizon).map(|step| adjusted * indices[(history.len() + step) % season]).collect()
}

/// Whether the autocorrelation at the season's lag is above its 90 % limit, given those at shorter lags.
#[expect(clippy::cast_precision_loss, reason = "counts of steps, far below 2^52")]
fn is_seasonal(history: &[f64], season: usize) -> bool {
    if history.len() < 3 * season {
        return false;
    }
    let shorter: f64 = (1..season).map(|lag| autocorrelation(history, lag).powi(2)).sum();
    let limit = 1.645 * ((1.0 + 2.0 * shorter) / history.len() as f64).sqrt();
    autocorrelation(history, season).abs() > limit
}

fn autocorrelation(values: &[f64], lag: usize) -> f64 {
    let centre = mean(values.iter().copied());
    let together: f64 =
        values.iter().zip(&values[lag..]).map(|(before, after)| (before - centre) * (after - centre)).sum();
    together / values.iter().map(|value| (value - centre).powi(2)).sum::<f64>()
}

/// Mean ratio of each position of the season to the centred moving average, 1 on average.
#[expect(clippy::cast_precision_loss, reason = "counts of steps, far below 2^52")]
fn seasonal_indices(history: &[f64], season: usize) -> Vec<f64> {
    let half = season / 2;
    let mut ratios = vec![Vec::new(); season];
    for at in half..history.len().saturating_sub(half) {
        let window = &history[at - half..=at + half];
        let mut sum: f64 = window.iter().sum();
        if season.is_multiple_of(2) {
            sum -= f64::midpoint(window[0], window[season]);
        }
        ratios[at % season].push(history[at] / (sum / season as f64));
    }
    let raw: Vec<f64> = ratios.into_iter().map(|ratios| mean(ratios.into_iter())).collect();
    let centre = mean(raw.iter().copied());
    raw.into_iter().map(|ratio| ratio / centre).collect()
}
