//! Whether what comes has left what is forecast: series by series, and of all together.

use serde::{Deserialize, Serialize};

/// What an error may be, day after day, without a word: half of a standard deviation.
const SLACK: f64 = 0.5;

/// What errors beyond that may add up to. By chance a steady series is above it on about one day of 1,500.
const ALARM: f64 = 8.0;

/// What they are cut off at, so that a series which is right again is out of alarm within a month.
const SUM_MAX: f64 = 2.0 * ALARM;

/// What one day may count for: a single large order is no drift.
const ERROR_MAX: f64 = 3.0;

/// Mean absolute error to standard deviation, of normal errors.
const DEVIATIONS: f64 = 1.253_314;

/// How much the last day counts for in the tracking signal.
const SMOOTHING: f64 = 0.1;

/// A share of alarming series is a fault in what is fed in, and not demand, where it is above this and thrice the usual.
const FAULT_BPS: u32 = 500;

/// The errors of one series so far: what came, less what was expected on the day before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Drift {
    /// Sum of errors above the slack, in standard deviations; never below zero.
    above: f64,
    /// The same of those below.
    below: f64,
    /// Smoothed error.
    error: f64,
    /// Smoothed size of errors.
    size: f64,
}

impl Drift {
    /// After one more day. `error` is what came less the mean that was forecast, not the median: of what is ordered now
    /// and then the median is zero, and every order would be an error upwards. `usual` is the mean absolute error of
    /// the series' backtest. A day that is not known changes nothing.
    #[must_use]
    pub fn after(self, error: f64, usual: f64) -> Self {
        if !error.is_finite() || !usual.is_finite() {
            return self;
        }
        let scaled = scaled(error, usual);
        Self {
            above: (self.above + scaled - SLACK).clamp(0.0, SUM_MAX),
            below: (self.below - scaled - SLACK).clamp(0.0, SUM_MAX),
            error: self.error + SMOOTHING * (scaled - self.error),
            size: self.size + SMOOTHING * (scaled.abs() - self.size),
        }
    }

    /// After days, oldest first.
    #[must_use]
    pub fn after_all(self, errors: &[f64], usual: f64) -> Self {
        errors.iter().fold(self, |drift, error| drift.after(*error, usual))
    }

    /// Whether demand has gone where the forecast does not follow.
    ///
    /// # Source
    /// Page (1954), *Continuous inspection schemes*: two-sided cumulative sums.
    pub fn is_drifting(&self) -> bool {
        self.above.max(self.below) > ALARM
    }

    /// Which way, and how much of the errors' size is one-sided: from -1, all forecasts too high, to 1, all too low.
    ///
    /// # Source
    /// Trigg (1964), *Monitoring a forecasting system*.
    pub fn tracking_signal(&self) -> f64 {
        if self.size > 0.0 { self.error / self.size } else { 0.0 }
    }
}

/// In standard deviations, cut off. What never erred and now does, errs as much as anything can.
fn scaled(error: f64, usual: f64) -> f64 {
    if error == 0.0 {
        return 0.0;
    }
    if usual <= 0.0 {
        return ERROR_MAX.copysign(error);
    }
    (error / (usual * DEVIATIONS)).clamp(-ERROR_MAX, ERROR_MAX)
}

/// Of 10,000 series, how many are in alarm; zero of none.
pub fn drifting_bps<'a>(series: impl IntoIterator<Item = &'a Drift>) -> u32 {
    let (drifting, all) = series
        .into_iter()
        .fold((0_u64, 0_u64), |(drifting, all), drift| (drifting + u64::from(drift.is_drifting()), all + 1));
    u32::try_from((drifting * 10_000).checked_div(all).unwrap_or(0)).expect("a part is not above the whole")
}

/// Whether so many series are in alarm at once that what is fed in is to be looked at first: so much changes in a day
/// by a fault, and not because everybody eats differently.
pub const fn is_fault(drifting_bps: u32, usual_bps: u32) -> bool {
    drifting_bps > FAULT_BPS && drifting_bps > usual_bps.saturating_mul(3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::Noise;
    use proptest::prelude::*;

    /// Errors of a series that is off by `shift` standard deviations.
    fn errors(seed: u64, shift: f64, days: usize) -> Vec<f64> {
        let mut noise = Noise::new(seed);
        (0..days).map(|_| 10.0 * (noise.normal() + shift)).collect()
    }

    const USUAL: f64 = 10.0 / DEVIATIONS;

    #[test]
    fn steady_series_are_hardly_ever_in_alarm() {
        let drifts: Vec<_> =
            (0..2_000).map(|seed| Drift::default().after_all(&errors(seed, 0.0, 200), USUAL)).collect();
        let share = drifting_bps(&drifts);
        assert!(share <= 30, "{share}");
        assert!(!is_fault(share, 0));
    }

    #[test]
    fn what_is_ordered_now_and_then_is_no_drift() {
        // One order of ten in five days on average, of which two a day is expected: errors of 8 and -2.
        let drifts: Vec<_> = (0..2_000)
            .map(|seed| {
                let mut noise = Noise::new(seed);
                let errors: Vec<_> =
                    (0..200).map(|_| if noise.uniform() < 0.2 { 8.0 } else { -2.0 }).collect();
                Drift::default().after_all(&errors, 3.2)
            })
            .collect();
        let share = drifting_bps(&drifts);
        assert!(share <= 100, "{share}");
    }

    #[test]
    fn demand_that_went_up_or_down_is_found_within_two_weeks() {
        for (shift, sign) in [(1.5, 1.0), (-1.5, -1.0)] {
            let drifts: Vec<_> = (0..500)
                .map(|seed| {
                    let steady = Drift::default().after_all(&errors(seed, 0.0, 100), USUAL);
                    steady.after_all(&errors(seed + 1_000_000, shift, 14), USUAL)
                })
                .collect();
            let share = drifting_bps(&drifts);
            assert!(share > 9_000, "{share}");
            assert!(is_fault(share, 20));
            let signals = drifts.iter().filter(|drift| drift.tracking_signal() * sign > 0.3).count();
            assert!(signals > 400, "{signals}");
        }
    }

    #[test]
    fn one_large_order_is_no_drift_and_a_month_of_right_ones_ends_it() {
        assert!(!Drift::default().after(1e12, USUAL).is_drifting());
        let gone = Drift::default().after_all(&[1e12; 60], USUAL);
        assert!(gone.is_drifting());
        assert!(!gone.after_all(&[0.0; 30], USUAL).is_drifting());
    }

    #[test]
    fn what_never_erred_and_now_does_is_drifting() {
        assert!(Drift::default().after_all(&[1.0; 4], 0.0).is_drifting());
        assert!(!Drift::default().after_all(&[0.0; 400], 0.0).is_drifting());
    }

    #[test]
    fn no_series_is_no_share() {
        assert_eq!(drifting_bps(&[]), 0);
    }

    proptest! {
        #[test]
        fn finite_whatever_comes(
            errors in proptest::collection::vec(proptest::num::f64::ANY, 0..50), usual in proptest::num::f64::ANY,
        ) {
            let drift = Drift::default().after_all(&errors, usual);
            prop_assert!((-1.0..=1.0).contains(&drift.tracking_signal()));
            prop_assert!(drift.above.max(drift.below) <= SUM_MAX);
        }
    }
}
