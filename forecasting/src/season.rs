//! Whether a series repeats itself though nobody said so.

/// Seasons that have to be seen.
const SEASONS_LEAST: usize = 4;
/// How far above chance the likeness of the steps of one season to those of the season before has to be, in its
/// standard errors.
const ERRORS_LEAST: f64 = 3.0;

/// Whether steps resemble those of a season before more than chance makes them.
#[expect(clippy::cast_precision_loss, reason = "counts of steps, far below 2^52")]
pub(crate) fn is_yearly(values: &[f64], season: usize) -> bool {
    if values.len() < SEASONS_LEAST * season {
        return false;
    }
    let steps: Vec<f64> = values
        .windows(2)
        .map(|pair| pair[1] - pair[0])
        .map(|step| if step.is_nan() { 0.0 } else { step })
        .collect();
    let squares: f64 = steps.iter().map(|step| step * step).sum();
    let products: f64 = steps.iter().zip(&steps[season..]).map(|(before, after)| before * after).sum();
    products > ERRORS_LEAST / (steps.len() as f64).sqrt() * squares
}
