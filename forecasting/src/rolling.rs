//! What each member would have said at each of the last steps, of all steps ahead.

use crate::member::{Additive, Aggregated, Drift, Fitted, Intermittent, Member, Ratio, Seed};
use crate::prepare::Prepared;
use crate::search::{Ground, fit};
use crate::season::is_yearly;

/// Where forecasts are made from, and how far.
pub(crate) struct Origins {
    /// How much was known at the first one.
    pub first: usize,
    /// Of the series.
    pub length: usize,
    pub horizon: usize,
    /// Every how many steps.
    pub stride: usize,
    /// What is known to parameters that are to be judged by what came after.
    pub cut: usize,
}

/// Steps that forecasts are judged on.
const SEASONS_JUDGED: usize = 8;
const STEPS_JUDGED: usize = 52;
/// Forecasts from which on every other origin will do: its neighbours say nearly the same.
const PAIRS_MANY: usize = 380;
/// Steps whose forecasts are shown beside what came.
pub(crate) const STEPS_SHOWN: usize = 28;

impl Origins {
    pub(crate) fn of(prepared: &Prepared, horizon: usize) -> Self {
        let length = prepared.values.len();
        let judged = if prepared.season > 1 { SEASONS_JUDGED * prepared.season.max(7) } else { STEPS_JUDGED };
        let first = length.saturating_sub(judged + horizon).max(length / 3).max(1);
        let stride = if (length - first) * horizon > PAIRS_MANY { 2 } else { 1 };
        Self { first, length, horizon, stride, cut: length - STEPS_SHOWN.min(length / 3) }
    }

    fn count(&self) -> usize {
        (self.length - self.first).div_ceil(self.stride)
    }

    /// How much was known at each.
    pub(crate) fn known(&self) -> impl Iterator<Item = usize> + Clone {
        (self.first..self.length).step_by(self.stride)
    }
}

/// What one member said.
pub(crate) struct Track {
    /// At each origin, for each step ahead.
    pub ahead: Vec<f64>,
    /// At the end of the series.
    pub last: Vec<f64>,
    /// One step ahead from each step after the first origin, by parameters that know nothing from the cut on.
    pub early: Vec<f64>,
}

/// Weight of the newest sum in sums over several steps.
const AGGREGATED_ALPHA: f64 = 0.3;
/// Weeks of a year: the one season that a series may have without being said to.
const YEAR: usize = 52;

/// Runs the members that suit a series.
pub(crate) fn run(prepared: &Prepared, origins: &Origins) -> Vec<Track> {
    let (values, season) = (&prepared.values, prepared.season);
    let plain_seed = seed(prepared, 1);
    let plain = Runner { values, origins, seed: &plain_seed, season: 1 };
    let mut tracks = vec![plain.fitted::<Additive<false, false>>()];
    if season > 1 {
        tracks.extend(seasonal(prepared, origins, season));
    } else {
        tracks.push(plain.fitted::<Drift>());
        tracks.push(plain.fitted::<Additive<false, true>>());
        if prepared.demand {
            tracks.push(plain.fitted::<Intermittent>());
            tracks.extend([2, 4, 8].map(|span| plain.aggregated(span)));
        } else if is_yearly(values, YEAR) {
            tracks.extend(seasonal(prepared, origins, YEAR));
        }
    }
    tracks
}

fn seed(prepared: &Prepared, season: usize) -> Seed {
    let seed = Seed::of(&prepared.values, season);
    if prepared.demand { seed.clipped() } else { seed }
}

fn seasonal(prepared: &Prepared, origins: &Origins, season: usize) -> Vec<Track> {
    let (values, seed) = (&prepared.values, seed(prepared, season));
    let runner = Runner { values, origins, seed: &seed, season };
    let mut tracks = vec![runner.fitted::<Additive<true, false>>(), runner.fitted::<Additive<true, true>>()];
    if seed.level > 0.0 && values.iter().all(|value| value.is_nan() || *value >= 0.0) {
        tracks.push(runner.fitted::<Ratio>());
    }
    tracks
}

struct Runner<'a> {
    values: &'a [f64],
    origins: &'a Origins,
    seed: &'a Seed,
    season: usize,
}

impl Runner<'_> {
    fn fitted<M: Fitted>(&self) -> Track {
        let found = fit::<M>(&self.ground());
        let early = self.early(M::start(found.early, self.seed));
        Track { early, ..self.track(M::start(found.late, self.seed)) }
    }

    fn aggregated(&self, span: usize) -> Track {
        let member = Aggregated::start(AGGREGATED_ALPHA, span, self.seed);
        Track { early: self.early(member.clone()), ..self.track(member) }
    }

    /// Errors are judged one step and a season (without one, half of the horizon) ahead.
    fn ground(&self) -> Ground<'_> {
        let horizon = self.origins.horizon;
        let (warm, lead) = if self.season > 1 {
            (2 * self.season, self.season.min(horizon))
        } else {
            (3, horizon.div_ceil(2))
        };
        let warm = warm.min(self.values.len() / 3);
        Ground { values: self.values, seed: self.seed, warm, lead, cut: self.origins.cut }
    }

    fn track<M: Member>(&self, mut member: M) -> Track {
        let horizon = self.origins.horizon;
        let mut ahead = Vec::with_capacity(self.origins.count() * horizon);
        let mut seen = 0;
        for known in self.origins.known() {
            self.values[seen..known].iter().for_each(|value| member.take(*value));
            seen = known;
            ahead.extend((1..=horizon).map(|steps| member.ahead(steps)));
        }
        self.values[seen..].iter().for_each(|value| member.take(*value));
        Track { ahead, last: (1..=horizon).map(|steps| member.ahead(steps)).collect(), early: Vec::new() }
    }

    fn early<M: Member>(&self, mut member: M) -> Vec<f64> {
        let (before, window) = self.values.split_at(self.origins.first);
        for value in before {
            member.take(*value);
        }
        let said = window.iter().map(|value| {
            let said = member.ahead(1);
            member.take(*value);
            said
        });
        said.collect()
    }
}
