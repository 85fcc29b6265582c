//! Amounts in minor units, and the one way in which they are rounded.

use rust_decimal::{Decimal, RoundingStrategy, prelude::ToPrimitive};

/// An amount in minor units, rounded half away from zero to two places.
///
/// `None` when it does not fit 63 bits: no invoice is that large, so the caller refuses it.
///
/// # Source
/// EN 16931-1, 6.3.3: all amounts are rounded half up to two places.
pub fn minor(amount: Decimal) -> Option<i64> {
    let rounded = amount.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero);
    rounded.checked_mul(Decimal::ONE_HUNDRED)?.to_i64()
}

/// Minor units as the decimal that a document prints.
pub fn decimal(minor: i64) -> Decimal {
    Decimal::new(minor, 2)
}

/// Thousandths, which is what Iris counts quantities in, as a decimal.
pub fn from_thousandths(thousandths: i64) -> Decimal {
    Decimal::new(thousandths, 3)
}

/// A quantity in thousandths, rounded up: what is counted against a receipt is never counted short.
///
/// `None` when it does not fit.
pub fn thousandths(quantity: Decimal) -> Option<i64> {
    let rounded = quantity.round_dp_with_strategy(3, RoundingStrategy::AwayFromZero);
    rounded.checked_mul(Decimal::ONE_THOUSAND)?.to_i64()
}

/// `base` × `per_cent`, rounded half away from zero to minor units.
pub fn percentage_minor(base_minor: i64, per_cent: Decimal) -> Option<i64> {
    minor(decimal(base_minor).checked_mul(per_cent)?.checked_div(Decimal::ONE_HUNDRED)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_go_away_from_zero() {
        let amounts = ["0.005", "-0.005", "436.374", "436.375"].map(|text| text.parse().unwrap());
        assert_eq!(amounts.map(minor), [Some(1), Some(-1), Some(43_637), Some(43_638)]);
    }

    #[test]
    fn what_does_not_fit_is_none() {
        assert_eq!(minor(Decimal::MAX), None);
        assert_eq!(minor("92233720368547758.08".parse().unwrap()), None);
    }
}
