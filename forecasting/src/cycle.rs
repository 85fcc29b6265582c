//! From what was delivered to what was used: an order lasts until the next delivery.

use chrono::{Datelike, NaiveDate};

/// Days of a week.
const WEEK: usize = 7;
/// Who is delivered to on so many days of the week has nothing to keep: days without are days without use.
const DAILY: u32 = 5;

/// When somebody usually has deliveries, of all that comes on the same van.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cycle {
    /// On as good as every day that is worked: what comes on a day is for that day.
    Daily,
    /// On these days of the week: bit 0 is Monday.
    Weekdays(u8),
    /// On no day in particular, every so many days.
    Every(usize),
}

impl Cycle {
    /// Of the days of deliveries, each once. A day of the week is a usual one if there was a delivery on it in half of the
    /// weeks that had any.
    pub fn usual(days: &[NaiveDate]) -> Self {
        let mut of_weekdays = [0_usize; WEEK];
        let mut weeks: Vec<NaiveDate> = Vec::with_capacity(days.len());
        for day in days {
            of_weekdays[weekday(*day)] += 1;
            weeks.push(day.week(chrono::Weekday::Mon).first_day());
        }
        weeks.sort_unstable();
        weeks.dedup();
        let is_usual = |place: &usize| of_weekdays[*place] > 0 && 2 * of_weekdays[*place] >= weeks.len();
        let usual = (0..WEEK).filter(is_usual).fold(0_u8, |bits, place| bits | 1 << place);
        match usual.count_ones() {
            DAILY.. => Self::Daily,
            0 => Self::Every((weeks.len() * WEEK).div_ceil(days.len().max(1)).clamp(1, WEEK)),
            _ => Self::Weekdays(usual),
        }
    }

    /// For how many days what comes on that day is.
    pub fn lasts(self, day: NaiveDate) -> usize {
        self.by_weekday()[weekday(day)]
    }

    /// The same of each day of the week, from Monday.
    pub fn by_weekday(self) -> [usize; WEEK] {
        std::array::from_fn(|place| self.lasts_from(place))
    }

    fn lasts_from(self, weekday: usize) -> usize {
        match self {
            Self::Daily => 1,
            Self::Every(days) => days,
            Self::Weekdays(bits) => {
                let next = (1..=WEEK).find(|ahead| bits & 1 << ((weekday + ahead) % WEEK) != 0);
                next.unwrap_or(WEEK)
            }
        }
    }

    /// What was used of what was delivered, day by day from `first` on: each delivery in equal parts over the days until
    /// the next usual one. Of a delivery that is not known (`NaN`) none of these days is known; what is for days after
    /// the last is left out.
    pub fn spread(self, first: NaiveDate, delivered: &[f64]) -> Vec<f64> {
        let lasts = self.by_weekday();
        let mut used = vec![0.0; delivered.len()];
        for (place, (day, quantity)) in first.iter_days().zip(delivered).enumerate() {
            if *quantity == 0.0 {
                continue;
            }
            let days = lasts[weekday(day)];
            #[expect(clippy::cast_precision_loss, reason = "a week at most")]
            let part = quantity / days as f64;
            used[place..].iter_mut().take(days).for_each(|one| *one += part);
        }
        used
    }
}

/// From 0 for Monday.
fn weekday(day: NaiveDate) -> usize {
    day.weekday().num_days_from_monday() as usize
}

#[cfg(test)]
mod tests {
    use chrono::Days;
    use proptest::prelude::*;

    use super::*;

    /// A Monday.
    fn monday() -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 11, 16).unwrap()
    }

    /// Weeks with deliveries on these weekdays, from 0 for Monday.
    fn weeks(weekdays: &[u64], count: u64) -> Vec<NaiveDate> {
        let days = (0..count).flat_map(|week| weekdays.iter().map(move |day| week * 7 + day));
        days.map(|day| monday() + Days::new(day)).collect()
    }

    #[test]
    fn a_delivery_is_used_until_the_next_usual_one() {
        let cycle = Cycle::usual(&weeks(&[1, 4], 8));
        assert_eq!(cycle, Cycle::Weekdays(0b1_0010));
        let lasts: Vec<usize> = monday().iter_days().take(7).map(|day| cycle.lasts(day)).collect();
        assert_eq!(lasts, [1, 3, 2, 1, 4, 3, 2]);
        let delivered = [0.0, 6.0, 0.0, 0.0, 8.0, 0.0, 0.0, 0.0, 3.0];
        let used = [0.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 1.0];
        assert_eq!(cycle.spread(monday(), &delivered), used, "of the last, two days are to come");
    }

    #[test]
    fn of_a_delivery_that_is_not_known_no_day_is() {
        let used = Cycle::Weekdays(0b1_0010).spread(monday(), &[0.0, f64::NAN, 0.0, 0.0, 4.0]);
        assert!(used[1..4].iter().all(|used| used.is_nan()), "{used:?}");
        assert_eq!((used[0], used[4]), (0.0, 1.0));
    }

    #[test]
    fn one_extra_delivery_makes_no_usual_day_and_a_van_a_day_is_no_cycle() {
        let mut days = weeks(&[1, 4], 8);
        days.push(monday() + Days::new(2));
        assert_eq!(Cycle::usual(&days), Cycle::Weekdays(0b1_0010));
        assert_eq!(Cycle::usual(&weeks(&[0, 1, 2, 3, 4], 8)), Cycle::Daily);
        assert_eq!(Cycle::usual(&weeks(&[0, 1, 2, 3, 4, 5], 8)), Cycle::Daily);
    }

    #[test]
    fn who_is_delivered_to_on_no_day_in_particular_has_a_mean_pause() {
        // Monday, Wednesday, Friday, Sunday, in turns.
        let days: Vec<NaiveDate> = (0..8).map(|week| monday() + Days::new(week * 7 + week * 2 % 7)).collect();
        assert_eq!(Cycle::usual(&days), Cycle::Every(7));
        assert_eq!(Cycle::usual(&[]), Cycle::Every(1), "of nothing nothing is spread");
    }

    proptest! {
        #[test]
        fn nothing_is_lost_on_the_way(
            offsets in prop::collection::btree_set(0_u64..100, 1..60),
            delivered in prop::collection::vec(0_u32..1_000, 1..100),
        ) {
            let days: Vec<NaiveDate> = offsets.iter().map(|ahead| monday() + Days::new(*ahead)).collect();
            let cycle = Cycle::usual(&days);
            prop_assert!(days.iter().all(|day| (1..=7).contains(&cycle.lasts(*day))));
            let mut delivered: Vec<f64> = delivered.into_iter().map(f64::from).collect();
            delivered.extend([0.0; 7]);
            let used = cycle.spread(monday(), &delivered);
            prop_assert!((used.iter().sum::<f64>() - delivered.iter().sum::<f64>()).abs() < 1e-6);
        }
    }
}
