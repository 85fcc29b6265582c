//! The simple forecasters that are combined: each is a recursion of a few numbers, one step at a time.

mod additive;
mod aggregated;
mod drift;
mod intermittent;
mod ratio;
mod seed;

pub use additive::Additive;
pub use aggregated::Aggregated;
pub use drift::Drift;
pub use intermittent::Intermittent;
pub use ratio::Ratio;
pub use seed::Seed;

/// A forecaster that has seen a series up to a step.
pub trait Member {
    /// What it expects that many steps on; 1 is the next.
    fn ahead(&self, steps: usize) -> f64;
    /// Learns the next step.
    fn observe(&mut self, value: f64);
    /// Lets a step pass of which nothing is known.
    fn skip(&mut self);

    /// Learns the next step, or lets it pass where it is `NaN`.
    fn take(&mut self, value: f64) {
        if value.is_nan() { self.skip() } else { self.observe(value) }
    }
}

/// A member that is fitted by trying parameters.
pub trait Fitted: Member + Sized {
    /// How many of [`Parameters`] it has; the first ones.
    const FREE: usize;
    /// Parameters that the search begins with.
    fn grid() -> Vec<Parameters>;
    /// Before the first step.
    fn start(parameters: Parameters, seed: &Seed) -> Self;
}

/// Smoothing parameters of a member, each between 0 and 1.
pub type Parameters = [f64; 4];
