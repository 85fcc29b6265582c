//! Sweden's holidays, with the three eves that are none in law and closed all the same.

use chrono::{Datelike, Days, NaiveDate, Weekday};
use serde::{Deserialize, Serialize};

/// A holiday.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Holiday {
    /// Nyårsdagen, 1 January.
    NewYearsDay,
    /// Trettondedag jul, 6 January.
    Epiphany,
    /// Långfredagen, two days before Easter.
    GoodFriday,
    /// Påskdagen.
    EasterSunday,
    /// Annandag påsk.
    EasterMonday,
    /// Första maj.
    FirstOfMay,
    /// Kristi himmelsfärdsdag, the sixth Thursday after Easter.
    Ascension,
    /// Pingstdagen, the seventh Sunday after Easter.
    WhitSunday,
    /// Sveriges nationaldag, 6 June.
    NationalDay,
    /// Midsommarafton, the Friday from 19 to 25 June.
    MidsummerEve,
    /// Midsommardagen, the day after.
    MidsummerDay,
    /// Alla helgons dag, the Saturday from 31 October to 6 November.
    AllSaints,
    /// Julafton, 24 December.
    ChristmasEve,
    /// Juldagen.
    ChristmasDay,
    /// Annandag jul.
    BoxingDay,
    /// Nyårsafton, 31 December.
    NewYearsEve,
}

impl Holiday {
    /// All, in the order of the year.
    pub const ALL: [Self; 16] = [
        Self::NewYearsDay,
        Self::Epiphany,
        Self::GoodFriday,
        Self::EasterSunday,
        Self::EasterMonday,
        Self::FirstOfMay,
        Self::Ascension,
        Self::WhitSunday,
        Self::NationalDay,
        Self::MidsummerEve,
        Self::MidsummerDay,
        Self::AllSaints,
        Self::ChristmasEve,
        Self::ChristmasDay,
        Self::BoxingDay,
        Self::NewYearsEve,
    ];

    /// What it is called where it is kept.
    pub const fn swedish(self) -> &'static str {
        match self {
            Self::NewYearsDay => "nyårsdagen",
            Self::Epiphany => "trettondedag jul",
            Self::GoodFriday => "långfredagen",
            Self::EasterSunday => "påskdagen",
            Self::EasterMonday => "annandag påsk",
            Self::FirstOfMay => "första maj",
            Self::Ascension => "Kristi himmelsfärdsdag",
            Self::WhitSunday => "pingstdagen",
            Self::NationalDay => "nationaldagen",
            Self::MidsummerEve => "midsommarafton",
            Self::MidsummerDay => "midsommardagen",
            Self::AllSaints => "alla helgons dag",
            Self::ChristmasEve => "julafton",
            Self::ChristmasDay => "juldagen",
            Self::BoxingDay => "annandag jul",
            Self::NewYearsEve => "nyårsafton",
        }
    }

    /// The day it falls on in that year; `None` outside the years 1583 to 9999, which Easter is known for.
    ///
    /// # Source
    /// SFS 1989:253 (lag om allmänna helgdagar); the eves by custom.
    pub fn day_in(self, year: i32) -> Option<NaiveDate> {
        match self {
            Self::NewYearsDay => NaiveDate::from_ymd_opt(year, 1, 1),
            Self::Epiphany => NaiveDate::from_ymd_opt(year, 1, 6),
            Self::GoodFriday => easter(year)?.checked_sub_days(Days::new(2)),
            Self::EasterSunday => easter(year),
            Self::EasterMonday => easter(year)?.checked_add_days(Days::new(1)),
            Self::FirstOfMay => NaiveDate::from_ymd_opt(year, 5, 1),
            Self::Ascension => easter(year)?.checked_add_days(Days::new(39)),
            Self::WhitSunday => easter(year)?.checked_add_days(Days::new(49)),
            Self::NationalDay => NaiveDate::from_ymd_opt(year, 6, 6),
            Self::MidsummerEve => first_from(year, 6, 19, Weekday::Fri),
            Self::MidsummerDay => first_from(year, 6, 20, Weekday::Sat),
            Self::AllSaints => first_from(year, 10, 31, Weekday::Sat),
            Self::ChristmasEve => NaiveDate::from_ymd_opt(year, 12, 24),
            Self::ChristmasDay => NaiveDate::from_ymd_opt(year, 12, 25),
            Self::BoxingDay => NaiveDate::from_ymd_opt(year, 12, 26),
            Self::NewYearsEve => NaiveDate::from_ymd_opt(year, 12, 31),
        }
    }
}

