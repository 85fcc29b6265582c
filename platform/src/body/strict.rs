//! JSON with nothing left to chance: a key stands once, and no string holds NUL.

use std::fmt::{self, Write as _};

use serde::de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::faults::{FAULTS_MAX, Faults};
use crate::error::{ApiError, Fault};

/// Reads one JSON value out of `bytes`.
///
/// # Errors
/// 400 `invalid_json` for bytes that are not UTF-8 or not JSON, nest deeper than 128, or repeat a key.
pub(super) fn parse(bytes: &[u8]) -> Result<Value, ApiError> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = Strict.deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
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
struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
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
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(Self)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            let value = map.next_value_seed(Self)?;
            if members.insert(key, value).is_some() {
                return Err(de::Error::custom("a key stands twice in one object"));
            }
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_json_is_read_as_serde_json_reads_it() {
        let text = r#"{"a":[1,-2,2.5,true,null,"å"],"b":{"c":18446744073709551615}}"#;
        assert_eq!(parse(text.as_bytes()).unwrap(), serde_json::from_str::<Value>(text).unwrap());
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
    fn nul_is_found_wherever_it_hides() {
        let value = parse(br#"{"a":[{"b":"x\u0000"}],"ok":"y","k\u0000":1}"#).unwrap();
        let faults = nul_faults(&value).into_vec();
        let fields: Vec<_> = faults.iter().map(|fault| fault.field.as_str()).collect();
        assert_eq!(fields, ["a[0].b", ""]);
    }
}
