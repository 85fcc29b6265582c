//! Bands that keep their promise: from how often what came lay inside, how wide the next is to be.
//!
//! A band of 95 % is to hold 95 of 100 days whatever the model believes. Each miss asks for a higher level, each hit for
//! a slightly lower one, in such a proportion that the share inside tends to the nominal one even where demand drifts.

use serde::{Deserialize, Serialize};

/// How far one miss moves the level. Larger follows faster and wavers more: at 0.01 six misses on end exhaust what a
/// band of 95 % has.
const STEP: f64 = 0.01;

/// Below this miss rate levels no longer say how wide a band is: it grows by [`GROWTH`] for each further miss.
const RATE_MIN: f64 = 0.001;

/// Logarithm by which a band grows for each miss past certainty.
const GROWTH: f64 = 0.25;

/// The most that a band may be asked to miss. What is ordered seldom lies inside of any band for months, and the first
/// order after that is not to meet a band of no width.
const RATE_MAX: f64 = 0.3;

/// The level of the bands of one series, or one kind of series, day by day.
///
/// # Source
/// Gibbs and Candès (2021), *Adaptive conformal inference under distribution shift*, equation 2; the bounds are ours.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Adaptive {
    /// Share of days that are to lie inside: 0.95.
    nominal: f64,
    /// Share that the next band is asked to miss; below zero when even certainty was not wide enough.
    rate: f64,
}

impl Adaptive {
    /// Before anything came: the nominal level, above 0.7 and below 1.
    pub const fn new(nominal: f64) -> Self {
        assert!(nominal > 1.0 - RATE_MAX && nominal < 1.0, "a band holds most days, and not all");
        Self { nominal, rate: 1.0 - nominal }
    }

    /// After days of which it is known what came and what the band was, oldest first: low and high, as used then.
    #[must_use]
    pub fn after_all(self, days: impl IntoIterator<Item = (f64, [f64; 2])>) -> Self {
        days.into_iter().fold(self, |adaptive, (observed, band)| adaptive.after(observed, band))
    }

    /// After one more day. One that is not known changes nothing.
    #[must_use]
    pub fn after(self, observed: f64, [low, high]: [f64; 2]) -> Self {
        if observed.is_nan() {
            return self;
        }
        let missed = if (low..=high).contains(&observed) { 0.0 } else { 1.0 };
        let rate = self.rate + STEP * ((1.0 - self.nominal) - missed);
        Self { rate: rate.min(RATE_MAX), ..self }
    }

    /// The level of the next band, between 0.7 and 0.999.
    pub fn level(&self) -> f64 {
        1.0 - self.rate.max(RATE_MIN)
    }

    /// The width of the next band over that of the nominal one: 1 where the share inside is right. By the tails of the
    /// logistic distribution, which are a little heavier than the normal's.
    pub fn stretch(&self) -> f64 {
        let width = half_width(self.level()) / half_width(self.nominal);
        let past_certainty = (RATE_MIN - self.rate).max(0.0) / STEP;
        width * (GROWTH * past_certainty).exp()
    }

    /// The band, made so much wider or narrower around its middle; still to be clipped where demand ends at zero.
    pub fn stretched(&self, [low, middle, high]: [f64; 3]) -> [f64; 2] {
        let stretch = self.stretch();
        [middle - (middle - low) * stretch, middle + (high - middle) * stretch]
    }
}

fn half_width(level: f64) -> f64 {
    let above = (1.0 - level) / 2.0;
    ((1.0 - above) / above).ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::Noise;
    use proptest::prelude::*;

    const NOMINAL: f64 = 0.95;

    #[test]
    fn nothing_known_is_the_nominal_band() {
        let adaptive = Adaptive::new(NOMINAL);
        let [low, high] = adaptive.stretched([2.0, 5.0, 9.0]);
        assert!((adaptive.level() - 0.95).abs() < 1e-12);
        assert!((low - 2.0).abs() < 1e-12 && (high - 9.0).abs() < 1e-12);
    }

    #[test]
    fn misses_widen_and_hits_narrow() {
        let nominal = Adaptive::new(NOMINAL);
        let missed = nominal.after_all([(7.0, [0.0, 5.0]), (f64::NAN, [0.0, 5.0])]);
        let hit = nominal.after(3.0, [0.0, 5.0]);
        assert!(missed.stretch() > 1.0 && hit.stretch() < 1.0);
        let exhausted = nominal.after_all(std::iter::repeat_n((7.0, [0.0, 5.0]), 8));
        let further = exhausted.after(7.0, [0.0, 5.0]);
        assert!((further.stretch() / exhausted.stretch() - (GROWTH * NOMINAL).exp()).abs() < 1e-9);
    }

    #[test]
    fn months_inside_leave_a_band_that_has_a_width() {
        let quiet = Adaptive::new(NOMINAL).after_all(std::iter::repeat_n((0.0, [0.0, 5.0]), 10_000));
        assert!(quiet.stretch() > 0.45, "{}", quiet.stretch());
    }

    #[test]
    fn the_state_is_kept_to_the_bit() {
        let state =
            Adaptive::new(NOMINAL).after_all([(7.0, [0.0, 5.0]), (1.0, [0.0, 5.0]), (9.0, [0.0, 5.0])]);
        let kept: Adaptive = serde_json::from_str(&serde_json::to_string(&state).unwrap()).unwrap();
        assert_eq!(kept, state);
    }

    /// Share inside of bands that were drawn for a spread of 1 while the true one goes from `first` to `last`.
    fn coverage(seed: u64, first: f64, last: f64, days: u32) -> (f64, f64) {
        let mut noise = Noise::new(seed);
        let (mut inside, mut inside_fixed) = (0.0, 0.0);
        let mut adaptive = Adaptive::new(NOMINAL);
        for day in 0..days {
            let spread = first + (last - first) * f64::from(day) / f64::from(days);
            let observed = spread * noise.normal();
            let band = adaptive.stretched([-1.96, 0.0, 1.96]);
            inside += f64::from((band[0]..=band[1]).contains(&observed));
            inside_fixed += f64::from(observed.abs() <= 1.96);
            adaptive = adaptive.after(observed, band);
        }
        (inside / f64::from(days), inside_fixed / f64::from(days))
    }

    proptest! {
        #[test]
        fn coverage_tends_to_the_nominal_one_under_drift(seed: u64, first in 0.8..3.0_f64, last in 0.8..6.0_f64) {
            let (adaptive, _) = coverage(seed, first, last, 3_000);
            prop_assert!((adaptive - NOMINAL).abs() < 0.015, "{adaptive}");
        }
    }

    #[test]
    fn without_it_the_band_would_have_failed() {
        let (adaptive, fixed) = coverage(7, 1.0, 4.0, 2_000);
        assert!(fixed < 0.75 && (adaptive - NOMINAL).abs() < 0.015, "{fixed} {adaptive}");
    }
}
