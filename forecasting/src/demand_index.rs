//! How demand of the last days is to what was expected of them: one number, for prices.
//!
//! Integers alone: whoever recomputes a price from the log gets the same number on any machine.

/// What is usual.
pub const USUAL_BPS: u32 = 10_000;

/// Days that count, at most.
pub const WINDOW_DAYS: usize = 7;

/// So many orders count for as much as the belief that demand is as expected.
const SHRINKAGE: i128 = 20;

/// Demand of ten times what was expected is as much as of twenty.
const RATIO_MAX: i128 = 10;

/// One day, in thousandths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    /// What was wanted; `None` where it is not known, as on a day of short deliveries.
    pub wanted: Option<i64>,
    /// What was expected of that day, beforehand.
    pub expected: i64,
}

/// Demand of the last seven of those days over what was expected of them, in basis points of the usual, drawn to the
/// usual where it is of few orders: 10,000 is as expected, and so is nothing where nothing was. Never above 100,000.
pub fn demand_index_bps(days: &[Day], orders: u32) -> u32 {
    let recent = &days[days.len().saturating_sub(WINDOW_DAYS)..];
    let known = recent
        .iter()
        .filter_map(|day| Some((i128::from(day.wanted?.max(0)), i128::from(day.expected.max(0)))));
    let (wanted, expected) = known.fold((0, 0), |(wanted, expected), day| (wanted + day.0, expected + day.1));
    if expected == 0 {
        return USUAL_BPS;
    }
    let wanted = wanted.min(expected * RATIO_MAX);
    let (usual, orders) = (i128::from(USUAL_BPS), i128::from(orders));
    // usual × (1 + orders ÷ (orders + 20) × (wanted ÷ expected − 1)), as one fraction so that it is rounded once.
    let below = expected * (orders + SHRINKAGE);
    let above = usual * (wanted * orders + expected * SHRINKAGE);
    u32::try_from((2 * above + below) / (2 * below)).expect("not above ten times the usual")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn week(wanted: i64, expected: i64) -> Vec<Day> {
        vec![Day { wanted: Some(wanted), expected }; WINDOW_DAYS]
    }

    #[test]
    fn twice_the_expected_is_believed_as_far_as_it_is_of_many_orders() {
        assert_eq!(demand_index_bps(&week(2_000, 1_000), 0), 10_000);
        assert_eq!(demand_index_bps(&week(2_000, 1_000), 20), 15_000);
        assert_eq!(demand_index_bps(&week(2_000, 1_000), 180), 19_000);
        assert_eq!(demand_index_bps(&week(500, 1_000), 20), 7_500);
    }

    #[test]
    fn days_before_the_last_seven_and_unknown_ones_do_not_count() {
        let mut days = vec![Day { wanted: Some(900_000), expected: 1 }];
        days.extend(week(2_000, 1_000));
        days[3].wanted = None;
        assert_eq!(demand_index_bps(&days, 20), 15_000);
    }

    #[test]
    fn nothing_expected_is_as_usual() {
        assert_eq!(demand_index_bps(&[], 50), USUAL_BPS);
        assert_eq!(demand_index_bps(&week(2_000, 0), 50), USUAL_BPS);
        assert_eq!(demand_index_bps(&[Day { wanted: None, expected: 1_000 }], 50), USUAL_BPS);
    }

    fn days() -> impl Strategy<Value = Vec<Day>> {
        let day = (proptest::option::of(-5_i64..i64::MAX), -5_i64..i64::MAX);
        proptest::collection::vec(day.prop_map(|(wanted, expected)| Day { wanted, expected }), 0..20)
    }

    proptest! {
        #[test]
        fn between_none_and_ten_times_and_on_the_side_of_what_came(days in days(), orders: u32) {
            let index = demand_index_bps(&days, orders);
            prop_assert!(index <= 100_000);
            let recent = &days[days.len().saturating_sub(7)..];
            let known = recent.iter().filter_map(|day| Some((day.wanted?.max(0), day.expected.max(0))));
            let (more, less) = known.fold((true, true), |(more, less), (wanted, expected)| {
                (more && wanted >= expected, less && wanted <= expected)
            });
            prop_assert!(!more || index >= USUAL_BPS);
            prop_assert!(!less || index <= USUAL_BPS);
        }

        #[test]
        fn more_wanted_is_never_a_lower_index(days in days(), orders: u32, more in 0_i64..1_000_000_000) {
            let with_more: Vec<_> = days
                .iter()
                .map(|day| Day { wanted: day.wanted.map(|wanted| wanted.saturating_add(more)), ..*day })
                .collect();
            prop_assert!(demand_index_bps(&with_more, orders) >= demand_index_bps(&days, orders));
        }
    }
}
