//! What is expected of one product from today on.

use chrono::NaiveDate;
use forecasting::{HORIZON_DAYS, LEVELS};

use super::known::Series;

/// A forecast as of today, which may be some days after its first.
pub(super) struct Outlook {
    /// Expected by day, from the forecast's first on; thousandths.
    mean: Vec<i64>,
    /// For each level, the sum's quantile over 1, 2 … days from today.
    pub(super) cumulative: Vec<Vec<i64>>,
}

impl Outlook {
    /// `None` where the forecast reaches no further than yesterday, or is none.
    ///
    /// Of a sum that begins today, what its run knew is the sum that began on its first day: what was expected of the
    /// days that passed is taken off, which leaves the spread of those days in it, so rather too much than too little.
    pub(super) fn of(series: &Series, first_day: NaiveDate, today: NaiveDate) -> Option<Self> {
        let passed = usize::try_from((today - first_day).num_days().max(0)).ok()?;
        let is_whole =
            series.mean.len() == HORIZON_DAYS && series.cumulative.len() == LEVELS.len() * HORIZON_DAYS;
        if !is_whole || passed >= HORIZON_DAYS {
            return None;
        }
        let expected: i64 = series.mean[..passed].iter().sum();
        let from_today = |sums: &[i64]| sums[passed..].iter().map(|sum| (sum - expected).max(0)).collect();
        let cumulative = series.cumulative.chunks_exact(HORIZON_DAYS).map(from_today).collect();
        Some(Self { mean: series.mean.clone(), cumulative })
    }

    /// What is usually used from that day to the day before `until`, each day as much; thousandths.
    pub(super) fn usual_use(&self, from: NaiveDate, until: NaiveDate) -> i64 {
        let days = (until - from).num_days().max(0);
        let horizon = i64::try_from(self.mean.len()).unwrap_or(1).max(1);
        self.mean.iter().sum::<i64>().saturating_mul(days) / horizon
    }
}

#[cfg(test)]
mod tests {
    use chrono::Days;

    use super::*;

    fn monday() -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 11, 16).unwrap()
    }

    /// Each weekday has its own demand, 1 to 7 units, which is certain.
    fn series() -> Series {
        let mean: Vec<i64> = (0_i64..).take(HORIZON_DAYS).map(|day| 1_000 * (day % 7 + 1)).collect();
        let sums = mean.iter().scan(0, |sum, day| {
            *sum += day;
            Some(*sum)
        });
        let sums: Vec<i64> = sums.collect();
        Series {
            supplier_id: uuid::Uuid::nil(),
            product_id: uuid::Uuid::nil(),
            class: "smooth".to_owned(),
            mean,
            cumulative: sums.repeat(LEVELS.len()),
        }
    }

    #[test]
    fn a_forecast_of_days_ago_speaks_of_the_days_from_today_on() {
        let outlook = Outlook::of(&series(), monday(), monday() + Days::new(2)).unwrap();
        assert_eq!(outlook.cumulative[0][..3], [3_000, 7_000, 12_000]);
        assert_eq!(outlook.cumulative[0].len(), 12);
        assert!(Outlook::of(&series(), monday(), monday() + Days::new(14)).is_none(), "it is over");
    }

    #[test]
    fn use_is_the_same_each_day_and_the_last_day_is_not_one_of_it() {
        let outlook = Outlook::of(&series(), monday(), monday()).unwrap();
        let last_saturday = monday() - Days::new(2);
        assert_eq!(outlook.usual_use(last_saturday, monday()), 8_000);
        assert_eq!(outlook.usual_use(monday(), monday()), 0);
    }
}
