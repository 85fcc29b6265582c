use super::{Fitted, Member, Parameters, Seed};

/// Exponential smoothing of a level and of a season that multiplies it: a closed day stays zero at any level.
#[derive(Clone, Debug)]
pub struct Ratio {
    alpha: f64,
    gamma: f64,
    level: f64,
    season: Vec<f64>,
    position: usize,
    cycles: f64,
    gain: f64,
}

/// Below this a position says too little of the level to divide by it.
const RATIO_LEAST: f64 = 0.1;
/// Keeps a level that has fallen to nothing from throwing the season about.
const LEVEL_LEAST: f64 = 1e-9;

impl Member for Ratio {
    fn ahead(&self, steps: usize) -> f64 {
        let mut at = self.position + steps - 1;
        while at >= self.season.len() {
            at -= self.season.len();
        }
        self.level * self.season[at]
    }

    fn observe(&mut self, value: f64) {
        let ratio = self.season[self.position];
        let error = value - self.level * ratio;
        let before = self.level.max(LEVEL_LEAST);
        // A position near zero moves the level in the measure that it shows it.
        self.level = (self.level + self.alpha * error * ratio.min(1.0) / ratio.max(RATIO_LEAST)).max(0.0);
        let moved = ratio + self.gain * (1.0 - self.alpha) * error / before;
        self.season[self.position] = moved.clamp(0.0, 20.0);
        self.skip();
    }

    fn skip(&mut self) {
        self.position += 1;
        if self.position == self.season.len() {
            self.position = 0;
            self.cycles += 1.0;
            self.gain = self.gamma.max(1.0 / self.cycles);
        }
    }
}

impl Fitted for Ratio {
    const FREE: usize = 2;

    fn grid() -> Vec<Parameters> {
        super::Additive::<true, false>::grid()
    }

    fn start([alpha, gamma, ..]: Parameters, seed: &Seed) -> Self {
        let cycles = seed.cycles;
        Self {
            alpha,
            gamma,
            level: seed.level.max(0.0),
            season: seed.ratio.clone(),
            position: 0,
            cycles,
            gain: gamma.max(1.0 / cycles),
        }
    }
}
