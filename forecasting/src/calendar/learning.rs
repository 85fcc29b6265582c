//! How special days' effects are learned from many series.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};

use super::{Effect, Effects, Observed, Special, special_on};

/// Weeks to each side of a special day that say what its weekday is usually like.
const WEEKS_AROUND: usize = 4;

/// So many observations of an effect count for as much as the belief that there is none.
const SHRINKAGE: f64 = 20.0;

/// A ratio above is one of a day when hardly anything was expected.
pub(super) const RATIO_MAX: f64 = 4.0;

/// Learns what special days do to series of one kind: demand of all on such days, over what their weekdays usually have
/// within four weeks, each series measured in its own mean so that large ones do not speak for all.
pub fn learn_effects(series: &[Observed<'_>]) -> Effects {
    let mut learning = Learning::default();
    for observed in series {
        learning.add(observed);
    }
    learning.finish()
}

/// The same for series that come one after the other, and are not all in memory: their order matters for the last bits,
/// so let it not depend on who computes.
#[derive(Clone, Debug, Default)]
pub struct Learning {
    sums: BTreeMap<Special, Sums>,
    specials: Specials,
}

impl Learning {
    /// Adds a series.
    pub fn add(&mut self, observed: &Observed<'_>) {
        let mean = mean_of_known(observed.values);
        if mean <= 0.0 {
            return;
        }
        self.specials.cover(observed);
        for (step, &value) in observed.values.iter().enumerate() {
            let (Some(special), false) = (self.specials.at(observed, step), value.is_nan()) else { continue };
            let Some(usual) = usual_at(observed, step, &self.specials).filter(|usual| *usual > 0.0) else {
                continue;
            };
            self.sums.entry(special).or_default().add(value / mean, usual / mean);
        }
    }

    /// What was learned.
    pub fn finish(self) -> Effects {
        Effects(self.sums.into_iter().map(|(special, sums)| sums.effect(special)).collect())
    }
}

#[derive(Clone, Debug, Default)]
struct Sums {
    observed: f64,
    usual: f64,
    observations: u32,
}

impl Sums {
    fn add(&mut self, observed: f64, usual: f64) {
        self.observed += observed;
        self.usual += usual;
        self.observations += 1;
    }

    fn effect(self, special: Special) -> Effect {
        let weight = f64::from(self.observations) / (f64::from(self.observations) + SHRINKAGE);
        let ratio = 1.0 + weight * (self.observed / self.usual - 1.0);
        Effect { special, ratio: ratio.clamp(0.0, RATIO_MAX), observations: self.observations }
    }
}

/// Which days are special: looked up once, for series are many and days few.
#[derive(Clone, Debug, Default)]
struct Specials {
    first: NaiveDate,
    days: Vec<Option<Special>>,
}

impl Specials {
    fn cover(&mut self, observed: &Observed<'_>) {
        let end =
            |first: NaiveDate, days: usize| first.checked_add_days(Days::new(days as u64)).unwrap_or(first);
        let (first_new, end_new) = (observed.first, end(observed.first, observed.values.len()));
        let end_known = end(self.first, self.days.len());
        let none_yet = self.days.is_empty();
        if !none_yet && self.first <= first_new && end_new <= end_known {
            return;
        }
        self.first = if none_yet { first_new } else { self.first.min(first_new) };
        let end = if none_yet { end_new } else { end_known.max(end_new) };
        self.days = self.first.iter_days().take_while(|day| *day < end).map(special_on).collect();
    }

    fn at(&self, observed: &Observed<'_>, step: usize) -> Option<Special> {
        let before = usize::try_from((observed.first - self.first).num_days()).ok()?;
        self.days.get(before + step).copied().flatten()
    }
}

/// Mean of the same weekday within some weeks to both sides, without special and unknown days.
fn usual_at(observed: &Observed<'_>, step: usize, specials: &Specials) -> Option<f64> {
    let before = (1..=WEEKS_AROUND).filter_map(|weeks| step.checked_sub(7 * weeks));
    let after = (1..=WEEKS_AROUND).map(|weeks| step + 7 * weeks);
    let (mut sum, mut days) = (0.0, 0.0);
    for near in before.chain(after).filter(|near| specials.at(observed, *near).is_none()) {
        if let Some(value) = observed.values.get(near).filter(|value| !value.is_nan()) {
            sum += value;
            days += 1.0;
        }
    }
    (days > 0.0).then(|| sum / days)
}

fn mean_of_known(values: &[f64]) -> f64 {
    let (sum, known) = values
        .iter()
        .filter(|value| !value.is_nan())
        .fold((0.0, 0.0), |(sum, known), value| (sum + value, known + 1.0));
    if known > 0.0 { sum / known } else { 0.0 }
}
