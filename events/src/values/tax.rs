//! VAT rates, and the dated table that turns a tax category into one.

use std::{fmt, str::FromStr};

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::UnknownName;

/// A rate in basis points: 12 % is 1200. Never above 100 %.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TaxRate(i32);

/// A rate outside 0 to 100 per cent or finer than a hundredth of a per cent.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("tax rate must be between 0 and 100 per cent with at most 2 decimals")]
pub struct InvalidTaxRate;

impl TaxRate {
    /// From basis points, 0 to 10 000.
    pub fn try_new(basis_points: i32) -> Result<Self, InvalidTaxRate> {
        if (0..=10_000).contains(&basis_points) { Ok(Self(basis_points)) } else { Err(InvalidTaxRate) }
    }

    /// The rate in basis points.
    pub fn basis_points(self) -> i32 {
        self.0
    }
}

impl FromStr for TaxRate {
    type Err = InvalidTaxRate;

    /// From per cent as a decimal text: `12`, `12.5`.
    fn from_str(per_cent: &str) -> Result<Self, InvalidTaxRate> {
        let thousandths = per_cent.parse::<super::Quantity>().map_err(|_| InvalidTaxRate)?.0;
        if thousandths % 10 != 0 {
            return Err(InvalidTaxRate);
        }
        i32::try_from(thousandths / 10).map_err(|_| InvalidTaxRate).and_then(Self::try_new)
    }
}

impl fmt::Display for TaxRate {
    /// Per cent, without trailing zeros.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        super::Quantity(i64::from(self.0) * 10).fmt(f)
    }
}

/// What the law calls the goods; its rate depends on the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TaxCategory {
    /// Everything without a rule of its own, alcohol included.
    Standard,
    /// Food and soft drinks.
    Food,
    /// Books, passenger transport.
    Reduced,
    /// Exempt and zero-rated.
    Zero,
}

impl FromStr for TaxCategory {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        Ok(match name {
            "standard" => Self::Standard,
            "food" => Self::Food,
            "reduced" => Self::Reduced,
            "zero" => Self::Zero,
            _ => return Err(UnknownName("standard, food, reduced, zero")),
        })
    }
}

impl TaxCategory {
    /// The Swedish rate on that day.
    ///
    /// # Source
    /// Mervärdesskattelagen (2023:200) 9 kap.; Prop. 2025/26:55: food 6 % from 2026-04-01 to
    /// 2027-12-31, 12 % before and after.
    pub fn rate_on(self, day: NaiveDate) -> TaxRate {
        let date = |y, m, d| NaiveDate::from_ymd_opt(y, m, d).expect("a date of the calendar");
        let food_cut = (date(2026, 4, 1)..=date(2027, 12, 31)).contains(&day);
        TaxRate(match self {
            Self::Standard => 2500,
            Self::Food if food_cut => 600,
            Self::Food => 1200,
            Self::Reduced => 600,
            Self::Zero => 0,
        })
    }
}

/// How a product is taxed: by the law of the day, or by the rate its supplier stated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tax {
    /// Taken as given, whatever the day.
    Rate(TaxRate),
    /// Resolved by the tax point, the day of delivery.
    Category(TaxCategory),
}

impl Default for Tax {
    fn default() -> Self {
        Self::Category(TaxCategory::Standard)
    }
}

impl Tax {
    /// The rate on that day.
    pub fn rate_on(self, day: NaiveDate) -> TaxRate {
        match self {
            Self::Rate(rate) => rate,
            Self::Category(category) => category.rate_on(day),
        }
    }

    /// The category, if it is taxed by one.
    pub fn category(self) -> Option<TaxCategory> {
        match self {
            Self::Rate(_) => None,
            Self::Category(category) => Some(category),
        }
    }
}

/// The calendar day in Sweden at that moment: tax points and delivery days are local.
pub fn swedish_day(moment: DateTime<Utc>) -> NaiveDate {
    moment.with_timezone(&chrono_tz::Europe::Stockholm).date_naive()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn food_is_taxed_at_six_per_cent_exactly_while_the_cut_lasts() {
        for (on, rate) in
            [("2026-03-31", 1200), ("2026-04-01", 600), ("2027-12-31", 600), ("2028-01-01", 1200)]
        {
            assert_eq!(TaxCategory::Food.rate_on(day(on)).basis_points(), rate, "{on}");
        }
    }

    #[test]
    fn the_swedish_day_begins_before_midnight_utc() {
        assert_eq!(swedish_day("2026-03-31T22:30:00Z".parse().unwrap()), day("2026-04-01"));
        assert_eq!(swedish_day("2027-12-31T22:59:59Z".parse().unwrap()), day("2027-12-31"));
        assert_eq!(swedish_day("2027-12-31T23:00:00Z".parse().unwrap()), day("2028-01-01"));
    }

    #[test]
    fn a_rate_is_per_cent_with_at_most_two_decimals() {
        assert_eq!("12".parse::<TaxRate>().unwrap().basis_points(), 1200);
        assert_eq!("5.5".parse::<TaxRate>().unwrap().to_string(), "5.5");
        for text in ["-1", "100.01", "1.005", "x", ""] {
            assert_eq!(text.parse::<TaxRate>(), Err(InvalidTaxRate), "{text}");
        }
    }
}
