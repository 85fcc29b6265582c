//! What may come at each step ahead: errors around what is expected, mixed with what was wanted lately.

mod shares;
#[cfg(test)]
mod tests;

use crate::combine::Combined;
use crate::empirical::Empirical;
use crate::mixture::{Part, quantiles};
use crate::prepare::Prepared;
use crate::rolling::Origins;
use crate::spread::{Errors, Of, Spread};
pub(crate) use shares::Shares;

/// How much too narrow one sum alone would be, over how wide sums are.
const NARROWER_OF_SUMS: f64 = 2.5;

/// What may come of one series.
pub(crate) struct Distribution<'a> {
    prepared: &'a Prepared,
    centre: &'a [f64],
    steps: Spread,
    sums: Spread,
    empirical: Empirical,
    shares: Shares,
}

impl<'a> Distribution<'a> {
    pub(crate) fn of(prepared: &'a Prepared, origins: &Origins, combined: &'a Combined) -> Self {
        let errors = Errors {
            values: &prepared.values,
            origins,
            ahead: &combined.ahead,
            last: &combined.last,
            season: prepared.season,
        };
        Self {
            prepared,
            centre: &combined.last,
            steps: errors.spread(Of::Steps),
            sums: errors.spread(Of::Sums),
            empirical: Empirical::of(prepared),
            shares: Shares::of(prepared, origins.length - origins.first),
        }
    }

    pub(crate) const fn shares(&self) -> Shares {
        self.shares
    }

    /// For each level, for each step ahead.
    pub(crate) fn quantiles(&self, levels: &[f64]) -> Vec<Vec<f64>> {
        self.rows(levels, |step, out| {
            self.step(step, levels, out);
            self.prepared.ahead[step]
        })
    }

    /// Quantiles of one usual step.
    fn step(&self, step: usize, levels: &[f64], out: &mut Vec<f64>) {
        let shares = self.shares;
        let errors = Part {
            samples: &self.steps.samples,
            centre: self.centre[step],
            spread: self.steps.scale[step] * shares.widening,
            share: shares.errors,
        };
        let all = Part { samples: &self.empirical.all, centre: 0.0, spread: 1.0, share: shares.all };
        match self.empirical.seasonal.get(step % self.prepared.season) {
            Some(samples) if shares.seasonal > 0.0 => {
                quantiles(&[errors, all, Part { samples, share: shares.seasonal, ..all }], levels, out);
            }
            _ if shares.all > 0.0 => quantiles(&[errors, all], levels, out),
            _ => quantiles(&[errors], levels, out),
        }
    }

    /// For each level, for sums over the first 1, 2 … steps ahead; they never fall from step to step for demand. The
    /// first is the first step.
    #[expect(clippy::cast_precision_loss, reason = "steps ahead, far below 2^52")]
    pub(crate) fn cumulative(&self, levels: &[f64]) -> Vec<Vec<f64>> {
        let (mut centre, mut open) = (0.0, 0.0);
        let mut rows = self.rows(levels, |step, out| {
            let ratio = self.prepared.ahead[step];
            centre += self.centre[step] * ratio;
            open += ratio;
            if step == 0 {
                self.step(step, levels, out);
                return ratio;
            }
            let steps = step as f64 + 1.0;
            let (widening, open) = (self.widening_of_sums(steps), open / steps);
            let errors = Part {
                samples: &self.sums.samples,
                centre,
                spread: self.sums.scale[step] * widening * open,
                share: 1.0 - self.shares.all,
            };
            if self.prepared.season > 1 || self.shares.all == 0.0 {
                quantiles(&[Part { share: 1.0, ..errors }], levels, out);
            } else {
                let samples = Empirical::sums(self.prepared, step + 1);
                let past = Part {
                    samples: &samples,
                    centre: samples.mean() * (1.0 - widening) * open,
                    spread: widening * open,
                    share: self.shares.all,
                };
                quantiles(&[errors, past], levels, out);
            }
            1.0
        });
        if self.prepared.demand {
            for row in &mut rows {
                rise(row);
            }
        }
        rows
    }

    /// How much wider sums over that many steps are taken than they were. Sums overlap: a history has seen as many
    /// apart as they fit into it one after another, and what so few say of a spread is too narrow by the root of their
    /// number. Never less than for one step.
    #[expect(clippy::cast_precision_loss, reason = "counts of steps, far below 2^52")]
    fn widening_of_sums(&self, steps: f64) -> f64 {
        let apart = (self.prepared.known() as f64 / steps).max(1.0);
        (1.0 + NARROWER_OF_SUMS / apart.sqrt()).max(self.shares.widening)
    }

    /// Takes the quantiles of each step from a function that also says by what they are multiplied.
    fn rows(&self, levels: &[f64], mut of: impl FnMut(usize, &mut Vec<f64>) -> f64) -> Vec<Vec<f64>> {
        let mut rows = vec![vec![0.0; self.centre.len()]; levels.len()];
        let mut out = Vec::with_capacity(levels.len());
        for step in 0..self.centre.len() {
            let ratio = of(step, &mut out);
            for (row, quantile) in rows.iter_mut().zip(&out) {
                row[step] = if self.prepared.demand { (quantile * ratio).max(0.0) } else { quantile * ratio };
            }
        }
        rows
    }
}

/// More steps are never less.
fn rise(row: &mut [f64]) {
    let mut most = 0.0_f64;
    for value in row {
        most = most.max(*value);
        *value = most;
    }
}
