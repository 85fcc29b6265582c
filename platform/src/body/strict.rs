//! JSON with nothing left to chance: a key stands once, no string holds NUL, and neither depth nor number of values
//! is the sender's to choose.

use std::{
    cell::Cell,
    fmt::{self, Write as _},
};

use serde::de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::faults::{FAULTS_MAX, Faults};
use crate::error::{ApiError, Fault};

/// How deep lists and objects may stand in each other; the deepest body of ours has five.
const DEPTH_MAX: usize = 32;
/// Most values in one body, those in lists and objects counted. In memory the smallest take a hundred times what they
/// take as text: a body within the limit of its bytes could otherwise fill 100 MB. An invoice of 5,000 lines, the
/// largest that is taken, has 60,000.
const VALUES_MAX: usize = 100_000;

/// Reads one JSON value out of `bytes`.
///
/// # Errors
/// 400 `invalid_json` for bytes that are not UTF-8 or not JSON, nest deeper than 32, have more than 100,000 values, or
/// repeat a key.
pub(super) fn parse(bytes: &[u8]) -> Result<Value, ApiError> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let left = Cell::new(VALUES_MAX);
    let value = Strict { depth_left: DEPTH_MAX, values_left: &left }
        .deserialize(&mut reader)
        .and_then(|value| reader.end().map(|()| value));
    value.map_err(|error| {
        ApiError::bad_request("invalid_json", format!("The body is not valid JSON: {error}."))
    })
}

/// Faults for every string or key with a NUL in it.
///
/// Postgres can store NUL neither in text nor in jsonb: let through, it would come back as a 500.
pub(super) fn nul_faults(value: &Value) -> Faults {
    let mut faults = Faults::default();
    seek_nul(value, &mut String::new(), &mut faults);
    faults
}

fn seek_nul(value: &Value, path: &mut String, faults: &mut Faults) {
    if faults.as_slice().len() == FAULTS_MAX {
        return;
    }
    let before = path.len();
    match value {
        Value::String(text) if text.contains('\0') => faults.push(nul_fault(path)),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let _ = write!(path, "[{index}]");
                seek_nul(item, path, faults);
                path.truncate(before);
            }
        }
        Value::Object(members) => {
            for (key, member) in members {
                if key.contains('\0') {
                    faults.push(nul_fault(path));
                    continue;
                }
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(key);
                seek_nul(member, path, faults);
                path.truncate(before);
            }
        }
        _ => {}
    }
}

pub(super) fn nul_fault(field: &str) -> Fault {
    Fault::new(field, "control_character", "Must not contain the NUL character.")
}

/// Builds a `serde_json::Value`, refusing repeated keys: two readers could take different ones.
#[derive(Clone, Copy)]
struct Strict<'a> {
    depth_left: usize,
    values_left: &'a Cell<usize>,
}

