//! How far what comes lies from what was expected: errors at the origins, made comparable and pooled.

use crate::mixture::Samples;
use crate::rolling::Origins;

/// Errors of what was said, and what they are to be applied to.
pub(crate) struct Errors<'a> {
    pub values: &'a [f64],
    pub origins: &'a Origins,
    /// What was said at each origin, for each step ahead.
    pub ahead: &'a [f64],
    /// What is said now.
    pub last: &'a [f64],
    pub season: usize,
}

/// Whether single steps are meant or sums from the first.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Of {
    Steps,
    Sums,
}

/// Pooled errors, and what one of them is worth at each step ahead.
pub(crate) struct Spread {
    pub samples: Samples,
    pub scale: Vec<f64>,
}

/// Steps after which an error weighs half.
const HALF_LIFE: f64 = 60.0;
/// How many values at a position of the season outweigh what is usual for all.
const POSITION_PRIOR: f64 = 4.0;
/// What part of a lasting bias of the errors is taken for chance, and left out.
const CHANCE_OF_BIAS: f64 = 0.5;

/// One forecast at one origin.
struct Pair {
    target: usize,
    step: usize,
    said: f64,
    came: f64,
}

/// Mean of absolute errors in the making.
#[derive(Clone, Copy, Default)]
struct Sum {
    errors: f64,
    count: f64,
}

impl Sum {
    fn add(&mut self, error: f64) {
        self.errors += error;
        self.count += 1.0;
    }
}

impl Errors<'_> {
    /// Errors over how large they usually are: so many steps ahead, at that position of the season, at that height
    /// (they grow with its root, as counts do). What is left has one distribution, of many samples.
    #[expect(clippy::cast_precision_loss, reason = "counts of steps, far below 2^52")]
    pub(crate) fn spread(&self, of: Of) -> Spread {
        let horizon = self.origins.horizon;
        let season = if of == Of::Sums { 1 } else { self.season };
        let mut by_step = vec![Sum::default(); horizon];
        let mut by_position = vec![Sum::default(); season];
        self.each(of, |pair| {
            let error = (pair.came - pair.said).abs();
            by_step[pair.step].add(error);
            by_position[pair.target % season].add(error);
        });
        let growth = growth(&by_step, of);
        let position = shrunk(&by_position, POSITION_PRIOR * horizon as f64);
        let height =
            (self.last.iter().map(|said| said.abs()).sum::<f64>() / horizon as f64).max(f64::MIN_POSITIVE);
        let scale = |target: usize, step: usize, said: f64| {
            let usual = if of == Of::Sums { height * (step + 1) as f64 } else { height };
            growth[step] * position[target % season] * (said.abs() / usual).clamp(0.1, 10.0).sqrt()
        };
        let weights = fading(self.values.len() - self.origins.first);
        let mut pairs = Vec::with_capacity(self.ahead.len());
        self.each(of, |pair| {
            let scale = scale(pair.target, pair.step, pair.said);
            if scale > 0.0 {
                pairs.push(((pair.came - pair.said) / scale, weights[self.values.len() - 1 - pair.target]));
            }
        });
        let mut samples = Samples::of(pairs);
        samples.shift(-CHANCE_OF_BIAS * samples.median());
        let mut said = 0.0;
        let scales = self.last.iter().enumerate().map(|(step, last)| {
            said = if of == Of::Sums { said + last } else { *last };
            scale(self.values.len() + step, step, said)
        });
        Spread { scale: scales.collect(), samples: samples.condensed() }
    }

    fn each(&self, of: Of, mut take: impl FnMut(&Pair)) {
        for (known, row) in self.origins.known().zip(self.ahead.chunks_exact(self.origins.horizon)) {
            let (mut said_sum, mut came_sum) = (0.0, 0.0);
            for (step, (came, said)) in self.values[known..].iter().zip(row).enumerate() {
                let target = known + step;
                if of == Of::Sums {
                    said_sum += said;
                    came_sum += if came.is_nan() { *said } else { *came };
                    take(&Pair { target, step, said: said_sum, came: came_sum });
                } else if !came.is_nan() {
                    take(&Pair { target, step, said: *said, came: *came });
                }
            }
        }
    }
}

/// Weights by age, from the newest.
fn fading(steps: usize) -> Vec<f64> {
    let fade = 0.5_f64.powf(1.0 / HALF_LIFE);
    std::iter::successors(Some(1.0), |weight| Some(weight * fade)).take(steps).collect()
}

/// Means drawn to the mean of all, as if each had seen so many more of it.
fn shrunk(sums: &[Sum], prior: f64) -> Vec<f64> {
    let all = sums.iter().fold(Sum::default(), |all, sum| Sum {
        errors: all.errors + sum.errors,
        count: all.count + sum.count,
    });
    let usual = all.errors / all.count.max(1.0);
    sums.iter().map(|sum| (sum.errors + prior * usual) / (sum.count + prior)).collect()
}

/// How errors grow with the steps ahead, 1 on average: a line through their means, for sums a power.
#[expect(clippy::cast_precision_loss, reason = "steps ahead, far below 2^52")]
fn growth(by_step: &[Sum], of: Of) -> Vec<f64> {
    let at = |step: usize| if of == Of::Sums { (step as f64 + 1.0).ln() } else { step as f64 };
    let (mut count, mut x, mut y, mut xx, mut xy) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (step, sum) in by_step.iter().enumerate().filter(|(_, sum)| sum.count > 0.0 && sum.errors > 0.0) {
        let (at, mean) = (at(step), sum.errors / sum.count);
        let height = if of == Of::Sums { mean.ln() } else { mean };
        count += sum.count;
        x += sum.count * at;
        y += sum.count * height;
        xx += sum.count * at * at;
        xy += sum.count * at * height;
    }
    if count == 0.0 {
        return vec![1.0; by_step.len()];
    }
    let width = xx - x * x / count;
    let slope = if width > 0.0 { (xy - x * y / count) / width } else { 0.0 };
    let (centre, middle) = (y / count, x / count);
    let raw: Vec<f64> = (0..by_step.len())
        .map(|step| match of {
            // Errors of steps neither cancel in sums more than chance does, nor grow faster than the sums.
            Of::Sums => (slope.clamp(0.4, 1.1) * at(step)).exp(),
            Of::Steps => (centre + slope.max(0.0) * (at(step) - middle)).max(0.2 * centre),
        })
        .collect();
    let weighted: f64 = raw.iter().zip(by_step).map(|(growth, sum)| growth * sum.count).sum();
    let mean = weighted / by_step.iter().map(|sum| sum.count).sum::<f64>();
    raw.into_iter().map(|growth| growth / mean).collect()
}
