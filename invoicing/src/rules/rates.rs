//! Swedish VAT rates by day.

use chrono::NaiveDate;

/// What a rate depends on beside the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GoodsClass {
    /// All that nothing else applies to: spirits, wine, beer above 3.5 %, cleaning agents.
    Standard,
    /// Food and drink sold as goods.
    Food,
    /// Restaurant and catering services.
    Catering,
    /// Books, newspapers, passenger transport.
    Reduced,
    /// Free of VAT.
    Zero,
}

/// The rate in per cent on `tax_point`, which is the day of delivery.
///
/// # Source
/// Mervärdesskattelag (2023:200), 9 kap.; food is at 6 % from 1 April 2026 to 31 December 2027 and at
/// 12 % before and after.
pub fn swedish_rate(class: GoodsClass, tax_point: NaiveDate) -> u32 {
    match class {
        GoodsClass::Standard => 25,
        GoodsClass::Food if is_food_rate_cut(tax_point) => 6,
        GoodsClass::Food | GoodsClass::Catering => 12,
        GoodsClass::Reduced => 6,
        GoodsClass::Zero => 0,
    }
}

fn is_food_rate_cut(day: NaiveDate) -> bool {
    let from = NaiveDate::from_ymd_opt(2026, 4, 1).expect("a day of the calendar");
    let until = NaiveDate::from_ymd_opt(2028, 1, 1).expect("a day of the calendar");
    (from..until).contains(&day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn food_is_cheaper_for_twenty_one_months() {
        let rate = |year, month, day| {
            swedish_rate(GoodsClass::Food, NaiveDate::from_ymd_opt(year, month, day).unwrap())
        };
        assert_eq!([rate(2026, 3, 31), rate(2026, 4, 1)], [12, 6]);
        assert_eq!([rate(2027, 12, 31), rate(2028, 1, 1)], [6, 12]);
    }
}