impl Strict<'_> {
    /// The same, one step further in.
    fn inside<E: de::Error>(self) -> Result<Self, E> {
        let depth_left = self.depth_left.checked_sub(1);
        let depth_left = depth_left.ok_or_else(|| E::custom(format!("deeper than {DEPTH_MAX}")))?;
        Ok(Self { depth_left, ..self })
    }

    fn count<E: de::Error>(self) -> Result<(), E> {
        let left = self.values_left.get().checked_sub(1);
        self.values_left.set(left.ok_or_else(|| E::custom(format!("more than {VALUES_MAX} values")))?);
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.count()?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let inside = self.inside()?;
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(inside)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let inside = self.inside()?;
        let mut members = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            let value = map.next_value_seed(inside)?;
            if members.insert(key, value).is_some() {
                return Err(de::Error::custom("a key stands twice in one object"));
            }
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn plain_json_is_read_as_serde_json_reads_it() {
        let text = r#"{"a":[1,-2,2.5,true,null,"å"],"b":{"c":18446744073709551615}}"#;
        assert_eq!(parse(text.as_bytes()).unwrap(), serde_json::from_str::<Value>(text).unwrap());
    }

    #[test]
    fn a_number_is_read_as_the_nearest_and_shown_as_it_was_sent() {
        for text in ["6.3e63", "1.7976931348623157e308", "5e-324", "123456789012345680000.0"] {
            let value = parse(text.as_bytes()).unwrap();
            assert_eq!(value.as_f64().unwrap().to_bits(), text.parse::<f64>().unwrap().to_bits(), "{text}");
            assert_eq!(parse(value.to_string().as_bytes()).unwrap(), value, "{text}");
        }
        assert_eq!(parse(b"6.3e63").unwrap().to_string(), "6.3e+63");
    }

    #[test]
    fn what_is_not_json_is_refused() {
        let deep = "[".repeat(100_000);
        let bad: [&[u8]; 8] = [
            b"",
            b"{",
            b"{} {}",
            b"{\"a\":1,\"a\":2}",
            b"{\"a\":{\"b\":1,\"b\":1}}",
            b"\"\xff\"",
            b"1e999",
            deep.as_bytes(),
        ];
        for bytes in bad {
            let error = parse(bytes).unwrap_err();
            assert_eq!((error.kind().status().as_u16(), error.code()), (400, "invalid_json"));
        }
    }

    #[test]
    fn depth_and_number_of_values_are_bounded() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse(nested(DEPTH_MAX).as_bytes()).is_ok());
        let error = parse(nested(DEPTH_MAX + 1).as_bytes()).unwrap_err();
        assert!(error.message().contains("deeper than 32"), "{}", error.message());
        let objects = r#"{"a":"#.repeat(DEPTH_MAX + 1) + "1" + &"}".repeat(DEPTH_MAX + 1);
        assert!(parse(objects.as_bytes()).is_err());

        let list = |values: usize| format!("[{}]", vec!["{}"; values].join(","));
        assert!(parse(list(VALUES_MAX - 1).as_bytes()).is_ok());
        let error = parse(list(VALUES_MAX).as_bytes()).unwrap_err();
        assert_eq!((error.code(), error.kind().status().as_u16()), ("invalid_json", 400));
        assert!(error.message().contains("more than 100000 values"), "{}", error.message());
    }

    #[test]
    fn nul_is_found_wherever_it_hides() {
        let value = parse(br#"{"a":[{"b":"x\u0000"}],"ok":"y","k\u0000":1}"#).unwrap();
        let faults = nul_faults(&value).into_vec();
        let fields: Vec<_> = faults.iter().map(|fault| fault.field.as_str()).collect();
        assert_eq!(fields, ["a[0].b", ""]);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            if let Err(error) = parse(&bytes) {
                prop_assert_eq!((error.kind().status().as_u16(), error.code()), (400, "invalid_json"));
            }
        }

        /// What is taken is what every other reader takes it for, and no string in it stays with a NUL unseen.
        #[test]
        fn what_is_read_is_what_serde_json_reads(text in r#"([\[\]{},: ]|"[a-c]{0,2}"|"\\u0000"|[0-9]{1,4}|-?[0-9]\.[0-9]e[0-9]|true|null){0,24}"#) {
            if let Ok(value) = parse(text.as_bytes()) {
                prop_assert_eq!(&value, &serde_json::from_str::<Value>(&text).unwrap());
                prop_assert_eq!(&parse(value.to_string().as_bytes()).unwrap(), &value);
                let has_nul = text.contains("u0000");
                prop_assert_eq!(!nul_faults(&value).as_slice().is_empty(), has_nul);
            }
        }

        #[test]
        fn no_depth_overflows(depth in prop_oneof![0..2 * DEPTH_MAX, 0..5_000_usize], brackets in prop::bool::ANY) {
            let open = if brackets { "[" } else { "{\"a\":" };
            let close = if brackets { "]" } else { "}" };
            let text = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            prop_assert_eq!(parse(text.as_bytes()).is_ok(), depth <= DEPTH_MAX);
        }
    }
}
