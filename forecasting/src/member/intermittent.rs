use super::{Fitted, Member, Parameters, Seed};

/// Demand that comes now and then: how likely it comes, and how large it is when it does, each smoothed.
///
/// # Source
/// Teunter, Syntetos, Babai, "Intermittent demand: Linking forecasting to inventory obsolescence", European Journal of
/// Operational Research 214 (2011).
#[derive(Clone, Debug)]
pub struct Intermittent {
    alpha_size: f64,
    alpha_chance: f64,
    size: f64,
    chance: f64,
}

impl Member for Intermittent {
    fn ahead(&self, _steps: usize) -> f64 {
        self.size * self.chance
    }

    fn observe(&mut self, value: f64) {
        let came = value != 0.0;
        self.chance += self.alpha_chance * (f64::from(u8::from(came)) - self.chance);
        if came {
            self.size += self.alpha_size * (value - self.size);
        }
    }

    fn skip(&mut self) {}
}

impl Fitted for Intermittent {
    const FREE: usize = 2;

    fn grid() -> Vec<Parameters> {
        let sizes = [0.05, 0.2];
        let chances = [0.02, 0.06, 0.15, 0.3];
        sizes.iter().flat_map(|size| chances.map(|chance| [*size, chance, 0.0, 0.0])).collect()
    }

    fn start([alpha_size, alpha_chance, ..]: Parameters, seed: &Seed) -> Self {
        Self { alpha_size, alpha_chance, size: 2.0 * seed.level, chance: 0.5 }
    }
}
