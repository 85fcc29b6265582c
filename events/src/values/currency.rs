//! ISO 4217 currencies in use here, all with two decimals.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An ISO 4217 code; amounts beside it are integer hundredths (öre, cents, paisa).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema, JsonSchema)]
#[expect(missing_docs, reason = "the codes are their own documentation")]
pub enum Currency {
    #[default]
    SEK,
    CHF,
    CZK,
    DKK,
    EUR,
    GBP,
    NOK,
    PKR,
    PLN,
    USD,
}

/// The code is not one of the currencies that Iris trades in.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("currency must be one of SEK, CHF, CZK, DKK, EUR, GBP, NOK, PKR, PLN, USD")]
pub struct UnknownCurrency;

impl FromStr for Currency {
    type Err = UnknownCurrency;

    fn from_str(code: &str) -> Result<Self, UnknownCurrency> {
        Ok(match code {
            "SEK" => Self::SEK,
            "CHF" => Self::CHF,
            "CZK" => Self::CZK,
            "DKK" => Self::DKK,
            "EUR" => Self::EUR,
            "GBP" => Self::GBP,
            "NOK" => Self::NOK,
            "PKR" => Self::PKR,
            "PLN" => Self::PLN,
            "USD" => Self::USD,
            _ => return Err(UnknownCurrency),
        })
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
