use super::{Fitted, Member, Parameters, Seed};

/// Simple smoothing that drifts by half the slope of the straight line through all that was seen.
///
/// # Source
/// Hyndman, Billah, "Unmasking the Theta method", International Journal of Forecasting 19 (2003).
#[derive(Clone, Debug)]
pub struct Drift {
    alpha: f64,
    level: f64,
    seen: f64,
    sum: f64,
    sum_timed: f64,
}

impl Member for Drift {
    #[expect(clippy::cast_precision_loss, reason = "counts of steps, far below 2^52")]
    fn ahead(&self, steps: usize) -> f64 {
        self.level + 0.5 * self.slope() * (steps as f64 - 1.0 + 1.0 / self.alpha)
    }

    fn observe(&mut self, value: f64) {
        self.sum += value;
        self.sum_timed += self.seen * value;
        self.seen += 1.0;
        self.level += self.alpha * (value - self.level);
    }

    /// A step of which nothing is known lies on the level.
    fn skip(&mut self) {
        self.observe(self.level);
    }
}

impl Drift {
    fn slope(&self) -> f64 {
        let count = self.seen;
        if count < 3.0 {
            return 0.0;
        }
        let centre = (count - 1.0) / 2.0;
        (self.sum_timed - centre * self.sum) * 12.0 / (count * (count * count - 1.0))
    }
}

impl Fitted for Drift {
    const FREE: usize = 1;

    fn grid() -> Vec<Parameters> {
        [0.1, 0.25, 0.5, 0.8].map(|alpha| [alpha, 0.0, 0.0, 0.0]).to_vec()
    }

    fn start([alpha, ..]: Parameters, seed: &Seed) -> Self {
        Self { alpha, level: seed.level, seen: 0.0, sum: 0.0, sum_timed: 0.0 }
    }
}
