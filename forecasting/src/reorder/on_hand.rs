//! What is there: counted by somebody, or reckoned from what came.

use serde::{Deserialize, Serialize};

/// What is there, in thousandths, and how that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnHand {
    /// Somebody counted it.
    Counted(i64),
    /// Reckoned: whoever is shown it is to be told so.
    Estimated(i64),
}

impl OnHand {
    /// How much, never below zero.
    pub const fn quantity(self) -> i64 {
        let (Self::Counted(quantity) | Self::Estimated(quantity)) = self;
        if quantity < 0 { 0 } else { quantity }
    }
}

/// What is left of a delivery after the expected use since; both in thousandths. Take the mean of use and not its
/// middle, which is zero for what is used now and then, so that its stock would last for ever.
pub const fn estimate_on_hand(received: i64, used_since: i64) -> OnHand {
    let left = received.saturating_sub(used_since);
    OnHand::Estimated(if left < 0 { 0 } else { left })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_less_what_was_used_is_there() {
        assert_eq!(estimate_on_hand(12_000, 9_500), OnHand::Estimated(2_500));
    }

    #[test]
    fn more_cannot_be_used_than_there_was() {
        assert_eq!(estimate_on_hand(1_000, 9_500).quantity(), 0);
        assert_eq!(OnHand::Counted(-5).quantity(), 0);
    }
}
