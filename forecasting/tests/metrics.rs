//! The measures against values computed elsewhere: seasonal naive forecasts of a few series of each panel.

use forecasting::metrics::{M5_LEVELS, Scale, score};
use forecasting::naive::{naive2, seasonal_naive};

/// Series of one season and a bit, their horizon and lag, and sMAPE, MASE, RMSSE, SPL and coverage by the formulas.
#[test]
fn scores_are_those_of_the_formulas() {
    let known = [0.0, 0.0, 2.0, 4.0, 3.0, 5.0];
    let came = [4.0, 0.0];
    let quantiles: Vec<Vec<f64>> = M5_LEVELS.iter().map(|level| vec![10.0 * level; 2]).collect();
    let score = score(&came, &[5.0, 0.0], &quantiles, &Scale::of(&known, 1, true));
    // Steps from the first demand: 2, -1, 2: mean 5/3, mean square 3.
    assert!((score.smape - 100.0 / 9.0).abs() < 1e-12);
    assert!((score.mase - 0.5 / (5.0 / 3.0)).abs() < 1e-12);
    assert!((score.rmsse - (0.5_f64 / 3.0).sqrt()).abs() < 1e-12);
    let losses = M5_LEVELS.iter().flat_map(|level| {
        came.iter().map(move |came| {
            let missed = came - 10.0 * level;
            if missed > 0.0 { level * missed } else { (level - 1.0) * missed }
        })
    });
    assert!((score.spl.expect("it has a scale") - losses.sum::<f64>() / 18.0 / (5.0 / 3.0)).abs() < 1e-12);
    assert_eq!(score.coverage, Some(0.5));
}

#[test]
fn a_series_that_never_moves_has_no_scaled_error() {
    let score = score(&[1.0], &[1.0], &vec![vec![1.0]; 9], &Scale::of(&[1.0; 5], 1, true));
    assert!(score.mase.is_nan() && score.rmsse.is_nan());
    assert_eq!((score.spl, score.coverage), (None, None));
}

#[test]
fn a_known_part_shorter_than_the_lag_is_taken_whole() {
    let scale = Scale::of(&[0.0, 0.0, 0.0, 1.0, 3.0], 2, true);
    assert!((scale.lagged - (0.0 + 1.0 + 3.0) / 3.0).abs() < 1e-12);
}

#[test]
fn seasonal_naive_repeats_the_last_season() {
    assert_eq!(seasonal_naive(&[9.0, 1.0, 2.0, 3.0], 3, 5), [1.0, 2.0, 3.0, 1.0, 2.0]);
    assert_eq!(seasonal_naive(&[], 7, 2), [0.0, 0.0]);
}

#[test]
fn naive2_finds_a_season_that_multiplies() {
    let ratios = [0.5, 1.5, 1.0, 1.0];
    let history: Vec<f64> = (0_u32..40).map(|step| 100.0 * ratios[step as usize % 4]).collect();
    let ahead = naive2(&history, 4, 4);
    for (said, ratio) in ahead.iter().zip(ratios) {
        assert!((said - 100.0 * ratio).abs() < 1e-9, "{ahead:?}");
    }
    assert_eq!(naive2(&[3.0, 1.0, 2.0], 1, 2), [2.0, 2.0]);
}
