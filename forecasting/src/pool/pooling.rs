//! From series to what they have in common.

use super::{OBSERVATIONS_MIN, phase};
use crate::{LEVELS, Pool};

/// Steps of a series that count: the last eight weeks of days.
const STEPS_MAX: usize = 56;

/// Series that are enough to say what their kind is like: some seven thousand days. More would cost more than they tell.
const SERIES_MAX: usize = 128;

/// A step of the season that has less of the mean says nothing about the others: its days are closed.
const PROFILE_MIN: f64 = 0.05;

/// How unlike series are in size where there is one alone to tell.
const SPREAD_UNKNOWN: f64 = 1.0;

/// Gathers the series of one kind, such as a category in restaurants of one size.
#[derive(Clone, Debug)]
pub struct Pooling {
    season: usize,
    horizon: usize,
    /// Series that came, of which each `stride`th is kept.
    came: usize,
    stride: usize,
    means: Vec<f64>,
    /// The last steps of each, over its mean.
    scaled: Vec<Vec<f64>>,
}

impl Pooling {
    /// None yet. The season is 1 at least.
    pub fn new(season: usize, horizon: usize) -> Self {
        Self { season: season.max(1), horizon, came: 0, stride: 1, means: Vec::new(), scaled: Vec::new() }
    }

    /// Adds a series, oldest step first; all end at the same time. Those too short to say anything are left out, and of
    /// many each second, fourth, eighth … counts: give them in an order that does not depend on who computes.
    pub fn add(&mut self, history: &[f64]) {
        let Some(first) = history.iter().position(|value| *value > 0.0) else { return };
        let steps = &history[first.max(history.len().saturating_sub(STEPS_MAX))..];
        let known = steps.iter().filter(|value| !value.is_nan()).count();
        let mean = mean(steps.iter().copied().filter(|value| !value.is_nan()));
        if known < OBSERVATIONS_MIN || mean <= 0.0 {
            return;
        }
        if self.came.is_multiple_of(self.stride) {
            self.means.push(mean);
            self.scaled.push(steps.iter().map(|value| value / mean).collect());
        }
        self.came += 1;
        if self.means.len() == SERIES_MAX {
            self.keep_every_second();
        }
    }

    /// The first ones alone would be the oldest ones.
    fn keep_every_second(&mut self) {
        let mut places = 0..;
        self.means.retain(|_| places.next().is_some_and(|place: usize| place.is_multiple_of(2)));
        let mut places = 0..;
        self.scaled.retain(|_| places.next().is_some_and(|place: usize| place.is_multiple_of(2)));
        self.stride *= 2;
    }

    /// What they have in common; `None` of none.
    pub fn finish(self) -> Option<Pool> {
        if self.means.is_empty() {
            return None;
        }
        let profile = self.profile();
        let sums: Vec<_> = self.windows(&profile).take(self.horizon.max(1)).collect();
        let variation = |ratios: &Vec<f64>| mean(ratios.iter().map(|ratio| (ratio - 1.0).powi(2)));
        let variations = sums.iter().map(variation).collect();
        let scaled_sums: Vec<_> = sums.into_iter().map(at_levels).collect();
        Some(Pool {
            series: self.means.len(),
            mean: mean(self.means.iter().copied()),
            spread: self.spread(),
            variations,
            profile,
            scaled: scaled_sums[0].clone(),
            scaled_sums,
        })
    }

    /// Of logarithms, since sizes are skewed: one large series would else say alone how unlike all are.
    fn spread(&self) -> f64 {
        if self.means.len() < 2 {
            return SPREAD_UNKNOWN;
        }
        let usual = mean(self.means.iter().map(|mean| mean.ln()));
        mean(self.means.iter().map(|mean| (mean.ln() - usual).powi(2)))
    }

    fn profile(&self) -> Vec<f64> {
        let (mut sums, mut known) = (vec![0.0; self.season], vec![0.0; self.season]);
        for series in &self.scaled {
            for (step, value) in series.iter().enumerate().filter(|(_, value)| !value.is_nan()) {
                let phase = phase(step, series.len(), self.season);
                sums[phase] += value;
                known[phase] += 1.0;
            }
        }
        let profile: Vec<f64> = sums
            .iter()
            .zip(&known)
            .map(|(sum, known)| if *known > 0.0 { sum / known } else { 1.0 })
            .collect();
        let average = mean(profile.iter().copied());
        profile.iter().map(|step| step / average).collect()
    }

    /// All sums over 1, 2 … steps on end, each over what the season has for them; those with unknown steps left out.
    fn windows(&self, profile: &[f64]) -> impl Iterator<Item = Vec<f64>> {
        let usual = |series: &Vec<f64>| {
            (0..series.len())
                .map(|step| profile[phase(step, series.len(), self.season)])
                .collect::<Vec<f64>>()
        };
        let usual: Vec<_> = self.scaled.iter().map(usual).collect();
        let mut sums: Vec<_> = self.scaled.iter().map(|series| vec![(0.0, 0.0); series.len()]).collect();
        (1..).map(move |steps| {
            let mut ratios = Vec::new();
            for ((sums, series), usual) in sums.iter_mut().zip(&self.scaled).zip(&usual) {
                // Each window of before grows by the step after it; the last one has none and falls away.
                sums.truncate((series.len() + 1).saturating_sub(steps));
                for (first, (sum, of_season)) in sums.iter_mut().enumerate() {
                    *sum += series[first + steps - 1];
                    *of_season += usual[first + steps - 1];
                }
                let known = sums.iter().filter(|(sum, of_season)| *of_season > PROFILE_MIN && !sum.is_nan());
                ratios.extend(known.map(|(sum, of_season)| sum / of_season));
            }
            ratios
        })
    }
}

/// Where no window of that length is known, it is as usual.
fn at_levels(mut values: Vec<f64>) -> Vec<f64> {
    if values.is_empty() {
        return vec![1.0; LEVELS.len()];
    }
    values.sort_unstable_by(f64::total_cmp);
    LEVELS.iter().map(|level| quantile(&values, *level)).collect()
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    if count > 0.0 { sum / count } else { 0.0 }
}

/// The quantile of rising values, between neighbours in proportion.
fn quantile(rising: &[f64], level: f64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "values are far fewer than 2^52")]
    let place = level.clamp(0.0, 1.0) * (rising.len() - 1) as f64;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place among the values")]
    let below = place as usize;
    let above = (below + 1).min(rising.len() - 1);
    // By the last bit it may come out above the upper one, and quantiles would cross.
    (rising[below] + (rising[above] - rising[below]) * place.fract()).min(rising[above])
}
