//! Where something is: country and coordinates.

use deserr::{Deserr, IntoValue, Value, ValueKind, ValuePointerRef};
use platform::body::{Faults, Invalid, from_string};
use serde::Serialize;
use utoipa::openapi::{ObjectBuilder, Type};

use super::{schema, wrong_kind};

/// ISO 3166-1 alpha-2, every code assigned.
const COUNTRIES: &str = "\
AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ \
CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR \
GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP \
KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT \
MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW \
SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG \
UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW";

/// A country by its ISO 3166-1 alpha-2 code in capitals.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub(crate) struct Country(String);

impl Country {
    fn parse(text: &str) -> Result<Self, Invalid> {
        let is_code = text.len() == 2 && COUNTRIES.split(' ').any(|code| code == text);
        let unknown =
            || Invalid::new("unknown_country", "Must be an ISO 3166-1 code in capitals, such as SE.");
        is_code.then(|| Self(text.to_owned())).ok_or_else(unknown)
    }

    pub(crate) fn into_string(self) -> String {
        self.0
    }
}

impl Deserr<Faults> for Country {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        at: ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        from_string(value, at, Self::parse)
    }
}

/// Degrees from `-MAX` to `MAX`, kept as ten-millionths (about a centimetre): events hold no floats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct Degrees<const MAX: i32>(i64);

/// North of the equator.
pub(crate) type Latitude = Degrees<90>;
/// East of Greenwich.
pub(crate) type Longitude = Degrees<180>;

impl<const MAX: i32> Degrees<MAX> {
    pub(crate) fn e7(self) -> i64 {
        self.0
    }
}

impl<const MAX: i32> Deserr<Faults> for Degrees<MAX> {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        at: ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        #[expect(
            clippy::cast_precision_loss,
            reason = "integers beyond 2^53 are no degrees, however they round"
        )]
        let degrees = match value {
            Value::Integer(degrees) => degrees as f64,
            Value::NegativeInteger(degrees) => degrees as f64,
            Value::Float(degrees) => degrees,
            actual => return Err(wrong_kind(actual, &[ValueKind::Float], at)),
        };
        if degrees.abs() > f64::from(MAX) {
            let message = format!("Must be from -{MAX} to {MAX} degrees.");
            return Err(Faults::one(Invalid::new("out_of_range", message), at));
        }
        #[expect(clippy::cast_possible_truncation, reason = "at most 1.8 milliards, checked above")]
        Ok(Self((degrees * 1e7).round() as i64))
    }
}

schema!(
    Country,
    "Country",
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(COUNTRIES.split(' ')))
);
schema!(
    Latitude,
    "Latitude",
    ObjectBuilder::new().schema_type(Type::Number).minimum(Some(-90)).maximum(Some(90))
);
schema!(
    Longitude,
    "Longitude",
    ObjectBuilder::new().schema_type(Type::Number).minimum(Some(-180)).maximum(Some(180))
);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_country_of_the_standard_is_known() {
        assert_eq!(COUNTRIES.split(' ').count(), 249);
        assert!(Country::parse("SE").is_ok() && Country::parse("PK").is_ok());
        for bad in ["se", "SWE", "S", "", "ZZ", "D ", " S", "E A"] {
            assert_eq!(Country::parse(bad).unwrap_err().code, "unknown_country", "{bad:?}");
        }
    }

    #[test]
    fn degrees_are_kept_in_ten_millionths() {
        let read = |body| deserr::deserialize::<Latitude, serde_json::Value, Faults>(body);
        assert_eq!(read(json!(59.329_324_1)).unwrap().e7(), 593_293_241);
        assert_eq!(read(json!(-90)).unwrap().e7(), -900_000_000);
        assert_eq!(read(json!(90.000_000_1)).unwrap_err().as_slice()[0].code, "out_of_range");
        assert_eq!(read(json!(u64::MAX)).unwrap_err().as_slice()[0].code, "out_of_range");
        assert_eq!(read(json!("59.3")).unwrap_err().as_slice()[0].code, "wrong_type");
    }
}
