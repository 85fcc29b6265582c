//! The members' recursions against another implementation of the same: given the same parameters and a series long
//! enough that it no longer matters where each began, both expect the same.
//!
//! Held against `anofox-forecast`, whose models agree with statsforecast's to three or four digits. Of the crates that
//! could be had it alone has all three: simple smoothing, demand now and then (TSB), and Holt-Winters. `augurs` is
//! lighter and has neither of the latter two.

use anofox_forecast::core::TimeSeries;
use anofox_forecast::models::Forecaster;
use anofox_forecast::models::exponential::{HoltLinearTrend, HoltWinters, SimpleExponentialSmoothing};
use anofox_forecast::models::intermittent::TSB;
use chrono::{DateTime, TimeDelta, Utc};
use forecasting::member::{Additive, Fitted, Intermittent, Parameters, Seed};
use proptest::prelude::*;

const STEPS: usize = 1_500;
const AHEAD: usize = 14;

/// Relative to the largest value of the series.
const TOLERANCE: f64 = 1e-6;

/// Noise around a level that wanders, with a week.
fn series() -> impl Strategy<Value = Vec<f64>> {
    let step = (0.0..1.0_f64, -1.0..1.0_f64);
    let week = proptest::array::uniform7(0.0..40.0_f64);
    (proptest::collection::vec(step, STEPS), week).prop_map(|(steps, week)| {
        let mut level = 100.0;
        let value = |(step, (noise, turn)): (usize, &(f64, f64))| {
            level += turn;
            level + 10.0 * noise + week[step % 7]
        };
        steps.iter().enumerate().map(value).collect()
    })
}

/// Demand at some steps, of uneven size.
fn demand() -> impl Strategy<Value = Vec<f64>> {
    let step = (0.0..1.0_f64, 1.0..50.0_f64);
    let steps = proptest::collection::vec(step, STEPS);
    (0.1..0.9_f64, steps).prop_map(|(often, steps)| {
        steps.iter().map(|(chance, size)| if *chance < often { size.round() } else { 0.0 }).collect()
    })
}

fn ours<M: Fitted>(values: &[f64], season: usize, parameters: Parameters) -> Vec<f64> {
    let mut member = M::start(parameters, &Seed::of(values, season));
    for value in values {
        member.take(*value);
    }
    (1..=AHEAD).map(|steps| member.ahead(steps)).collect()
}

fn theirs(values: &[f64], model: &mut dyn Forecaster) -> Vec<f64> {
    let days = (0..values.len())
        .map(|day| DateTime::<Utc>::UNIX_EPOCH + TimeDelta::days(i64::try_from(day).expect("few days")));
    let series = TimeSeries::univariate(days.collect(), values.to_vec()).expect("a series");
    model.fit(&series).expect("it fits");
    model.predict(AHEAD).expect("it was fitted").primary().to_vec()
}

fn agree(values: &[f64], ours: &[f64], theirs: &[f64], tolerance: f64) -> Result<(), TestCaseError> {
    let size = values.iter().fold(0.0_f64, |size, value| size.max(value.abs()));
    prop_assert_eq!(ours.len(), theirs.len());
    for (one, other) in ours.iter().zip(theirs) {
        prop_assert!((one - other).abs() <= tolerance * size, "{:?} and {:?}", ours, theirs);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn simple_smoothing(values in series(), alpha in 0.05..0.95_f64) {
        let ours = ours::<Additive<false, false>>(&values, 1, [alpha, 0.0, 0.0, 0.9]);
        agree(&values, &ours, &theirs(&values, &mut SimpleExponentialSmoothing::new(alpha)), TOLERANCE)?;
    }

    #[test]
    fn a_trend_that_fades(values in series(), alpha in 0.1..0.9_f64, beta in 0.05..0.5_f64, phi in 0.8..0.98_f64) {
        let ours = ours::<Additive<false, true>>(&values, 1, [alpha, 0.0, beta, phi]);
        agree(&values, &ours, &theirs(&values, &mut HoltLinearTrend::damped(alpha, beta, phi)), TOLERANCE)?;
    }

    /// Theirs has a trend that does not fade; ours fades by a hundred-millionth.
    #[test]
    fn a_week_that_adds_to_a_level_with_a_trend(
        values in series(), alpha in 0.1..0.6_f64, beta in 0.05..0.3_f64, gamma in 0.1..0.5_f64,
    ) {
        let ours = ours::<Additive<true, true>>(&values, 7, [alpha, gamma, beta, 1.0 - 1e-8]);
        agree(&values, &ours, &theirs(&values, &mut HoltWinters::additive(alpha, beta, gamma, 7)), 1e-4)?;
    }

    #[test]
    fn demand_now_and_then(values in demand(), size in 0.1..0.9_f64, chance in 0.05..0.9_f64) {
        let ours = ours::<Intermittent>(&values, 1, [size, chance, 0.0, 0.0]);
        agree(&values, &ours, &theirs(&values, &mut TSB::new().with_params(size, chance)), TOLERANCE)?;
    }
}
