//! How much: thousandths of the product's unit.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// The largest quantity of one line: a million units.
pub const QUANTITY_MAX: Quantity = Quantity(1_000_000_000);

/// An amount of goods in thousandths of the product's unit (2.5 kg is 2500).
///
/// In events it is that integer; towards clients a decimal string ([`decimal`]).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Quantity(pub i64);

/// Why a text is no quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidQuantity {
    /// Not digits with an optional point.
    #[error("must be a decimal number such as 2.5")]
    NotANumber,
    /// More than thousandths.
    #[error("must have at most 3 decimals")]
    TooManyDecimals,
    /// Beyond what a line may hold.
    #[error("must be between -1000000 and 1000000")]
    OutOfRange,
}

impl Quantity {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// So many whole units.
    pub const fn units(count: i64) -> Self {
        Self(count * 1000)
    }

    /// True for anything above zero.
    pub fn is_positive(self) -> bool {
        self.0 > 0
    }
}

impl std::ops::Add for Quantity {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl std::ops::Sub for Quantity {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl std::iter::Sum for Quantity {
    fn sum<I: Iterator<Item = Self>>(quantities: I) -> Self {
        quantities.fold(Self::ZERO, |sum, quantity| sum + quantity)
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, thousandths) = (self.0.unsigned_abs() / 1000, self.0.unsigned_abs() % 1000);
        if thousandths == 0 {
            return write!(f, "{sign}{whole}");
        }
        let fraction = format!("{thousandths:03}");
        write!(f, "{sign}{whole}.{}", fraction.trim_end_matches('0'))
    }
}

impl FromStr for Quantity {
    type Err = InvalidQuantity;

    fn from_str(text: &str) -> Result<Self, InvalidQuantity> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let point_without_digits = digits.contains('.') && fraction.is_empty();
        if whole.is_empty() || point_without_digits || !is_digits(whole) || !is_digits(fraction) {
            return Err(InvalidQuantity::NotANumber);
        }
        let fraction = fraction.trim_end_matches('0');
        if fraction.len() > 3 {
            return Err(InvalidQuantity::TooManyDecimals);
        }
        let whole: i64 = whole.parse().map_err(|_| InvalidQuantity::OutOfRange)?;
        let thousandths: i64 = format!("{fraction:0<3}").parse().expect("three digits are a number");
        let size = whole.checked_mul(1000).and_then(|whole| whole.checked_add(thousandths));
        match size {
            Some(size) if size <= QUANTITY_MAX.0 => Ok(Self(if negative { -size } else { size })),
            _ => Err(InvalidQuantity::OutOfRange),
        }
    }
}

/// Serde as clients see quantities: a decimal string without trailing zeros.
pub mod decimal {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use super::Quantity;

    #[expect(missing_docs, reason = "serde's shape")]
    pub fn serialize<S: Serializer>(quantity: &Quantity, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(quantity)
    }

    #[expect(missing_docs, reason = "serde's shape")]
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Quantity, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }

    /// The same for a quantity that may be absent.
    pub mod option {
        use super::{Deserialize, Deserializer, Error, Quantity, Serializer};

        #[expect(missing_docs, reason = "serde's shape")]
        pub fn serialize<S: Serializer>(quantity: &Option<Quantity>, to: S) -> Result<S::Ok, S::Error> {
            match quantity {
                Some(quantity) => to.collect_str(quantity),
                None => to.serialize_none(),
            }
        }

        #[expect(missing_docs, reason = "serde's shape")]
        pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Quantity>, D::Error> {
            let text = Option::<String>::deserialize(from)?;
            text.map(|text| text.parse().map_err(D::Error::custom)).transpose()
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn decimals_are_read_and_shown_without_trailing_zeros() {
        for (text, thousandths, shown) in [
            ("3", 3000, "3"),
            ("2.5", 2500, "2.5"),
            ("0.001", 1, "0.001"),
            ("1.2000", 1200, "1.2"),
            ("-4", -4000, "-4"),
        ] {
            let quantity: Quantity = text.parse().unwrap();
            assert_eq!((quantity.0, quantity.to_string()), (thousandths, shown.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_no_quantity_is_refused_by_name() {
        for text in ["", ".", "1.", ".5", "1e3", "+1", " 1", "1,5", "0x1", "٣", "--1", "1.2.3"] {
            assert_eq!(text.parse::<Quantity>(), Err(InvalidQuantity::NotANumber), "{text}");
        }
        assert_eq!("1.0001".parse::<Quantity>(), Err(InvalidQuantity::TooManyDecimals));
        for text in ["1000000.001", "99999999999999999999", "9223372036854775807"] {
            assert_eq!(text.parse::<Quantity>(), Err(InvalidQuantity::OutOfRange), "{text}");
        }
    }

    proptest! {
        #[test]
        fn shown_and_read_again_is_the_same(thousandths in -QUANTITY_MAX.0..=QUANTITY_MAX.0) {
            let quantity = Quantity(thousandths);
            prop_assert_eq!(quantity.to_string().parse(), Ok(quantity));
        }
    }
}
