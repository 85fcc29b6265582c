//! Distributions as weighted samples, and quantiles of mixtures of them.

/// Weighted samples, rising.
#[derive(Clone, Debug, Default)]
pub(crate) struct Samples {
    /// Value and weight.
    pairs: Vec<(f64, f64)>,
    weight: f64,
}

/// What is kept of many samples: a percent each, and those outermost as they are, for the tails.
const SAMPLES_MOST: usize = 100;
const OUTERMOST: usize = 8;

impl Samples {
    /// Of any order; weights are above zero.
    pub(crate) fn of(mut pairs: Vec<(f64, f64)>) -> Self {
        pairs.sort_unstable_by(|one, other| one.0.total_cmp(&other.0));
        let weight = pairs.iter().map(|pair| pair.1).sum();
        Self { pairs, weight }
    }

    /// Adds one of weight 1.
    pub(crate) fn insert(&mut self, value: f64) {
        let at = self.pairs.partition_point(|pair| pair.0 < value);
        self.pairs.insert(at, (value, 1.0));
        self.weight += 1.0;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// The value with half of the weight on either side; 0 of nothing.
    pub(crate) fn median(&self) -> f64 {
        let mut below = 0.0;
        let reached = self.pairs.iter().find(|pair| {
            below += pair.1;
            below >= self.weight / 2.0
        });
        reached.map_or(0.0, |pair| pair.0)
    }

    /// Mean; 0 of nothing.
    pub(crate) fn mean(&self) -> f64 {
        let sum: f64 = self.pairs.iter().map(|pair| pair.0 * pair.1).sum();
        if self.weight > 0.0 { sum / self.weight } else { 0.0 }
    }

    /// Moves all by that much.
    pub(crate) fn shift(&mut self, by: f64) {
        self.pairs.iter_mut().for_each(|pair| pair.0 += by);
    }

    /// Joins neighbours until no more are left than quantiles need; the outermost stay as they are.
    #[expect(clippy::cast_precision_loss, reason = "a constant far below 2^52")]
    pub(crate) fn condensed(self) -> Self {
        if self.pairs.len() <= SAMPLES_MOST + 4 * OUTERMOST {
            return self;
        }
        let full = self.weight / SAMPLES_MOST as f64;
        let last = self.pairs.len() - 1;
        let mut pairs = Vec::with_capacity(SAMPLES_MOST + 2 * OUTERMOST + 1);
        let (mut sum, mut weight) = (0.0, 0.0);
        for (at, pair) in self.pairs.iter().enumerate() {
            sum += pair.0 * pair.1;
            weight += pair.1;
            if weight >= full || at < OUTERMOST || at + OUTERMOST > last {
                pairs.push((sum / weight, weight));
                (sum, weight) = (0.0, 0.0);
            }
        }
        Self { pairs, weight: self.weight }
    }
}

/// Samples moved and stretched, with their share in a mixture.
#[derive(Clone, Copy)]
pub(crate) struct Part<'a> {
    pub samples: &'a Samples,
    pub centre: f64,
    pub spread: f64,
    pub share: f64,
}

/// What part of a sample's weight has to lie below a level for the level to be at the sample. Half would be the middle;
/// quantities are counts, most of whose quantiles lie at the upper end of a sample's weight.
const REACHED: f64 = 0.75;
/// Parts of one mixture at most.
const PARTS_MOST: usize = 3;

/// Quantiles of a mixture of distributions at levels that rise; between two samples, on the line from one to the other.
///
/// Distributions are mixed, not their quantiles: a day that is zero in a third of cases has a low quantile of zero
/// however large the rest is.
pub(crate) fn quantiles(parts: &[Part<'_>], levels: &[f64], out: &mut Vec<f64>) {
    debug_assert!(parts.len() <= PARTS_MOST, "a part more than there are places");
    out.clear();
    let total: f64 = parts.iter().filter(|part| !part.samples.is_empty()).map(|part| part.share).sum();
    let mut at = [0_usize; PARTS_MOST];
    let value = |part: &Part<'_>, at: usize| {
        part.samples.pairs.get(at).map_or(f64::INFINITY, |pair| part.centre + part.spread * pair.0)
    };
    let mut next = [f64::INFINITY; PARTS_MOST];
    let mut unit = [0.0; PARTS_MOST];
    for (which, part) in parts.iter().enumerate() {
        next[which] = value(part, 0);
        unit[which] = part.share / total / part.samples.weight;
    }
    let (mut below, mut before) = (0.0, None::<(f64, f64)>);
    while out.len() < levels.len() {
        let mut which = 0;
        for other in 1..parts.len() {
            if next[other] < next[which] {
                which = other;
            }
        }
        let reached = next[which];
        if reached == f64::INFINITY {
            break;
        }
        let part = &parts[which];
        let weight = part.samples.pairs[at[which]].1 * unit[which];
        at[which] += 1;
        next[which] = value(part, at[which]);
        let middle = below + weight * REACHED;
        while out.len() < levels.len() && levels[out.len()] <= middle {
            // Between equal samples rounding may fall by a hair.
            let least = out.last().copied().unwrap_or(f64::NEG_INFINITY);
            let quantile = between(before, (middle, reached), levels[out.len()]);
            out.push(quantile.max(least));
        }
        before = Some((middle, reached));
        below += weight;
    }
    let reached = before.map_or(0.0, |(_, reached)| reached);
    let highest = out.last().map_or(reached, |last| reached.max(*last));
    out.resize(levels.len(), highest);
}

fn between(before: Option<(f64, f64)>, after: (f64, f64), level: f64) -> f64 {
    match before {
        Some((low, from)) if after.0 > low => from + (after.1 - from) * (level - low) / (after.0 - low),
        _ => after.1,
    }
}
