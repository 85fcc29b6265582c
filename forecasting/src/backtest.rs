//! How forecasts one step ahead would have done lately, each made from what was known before it.

use crate::distribution::Shares;
use crate::metrics::{mean, pinball};
use crate::mixture::{Part, Samples, quantiles};
use crate::prepare::Prepared;
use crate::rolling::{Origins, STEPS_SHOWN};
use crate::{Backtest, LEVELS};

/// Errors that have to be known before a band is made of them.
const ERRORS_LEAST: usize = 8;
/// Where the middle lies among the levels.
const MIDDLE: usize = 2;

/// Sums in the making.
#[derive(Default)]
struct Tally {
    steps: u32,
    inside: u32,
    error: f64,
    naive: f64,
    pinball: f64,
    step: f64,
    said: f64,
    came: f64,
    band: [[f64; 3]; STEPS_SHOWN],
    mean: [f64; STEPS_SHOWN],
}

/// Scores what was said one step ahead by parameters that know nothing of the steps that are shown.
pub(crate) fn backtest(prepared: &Prepared, origins: &Origins, early: &[f64], shares: Shares) -> Backtest {
    let values = &prepared.values;
    let shown = origins.cut.max(origins.first + ERRORS_LEAST).max(values.len().saturating_sub(STEPS_SHOWN));
    let mut known = Known::until(&values[..shown.min(values.len())]);
    let (mut tally, mut band) = (Tally::default(), Vec::with_capacity(LEVELS.len()));
    for (at, said) in (origins.first..values.len()).zip(early) {
        let came = values[at];
        if came.is_nan() {
            continue;
        }
        if at >= shown && !known.errors.is_empty() {
            known.band(*said, prepared, shares, &mut band);
            tally.add(prepared, at, *said, &band);
        }
        known.errors.insert((came - said) / height(*said));
        if at >= shown {
            known.wanted.insert(came);
        }
    }
    tally.backtest()
}

/// Errors grow with the root of what is expected, as those of counts do.
fn height(said: f64) -> f64 {
    said.abs().max(f64::MIN_POSITIVE).sqrt()
}

/// What a band is made of: grows step by step, and is never ahead of the step it is asked for.
struct Known {
    /// Over the height of what was said.
    errors: Samples,
    wanted: Samples,
}

impl Known {
    fn until(values: &[f64]) -> Self {
        let lately = values.iter().rev().take(2 * STEPS_SHOWN).filter(|value| !value.is_nan());
        Self { errors: Samples::default(), wanted: Samples::of(lately.map(|value| (*value, 1.0)).collect()) }
    }

    fn band(&self, said: f64, prepared: &Prepared, shares: Shares, band: &mut Vec<f64>) {
        // With a season, errors say nearly all that there is to say.
        let past = if prepared.season > 1 { 0.0 } else { shares.all };
        let errors = Part {
            samples: &self.errors,
            centre: said,
            spread: height(said) * shares.widening,
            share: 1.0 - past,
        };
        let wanted = Part { samples: &self.wanted, centre: 0.0, spread: 1.0, share: past };
        let parts = [errors, wanted];
        quantiles(if past > 0.0 { &parts } else { &parts[..1] }, &LEVELS, band);
    }
}

impl Tally {
    fn add(&mut self, prepared: &Prepared, at: usize, said: f64, band: &[f64]) {
        let (values, ratio) = (&prepared.values, prepared.calendar[at]);
        let least = if prepared.demand { 0.0 } else { f64::NEG_INFINITY };
        let came = values[at] * ratio;
        let said = said.max(least) * ratio;
        let quantile = |at: usize| band[at].max(least) * ratio;
        let (low, high) = (quantile(0), quantile(LEVELS.len() - 1));
        self.band[self.steps as usize] = [low, quantile(MIDDLE), high];
        self.mean[self.steps as usize] = said;
        self.steps += 1;
        self.inside += u32::from((low..=high).contains(&came));
        self.error += (came - said).abs();
        self.naive += apart(values, at, prepared.season) * ratio;
        self.step += apart(values, at, 1) * ratio;
        let losses = LEVELS.iter().enumerate().map(|(at, level)| pinball(*level, came, quantile(at)));
        self.pinball += mean(losses);
        self.said += said;
        self.came += came;
    }

    fn backtest(&self) -> Backtest {
        let over = |sum: f64, scale: f64| (scale > 0.0).then(|| sum / scale);
        Backtest {
            steps: self.steps,
            inside: self.inside,
            mase: over(self.error, self.naive),
            spl: over(self.pinball, self.step),
            bias: over(self.said, self.came).map(|ratio| ratio - 1.0),
            band: self.band,
            mean: self.mean,
        }
    }
}

/// How far a value lies from that so many steps before; nothing where that is not known.
fn apart(values: &[f64], at: usize, lag: usize) -> f64 {
    let before = at.checked_sub(lag).map_or(f64::NAN, |before| values[before]);
    if before.is_nan() { 0.0 } else { (values[at] - before).abs() }
}
