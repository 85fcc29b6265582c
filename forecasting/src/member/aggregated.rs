use super::{Member, Seed};

/// Simple smoothing of sums over several steps, which are zero less often than single steps are.
///
/// The sums end at the step last seen, so there is a smoothed sum for every offset, each moved every `span` steps.
///
/// # Source
/// Nikolopoulos et al., "An aggregate-disaggregate intermittent demand approach (ADIDA)", Journal of the Operational
/// Research Society 62 (2011).
#[derive(Clone, Debug)]
pub struct Aggregated {
    alpha: f64,
    recent: Vec<f64>,
    smoothed: Vec<f64>,
    at: usize,
    sum: f64,
}

impl Aggregated {
    /// Before the first step, with sums over `span` steps.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a span of steps, far below 2^52")]
    pub fn start(alpha: f64, span: usize, seed: &Seed) -> Self {
        let span = span.max(1);
        let sum = seed.level * span as f64;
        Self { alpha, recent: vec![seed.level; span], smoothed: vec![sum; span], at: 0, sum }
    }
}

impl Member for Aggregated {
    #[expect(clippy::cast_precision_loss, reason = "a span of steps, far below 2^52")]
    fn ahead(&self, _steps: usize) -> f64 {
        let last = if self.at == 0 { self.smoothed.len() - 1 } else { self.at - 1 };
        self.smoothed[last] / self.smoothed.len() as f64
    }

    fn observe(&mut self, value: f64) {
        self.sum += value - self.recent[self.at];
        self.recent[self.at] = value;
        self.smoothed[self.at] += self.alpha * (self.sum - self.smoothed[self.at]);
        self.at = if self.at + 1 == self.recent.len() { 0 } else { self.at + 1 };
    }

    /// A step of which nothing is known was a usual one.
    fn skip(&mut self) {
        self.observe(self.ahead(1));
    }
}
