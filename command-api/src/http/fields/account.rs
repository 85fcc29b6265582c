//! Accounts that money is paid to, each with its check digits.

use deserr::{Deserr, IntoValue, Value, ValuePointerRef};
use iban::IbanLike as _;
use invoicing::checksum;
use platform::body::{Faults, Invalid, from_string};
use serde::Serialize;
use utoipa::openapi::{ObjectBuilder, Type};

use super::schema;

/// A bankgiro number, kept as its 7 or 8 digits.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub(crate) struct Bankgiro(String);

/// A plusgiro number, kept as its 2 to 8 digits.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub(crate) struct Plusgiro(String);

/// An international account number, kept without its spaces.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub(crate) struct Iban(String);

impl Bankgiro {
    fn parse(text: &str) -> Result<Self, Invalid> {
        let number = compact(text).filter(|number| checksum::is_bankgiro(number)).map(Self);
        let message = "Must be 7 or 8 digits with a right check digit, such as 999-1233.";
        number.ok_or_else(|| Invalid::new("invalid_bankgiro", message))
    }

    pub(crate) fn into_string(self) -> String {
        self.0
    }
}

impl Plusgiro {
    fn parse(text: &str) -> Result<Self, Invalid> {
        let number = compact(text).filter(|number| checksum::is_plusgiro(number)).map(Self);
        let message = "Must be 2 to 8 digits with a right check digit, such as 90 00 00-1.";
        number.ok_or_else(|| Invalid::new("invalid_plusgiro", message))
    }

    pub(crate) fn into_string(self) -> String {
        self.0
    }
}

impl Iban {
    fn parse(text: &str) -> Result<Self, Invalid> {
        // ISO 13616-1: the form that its country has registered, and the check digits mod 97.
        let number = text.trim().parse::<iban::Iban>();
        let message = "Must be an IBAN with right check digits, such as SE35 5000 0000 0549 1000 0003.";
        let invalid = |_| Invalid::new("invalid_iban", message);
        number.map(|number| Self(number.electronic_str().to_owned())).map_err(invalid)
    }

    pub(crate) fn into_string(self) -> String {
        self.0
    }
}

/// The digits, if nothing but the separators that people write stands between them.
fn compact(text: &str) -> Option<String> {
    let is_written_so = text.trim().bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b' ' | b'-'));
    is_written_so.then(|| checksum::digits(text))
}

impl Deserr<Faults> for Bankgiro {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        at: ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        from_string(value, at, Self::parse)
    }
}

impl Deserr<Faults> for Plusgiro {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        at: ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        from_string(value, at, Self::parse)
    }
}

impl Deserr<Faults> for Iban {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        at: ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        from_string(value, at, Self::parse)
    }
}

schema!(Bankgiro, "Bankgiro", ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[0-9 -]{7,}$")));
schema!(Plusgiro, "Plusgiro", ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[0-9 -]{2,}$")));
schema!(Iban, "Iban", ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[A-Z0-9 ]{15,42}$")));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_kept_without_their_separators() {
        assert_eq!(Bankgiro::parse(" 999-1233 ").unwrap().into_string(), "9991233");
        assert_eq!(Plusgiro::parse("90 00 00-1").unwrap().into_string(), "9000001");
        let iban = Iban::parse("SE35 5000 0000 0549 1000 0003").unwrap();
        assert_eq!(iban.into_string(), "SE3550000000054910000003");
    }

    #[test]
    fn a_wrong_check_digit_length_or_sign_is_refused() {
        for wrong in ["999-1234", "123455", "999-1233 x", "", "9991233001"] {
            assert_eq!(Bankgiro::parse(wrong).unwrap_err().code, "invalid_bankgiro", "{wrong}");
        }
        for wrong in ["90 00 00-2", "7", "９０-1"] {
            assert_eq!(Plusgiro::parse(wrong).unwrap_err().code, "invalid_plusgiro", "{wrong}");
        }
        for wrong in ["SE36 5000 0000 0549 1000 0003", "SE35 5000", "", "5555555555"] {
            assert_eq!(Iban::parse(wrong).unwrap_err().code, "invalid_iban", "{wrong}");
        }
    }
}
