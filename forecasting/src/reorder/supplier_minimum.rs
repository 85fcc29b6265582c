//! What is missing to a supplier's smallest order, and what could be ordered earlier to reach it.

use serde::{Deserialize, Serialize};

use super::ServiceClass;

/// One product of an order to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CartLine {
    /// Price of a pack, in minor units.
    pub pack_price_minor: i64,
    /// Packs that are ordered.
    pub packs: i64,
    /// How it keeps.
    pub class: ServiceClass,
    /// Packs more that it would take to last for the delivery after as well: what can be ordered earlier.
    pub next_cycle_packs: i64,
}

/// An order held against its supplier's smallest one, in minor units.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SupplierMinimum {
    /// What the order is worth.
    pub total_minor: i64,
    /// What it has to be worth.
    pub minimum_minor: i64,
    /// How much is missing; zero where nothing is.
    pub missing_minor: i64,
    /// What could be ordered earlier, the largest first. A proposal: nothing of it is in the order.
    pub advances: Vec<Advance>,
    /// What is still missing with all of that.
    pub still_missing_minor: i64,
}

/// Packs of one line that are needed a delivery later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Advance {
    /// Which line, by its place.
    pub line: usize,
    /// How many more packs.
    pub packs: i64,
    /// What they cost.
    pub value_minor: i64,
}

/// Holds the lines of one supplier against its smallest order, and names staples that fill it up with the fewest lines,
/// of each no more than needed. Never what spoils: to reach a minimum is no reason to throw food away.
pub fn reach_minimum(lines: &[CartLine], minimum_minor: i64) -> SupplierMinimum {
    let total_minor =
        lines.iter().map(|line| value(line.pack_price_minor, line.packs)).fold(0, i64::saturating_add);
    let missing_minor = minimum_minor.saturating_sub(total_minor).max(0);
    let mut still_missing_minor = missing_minor;
    let mut advances = Vec::new();
    for (index, line) in advanceable(lines) {
        if still_missing_minor == 0 {
            break;
        }
        let enough = 1 + (still_missing_minor - 1) / line.pack_price_minor;
        let packs = enough.min(line.next_cycle_packs);
        let value_minor = value(line.pack_price_minor, packs);
        still_missing_minor = still_missing_minor.saturating_sub(value_minor).max(0);
        advances.push(Advance { line: index, packs, value_minor });
    }
    SupplierMinimum { total_minor, minimum_minor, missing_minor, advances, still_missing_minor }
}

/// Staples of which more is needed later, those of the greatest value first.
fn advanceable(lines: &[CartLine]) -> Vec<(usize, &CartLine)> {
    let may = |line: &CartLine| {
        line.class == ServiceClass::Staple && line.next_cycle_packs > 0 && line.pack_price_minor > 0
    };
    let mut staples: Vec<_> = lines.iter().enumerate().filter(|(_, line)| may(line)).collect();
    staples.sort_by_key(|(_, line)| std::cmp::Reverse(value(line.pack_price_minor, line.next_cycle_packs)));
    staples
}

fn value(pack_price_minor: i64, packs: i64) -> i64 {
    pack_price_minor.saturating_mul(packs.max(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn line(pack_price_minor: i64, packs: i64, class: ServiceClass, next_cycle_packs: i64) -> CartLine {
        CartLine { pack_price_minor, packs, class, next_cycle_packs }
    }

    #[test]
    fn an_order_above_the_minimum_lacks_nothing() {
        let held = reach_minimum(&[line(10_000, 20, ServiceClass::Staple, 5)], 150_000);
        assert_eq!((held.total_minor, held.missing_minor, held.advances), (200_000, 0, vec![]));
    }

    #[test]
    fn the_most_valuable_staple_is_advanced_by_no_more_than_needed() {
        let lines = [
            line(10_000, 4, ServiceClass::Staple, 2),
            line(30_000, 1, ServiceClass::Staple, 3),
            line(90_000, 1, ServiceClass::Fresh, 9),
        ];
        let held = reach_minimum(&lines, 205_000);
        assert_eq!(held.missing_minor, 45_000);
        assert_eq!(held.advances, [Advance { line: 1, packs: 2, value_minor: 60_000 }]);
        assert_eq!(held.still_missing_minor, 0);
    }

    #[test]
    fn what_cannot_be_reached_is_said() {
        let held = reach_minimum(&[line(10_000, 1, ServiceClass::Staple, 2)], 100_000);
        assert_eq!(held.advances, [Advance { line: 0, packs: 2, value_minor: 20_000 }]);
        assert_eq!(held.still_missing_minor, 70_000);
    }

    fn lines() -> impl Strategy<Value = Vec<CartLine>> {
        let class = prop_oneof![
            Just(ServiceClass::Staple),
            Just(ServiceClass::Fresh),
            Just(ServiceClass::ExpiryBound)
        ];
        let line = (-10_i64..100_000, 0_i64..50, class, -2_i64..20);
        proptest::collection::vec(
            line.prop_map(|(price, packs, class, next)| self::line(price, packs, class, next)),
            0..12,
        )
    }

    proptest! {
        #[test]
        fn nothing_that_spoils_and_no_more_than_is_needed(lines in lines(), minimum in 0_i64..5_000_000) {
            let held = reach_minimum(&lines, minimum);
            for advance in &held.advances {
                let line = &lines[advance.line];
                prop_assert_eq!(line.class, ServiceClass::Staple);
                prop_assert!((1..=line.next_cycle_packs).contains(&advance.packs));
            }
            let advanced: i64 = held.advances.iter().map(|advance| advance.value_minor).sum();
            prop_assert_eq!(held.still_missing_minor, (held.missing_minor - advanced).max(0));
            if let Some(last) = held.advances.last() {
                let without_a_pack = advanced - lines[last.line].pack_price_minor;
                prop_assert!(without_a_pack < held.missing_minor, "a pack too many");
            }
        }
    }
}
