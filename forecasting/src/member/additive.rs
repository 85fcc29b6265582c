use super::{Fitted, Member, Parameters, Seed};

/// How fast the usual error follows errors: after a change of level some ten steps are clipped.
const USUAL_GAIN: f64 = 0.05;
/// Steps ahead that the fading of a trend is kept for.
const FADED: usize = 14;

/// Exponential smoothing of a level, a season that adds to it, and a trend that fades: simple smoothing with neither.
#[derive(Clone, Debug)]
pub struct Additive<const SEASON: bool, const TREND: bool> {
    alpha: f64,
    gamma: f64,
    beta: f64,
    phi: f64,
    /// What the trend adds to the level in the first steps ahead, over the trend.
    faded: [f64; FADED],
    level: f64,
    trend: f64,
    season: Vec<f64>,
    position: usize,
    cycles: f64,
    gain: f64,
    /// Absolute error of late, and how many times that one error may count for.
    usual: f64,
    clip: f64,
}

impl<const SEASON: bool, const TREND: bool> Member for Additive<SEASON, TREND> {
    fn ahead(&self, steps: usize) -> f64 {
        let mut expected = self.level;
        if TREND {
            expected +=
                self.trend * self.faded.get(steps - 1).copied().unwrap_or_else(|| faded(self.phi, steps));
        }
        if SEASON {
            let mut at = self.position + steps - 1;
            while at >= self.season.len() {
                at -= self.season.len();
            }
            expected += self.season[at];
        }
        expected
    }

    fn observe(&mut self, value: f64) {
        let seasonal = if SEASON { self.season[self.position] } else { 0.0 };
        let carried = if TREND { self.phi * self.trend } else { 0.0 };
        let missed = value - (self.level + carried + seasonal);
        let limit = self.clip * self.usual;
        let error = missed.clamp(-limit, limit);
        self.usual += USUAL_GAIN * (missed.abs() - self.usual);
        self.level += carried + self.alpha * error;
        if TREND {
            self.trend = carried + self.alpha * self.beta * error;
        }
        if SEASON {
            self.season[self.position] += self.gain * (1.0 - self.alpha) * error;
            self.turn();
        }
    }

    fn skip(&mut self) {
        if TREND {
            self.trend *= self.phi;
            self.level += self.trend;
        }
        if SEASON {
            self.turn();
        }
    }
}

impl<const SEASON: bool, const TREND: bool> Additive<SEASON, TREND> {
    fn turn(&mut self) {
        self.position += 1;
        if self.position == self.season.len() {
            self.position = 0;
            self.cycles += 1.0;
            self.gain = self.gamma.max(1.0 / self.cycles);
        }
    }
}

/// How many first steps a trend is worth that fades by `phi` each.
fn faded(phi: f64, steps: usize) -> f64 {
    let steps = i32::try_from(steps).unwrap_or(i32::MAX);
    phi * (1.0 - phi.powi(steps)) / (1.0 - phi)
}

impl<const SEASON: bool, const TREND: bool> Fitted for Additive<SEASON, TREND> {
    const FREE: usize = if TREND {
        3
    } else if SEASON {
        2
    } else {
        1
    };

    fn grid() -> Vec<Parameters> {
        let alphas: &[f64] =
            if SEASON { &[0.02, 0.08, 0.2, 0.45] } else { &[0.02, 0.06, 0.15, 0.3, 0.55, 0.85] };
        let gammas: &[f64] = if SEASON { &[0.02, 0.08, 0.2] } else { &[0.0] };
        let trends: &[(f64, f64)] = match (SEASON, TREND) {
            (_, false) => &[(0.0, 0.9)],
            (true, true) => &[(0.05, 0.95)],
            (false, true) => &[(0.05, 0.98), (0.2, 0.9), (0.5, 0.8)],
        };
        let mut grid = Vec::with_capacity(alphas.len() * gammas.len() * trends.len());
        for alpha in alphas {
            for gamma in gammas {
                grid.extend(trends.iter().map(|(beta, phi)| [*alpha, *gamma, *beta, *phi]));
            }
        }
        grid
    }

    fn start([alpha, gamma, beta, phi]: Parameters, seed: &Seed) -> Self {
        let season = if SEASON { seed.season.clone() } else { Vec::new() };
        let cycles = seed.cycles;
        let mut faded = [phi; FADED];
        for step in 1..FADED {
            faded[step] = phi * (1.0 + faded[step - 1]);
        }
        Self {
            alpha,
            gamma,
            beta,
            phi,
            faded,
            level: seed.level,
            trend: 0.0,
            season,
            position: 0,
            cycles,
            gain: gamma.max(1.0 / cycles),
            usual: seed.usual,
            clip: seed.clip,
        }
    }
}
