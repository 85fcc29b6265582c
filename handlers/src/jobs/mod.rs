//! What the house does by the clock of its own accord; the scheduler runs it.

mod trial_check;
mod upkeep;

pub use trial_check::{EndTrials, TrialCheck};
pub use upkeep::Upkeep;
