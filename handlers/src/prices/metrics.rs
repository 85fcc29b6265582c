//! What there is to watch about prices.

use metrics::{Unit, counter, describe_counter};

const PRICED: &str = "iris_prices_total";

/// What came of a product in an hour.
#[derive(Clone, Copy, Debug)]
pub(super) enum Outcome {
    /// Its rules leave it as it is.
    Kept,
    /// Its rules would change it, and only show that.
    Shown,
    /// It costs something else now.
    Applied,
    /// It, or its rules, changed in the same moment: the next hour sees to it.
    Moved,
}

/// Says what the metrics mean.
pub(super) fn describe() {
    // Outcome `moved` above a few is two jobs at once, or a rule that many change at a time; `applied` far above its
    // usual is a rule or a forecast that has gone wrong: pause the supplier's rules.
    describe_counter!(
        PRICED,
        Unit::Count,
        "Products looked at by price rules, by outcome: kept, shown, applied, moved"
    );
}

pub(super) fn count(outcome: Outcome) {
    let outcome = match outcome {
        Outcome::Kept => "kept",
        Outcome::Shown => "shown",
        Outcome::Applied => "applied",
        Outcome::Moved => "moved",
    };
    counter!(PRICED, "outcome" => outcome).increment(1);
}
