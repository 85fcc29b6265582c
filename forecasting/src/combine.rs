//! One forecast of many: members weigh by how little they erred at the origins.

use crate::rolling::{Origins, Track};

/// What the members say together.
pub(crate) struct Combined {
    /// At each origin, for each step ahead.
    pub ahead: Vec<f64>,
    /// At the end of the series.
    pub last: Vec<f64>,
}

/// How much less a member counts that errs more: the share falls with this power of its error.
const SHARPNESS: i32 = 10;

/// Combines by the errors of all steps ahead at all origins.
pub(crate) fn combine(tracks: &[Track], values: &[f64], origins: &Origins) -> Combined {
    let errors: Vec<f64> = tracks.iter().map(|track| error(track, values, origins)).collect();
    let weights = weights(&errors);
    let blend = |part: fn(&Track) -> &[f64]| blend(tracks, &weights, part);
    Combined { ahead: blend(|track| &track.ahead), last: blend(|track| &track.last) }
}

/// One step ahead from each step after the first origin, by parameters and weights that know nothing from the cut on.
pub(crate) fn combine_early(tracks: &[Track], values: &[f64], origins: &Origins) -> Vec<f64> {
    let before = &values[origins.first..origins.cut.max(origins.first)];
    let errors: Vec<f64> = tracks.iter().map(|track| absolute(before, &track.early)).collect();
    blend(tracks, &weights(&errors), |track| &track.early)
}

fn error(track: &Track, values: &[f64], origins: &Origins) -> f64 {
    origins
        .known()
        .zip(track.ahead.chunks_exact(origins.horizon))
        .map(|(known, row)| absolute(&values[known..], row))
        .sum()
}

/// Sum of absolute errors of what is known.
fn absolute(came: &[f64], said: &[f64]) -> f64 {
    came.iter().zip(said).map(|(came, said)| if came.is_nan() { 0.0 } else { (came - said).abs() }).sum()
}

fn weights(errors: &[f64]) -> Vec<f64> {
    let least = errors.iter().copied().fold(f64::INFINITY, f64::min);
    let raw: Vec<f64> = errors
        .iter()
        .map(|error| if *error > least { (least / error).powi(SHARPNESS) } else { 1.0 })
        .collect();
    let sum: f64 = raw.iter().sum();
    raw.into_iter().map(|weight| weight / sum).collect()
}

fn blend(tracks: &[Track], weights: &[f64], part: impl Fn(&Track) -> &[f64]) -> Vec<f64> {
    let mut sum = vec![0.0; part(&tracks[0]).len()];
    for (track, weight) in tracks.iter().zip(weights) {
        sum.iter_mut().zip(part(track)).for_each(|(sum, said)| *sum += weight * said);
    }
    sum
}
