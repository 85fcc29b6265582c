//! Days that are unlike others: holidays, the single working days between days off, paydays, the weeks of leave.

use chrono::{Datelike, NaiveDate, Weekday};
use serde::{Deserialize, Serialize};

use super::holidays::{Holiday, holiday_on};

/// What makes a day unlike others of its weekday.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Special {
    /// A holiday.
    Holiday(Holiday),
    /// A single working day between two days off (klämdag).
    Bridge,
    /// When wages come: the 25th, or the last working day before it.
    Payday,
    /// One of the weeks when industry is on leave, ISO weeks 28 to 31 (industrisemester).
    IndustryLeave,
}

/// Whether most people are off: Saturday, Sunday or a holiday.
pub fn is_day_off(day: NaiveDate) -> bool {
    matches!(day.weekday(), Weekday::Sat | Weekday::Sun) || holiday_on(day).is_some()
}

/// What makes that day special; the strongest alone where it is several: a holiday, a bridge, a payday, leave.
pub fn special_on(day: NaiveDate) -> Option<Special> {
    if let Some(holiday) = holiday_on(day) {
        return Some(Special::Holiday(holiday));
    }
    if is_bridge(day) {
        return Some(Special::Bridge);
    }
    if is_payday(day) {
        return Some(Special::Payday);
    }
    (28..=31).contains(&day.iso_week().week()).then_some(Special::IndustryLeave)
}

fn is_bridge(day: NaiveDate) -> bool {
    let off = |day: Option<NaiveDate>| day.is_some_and(is_day_off);
    !is_day_off(day) && off(day.pred_opt()) && off(day.succ_opt())
}

/// In December the 25th is a holiday itself, so that wages come before Christmas.
fn is_payday(day: NaiveDate) -> bool {
    let Some(mut payday) = day.with_day(25) else { return false };
    while is_day_off(payday) {
        let Some(before) = payday.pred_opt() else { return false };
        payday = before;
    }
    day == payday
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days_of(year: i32, special: Special) -> Vec<(u32, u32)> {
        let first = NaiveDate::from_ymd_opt(year, 1, 1).unwrap();
        let days = first.iter_days().take_while(|day| day.year() == year);
        days.filter(|day| special_on(*day) == Some(special)).map(|day| (day.month(), day.day())).collect()
    }

    #[test]
    fn bridges_are_the_single_working_days_between_days_off() {
        assert_eq!(days_of(2024, Special::Bridge), [(5, 10), (6, 7), (12, 23), (12, 27), (12, 30)]);
        assert_eq!(days_of(2025, Special::Bridge), [(5, 2), (5, 30)]);
        assert_eq!(days_of(2026, Special::Bridge), [(1, 2), (1, 5), (5, 15)]);
        assert_eq!(days_of(2027, Special::Bridge), [(5, 7)]);
    }

    #[test]
    fn wages_come_on_the_25th_or_the_working_day_before() {
        let paydays = [
            (1, 23), // Sunday 25th
            (2, 25),
            (3, 25),
            (4, 24), // Saturday 25th
            (5, 25),
            (6, 25),
            (7, 24), // Saturday 25th
            (8, 25),
            (9, 25),
            (10, 23), // Sunday 25th
            (11, 25),
            (12, 23), // Christmas
        ];
        let of_2026: Vec<_> = {
            let first = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
            let days = first.iter_days().take_while(|day| day.year() == 2026);
            days.filter(|day| is_payday(*day)).map(|day| (day.month(), day.day())).collect()
        };
        assert_eq!(of_2026, paydays);
    }

    #[test]
    fn leave_is_four_weeks_but_for_its_payday() {
        let leave = days_of(2026, Special::IndustryLeave);
        assert_eq!(leave.first(), Some(&(7, 6)));
        assert_eq!(leave.last(), Some(&(8, 2)));
        assert_eq!(leave.len(), 27);
    }
}
