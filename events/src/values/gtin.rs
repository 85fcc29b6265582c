//! GTIN: the number under a barcode.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A GTIN-8, -12, -13 or -14 with a right check digit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, example = "7310865004703")]
pub struct Gtin(String);

/// Not 8, 12, 13 or 14 digits, or the last digit does not check.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("gtin must be 8, 12, 13 or 14 digits with a right check digit")]
pub struct InvalidGtin;

impl Gtin {
    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Gtin {
    type Err = InvalidGtin;

    /// # Source
    /// GS1 General Specifications, section 7.9: weights 3 and 1 alternate from the right.
    fn from_str(text: &str) -> Result<Self, InvalidGtin> {
        let length_ok = matches!(text.len(), 8 | 12 | 13 | 14);
        if !length_ok || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(InvalidGtin);
        }
        let sum: u32 = text
            .bytes()
            .rev()
            .enumerate()
            .map(|(place, byte)| u32::from(byte - b'0') * if place % 2 == 0 { 1 } else { 3 })
            .sum();
        if sum.is_multiple_of(10) { Ok(Self(text.to_owned())) } else { Err(InvalidGtin) }
    }
}

impl fmt::Display for Gtin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gtin_with_a_wrong_check_digit_is_refused() {
        assert!("7310865004703".parse::<Gtin>().is_ok());
        assert!("96385074".parse::<Gtin>().is_ok());
        assert_eq!("7310865004704".parse::<Gtin>(), Err(InvalidGtin));
        assert_eq!("731086500470".parse::<Gtin>(), Err(InvalidGtin));
        assert_eq!("".parse::<Gtin>(), Err(InvalidGtin));
        assert_eq!("７３１０８６５０".parse::<Gtin>(), Err(InvalidGtin));
    }
}
