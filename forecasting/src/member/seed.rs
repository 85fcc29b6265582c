/// Where recursions begin: what the first seasons of a series look like.
#[derive(Clone, Debug)]
pub struct Seed {
    /// Usual value.
    pub level: f64,
    /// How far values usually lie from it.
    pub usual: f64,
    /// How many times the usual error one error counts for at most: a single large order is no new level.
    pub clip: f64,
    /// How many cycles of the season what is said of it counts for; with each one more it moves less.
    pub cycles: f64,
    /// What each position of the season adds to the level.
    pub season: Vec<f64>,
    /// What each position of the season is to the level; 1 where there is no season, or no positive level.
    pub ratio: Vec<f64>,
}

const SEASONS_FIRST: usize = 4;
/// Seasons from which on the first ones may be looked at twice: before, a season is begun with none.
const SEASONS_MANY: usize = 16;
const STEPS_FIRST: usize = 8;

/// So many usual errors are never seen.
const NEVER: f64 = 1e12;
/// Demand's clip.
const CLIP: f64 = 3.0;

impl Seed {
    /// The same, with errors that are clipped.
    #[must_use]
    pub fn clipped(self) -> Self {
        Self { clip: CLIP, ..self }
    }

    /// Of the first steps of a series; `NaN` counts for nothing.
    #[must_use]
    pub fn of(values: &[f64], season: usize) -> Self {
        let season = season.max(1);
        let steps = if season == 1 { STEPS_FIRST } else { SEASONS_FIRST * season };
        let first = &values[..steps.min(values.len())];
        let level = known_mean(first.iter()).unwrap_or(0.0);
        let (shown, cycles) = if values.len() >= SEASONS_MANY * season { (1.0, 4.0) } else { (0.0, 3.0) };
        let seasonal: Vec<f64> = (0..season)
            .map(|position| {
                known_mean(first.iter().skip(position).step_by(season))
                    .map_or(0.0, |mean| shown * (mean - level))
            })
            .collect();
        let ratio = seasonal.iter().map(|add| if level > 0.0 { 1.0 + add / level } else { 1.0 }).collect();
        let apart = first.iter().map(|value| (value - level).abs());
        let usual = known_mean(apart.collect::<Vec<f64>>().iter()).unwrap_or(0.0).max(f64::MIN_POSITIVE);
        Self { level, usual, clip: NEVER, cycles, season: seasonal, ratio }
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of steps, far below 2^52")]
fn known_mean<'a>(values: impl Iterator<Item = &'a f64>) -> Option<f64> {
    let (sum, count) = values
        .filter(|value| !value.is_nan())
        .fold((0.0, 0_usize), |(sum, count), value| (sum + value, count + 1));
    (count > 0).then(|| sum / count as f64)
}