/// The year's holidays by their day. Two may fall on one: Ascension on 1 May in 2008, Whit Sunday on 6 June in 2049.
pub fn holidays(year: i32) -> Vec<(NaiveDate, Holiday)> {
    let mut days: Vec<_> =
        Holiday::ALL.iter().filter_map(|&holiday| Some((holiday.day_in(year)?, holiday))).collect();
    days.sort_unstable();
    days
}

/// The holiday on that day: the first of [`Holiday::ALL`] where two fall on it.
pub fn holiday_on(day: NaiveDate) -> Option<Holiday> {
    Holiday::ALL.into_iter().find(|holiday| holiday.day_in(day.year()) == Some(day))
}

fn easter(year: i32) -> Option<NaiveDate> {
    let sunday = computus::gregorian(year).ok()?;
    NaiveDate::from_ymd_opt(sunday.year, sunday.month, sunday.day)
}

fn first_from(year: i32, month: u32, day: u32, weekday: Weekday) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(year, month, day)?.iter_days().find(|day| day.weekday() == weekday)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Month and day of the moving ones, from the almanac: Good Friday, Ascension, Whit Sunday, Midsummer Eve, All Saints.
    const ALMANAC: [(i32, [(u32, u32); 5]); 4] = [
        (2024, [(3, 29), (5, 9), (5, 19), (6, 21), (11, 2)]),
        (2025, [(4, 18), (5, 29), (6, 8), (6, 20), (11, 1)]),
        (2026, [(4, 3), (5, 14), (5, 24), (6, 19), (10, 31)]),
        (2027, [(3, 26), (5, 6), (5, 16), (6, 25), (11, 6)]),
    ];

    #[test]
    fn moving_holidays_fall_where_the_almanac_has_them() {
        let moving = [
            Holiday::GoodFriday,
            Holiday::Ascension,
            Holiday::WhitSunday,
            Holiday::MidsummerEve,
            Holiday::AllSaints,
        ];
        for (year, days) in ALMANAC {
            for (holiday, (month, day)) in moving.into_iter().zip(days) {
                assert_eq!(
                    holiday.day_in(year),
                    NaiveDate::from_ymd_opt(year, month, day),
                    "{holiday:?} {year}"
                );
            }
            let easter = Holiday::GoodFriday.day_in(year).unwrap() + Days::new(2);
            assert_eq!(Holiday::EasterSunday.day_in(year), Some(easter));
            assert_eq!(Holiday::EasterMonday.day_in(year), Some(easter + Days::new(1)));
            let eve = Holiday::MidsummerEve.day_in(year).unwrap();
            assert_eq!(Holiday::MidsummerDay.day_in(year), Some(eve + Days::new(1)));
        }
    }

    #[test]
    fn a_year_has_its_sixteen_in_order() {
        for year in 2024..=2027 {
            let days = holidays(year);
            assert_eq!(days.iter().map(|(_, holiday)| *holiday).collect::<Vec<_>>(), by_day(year));
            assert!(days.is_sorted_by_key(|(day, _)| *day));
            assert!(days.iter().all(|(day, holiday)| holiday_on(*day) == Some(*holiday)));
        }
    }

    /// Whit Sunday comes after the national day in 2025 alone of these years.
    fn by_day(year: i32) -> Vec<Holiday> {
        let mut all = Holiday::ALL.to_vec();
        if year == 2025 {
            all.swap(7, 8);
        }
        all
    }

    #[test]
    fn fixed_holidays_are_fixed() {
        let days = [(1, 1), (1, 6), (5, 1), (6, 6), (12, 24), (12, 25), (12, 26), (12, 31)];
        for (month, day) in days {
            assert!(
                holiday_on(NaiveDate::from_ymd_opt(2026, month, day).unwrap()).is_some(),
                "{month}-{day}"
            );
        }
        assert_eq!(holiday_on(NaiveDate::from_ymd_opt(2026, 2, 17).unwrap()), None);
    }

    #[test]
    fn two_on_one_day_are_one_day() {
        let day = NaiveDate::from_ymd_opt(2008, 5, 1).unwrap();
        assert_eq!(Holiday::Ascension.day_in(2008), Some(day));
        assert_eq!(holiday_on(day), Some(Holiday::FirstOfMay));
    }
}
