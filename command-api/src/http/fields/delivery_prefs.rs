//! How a restaurant wants its deliveries, in its own words.

use deserr::{Deserr, IntoValue, Value, ValueKind, ValuePointerRef};
use platform::body::{Faults, Invalid};
use serde::Serialize;
use utoipa::openapi::{ObjectBuilder, Type};

use super::{schema, wrong_kind};

const BYTES_MAX: usize = 8 * 1024;
const DEPTH_MAX: usize = 8;

/// A JSON object of at most 8 KiB and 8 levels, without decimal numbers: events hold none, for their hash
/// must come out the same in every language.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub(crate) struct DeliveryPrefs(serde_json::Value);

impl DeliveryPrefs {
    pub(crate) fn into_value(self) -> serde_json::Value {
        self.0
    }
}

impl Deserr<Faults> for DeliveryPrefs {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        at: ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        if value.kind() != ValueKind::Map {
            return Err(wrong_kind(value, &[ValueKind::Map], at));
        }
        let prefs = serde_json::Value::from(value);
        check(&prefs).map_err(|invalid| Faults::one(invalid, at))?;
        Ok(Self(prefs))
    }
}

fn check(prefs: &serde_json::Value) -> Result<(), Invalid> {
    if depth(prefs) > DEPTH_MAX {
        return Err(Invalid::new("too_deep", format!("Must not nest deeper than {DEPTH_MAX} levels.")));
    }
    if prefs.to_string().len() > BYTES_MAX {
        return Err(Invalid::new("too_long", format!("Must have at most {BYTES_MAX} bytes.")));
    }
    if has_envelope(prefs) {
        return Err(Invalid::new(
            "reserved_members",
            "Must not hold objects with the members subject and sealed or plain.",
        ));
    }
    if has_decimal(prefs) {
        return Err(Invalid::new("decimal_number", "Must not hold decimal numbers; write them as strings."));
    }
    Ok(())
}

// Both recursions end: the body's reader refuses what nests deeper than 128 levels.
fn depth(value: &serde_json::Value) -> usize {
    match value {
        serde_json::Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        serde_json::Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

/// An object in the form in which texts about people are kept: what answers open must not come from a client.
fn has_envelope(value: &serde_json::Value) -> bool {
    match value {
        serde_json::Value::Array(items) => items.iter().any(has_envelope),
        serde_json::Value::Object(members) => {
            let is_one = ["sealed", "plain"].iter().any(|name| members.contains_key(*name));
            (is_one && members.contains_key("subject")) || members.values().any(has_envelope)
        }
        _ => false,
    }
}

fn has_decimal(value: &serde_json::Value) -> bool {
    match value {
        serde_json::Value::Number(number) => number.is_f64(),
        serde_json::Value::Array(items) => items.iter().any(has_decimal),
        serde_json::Value::Object(members) => members.values().any(has_decimal),
        _ => false,
    }
}

schema!(
    DeliveryPrefs,
    "DeliveryPrefs",
    ObjectBuilder::new().schema_type(Type::Object).description(Some(
        "An object of the restaurant's own making: at most 8 KiB, 8 levels, no decimal numbers."
    ))
);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn code(prefs: serde_json::Value) -> Option<String> {
        let read: Result<DeliveryPrefs, Faults> = deserr::deserialize(prefs);
        read.err().map(|faults| faults.as_slice()[0].code.clone().into_owned())
    }

    #[test]
    fn bounds_are_held() {
        assert_eq!(code(json!({"days": ["mon", "thu"], "before": 10, "gate": null})), None);
        assert_eq!(code(json!([])).unwrap(), "wrong_type");
        assert_eq!(code(json!({"a": {"b": [1, 0.5]}})).unwrap(), "decimal_number");
        let envelope = json!({"sealed": "AbC", "subject": "0190a8f2-7c3e-7b1a-9f4d-1c2b3a4d5e01"});
        assert_eq!(code(json!({"a": [envelope]})).unwrap(), "reserved_members");
        assert_eq!(code(json!({"a": "x".repeat(BYTES_MAX)})).unwrap(), "too_long");
        let nested = |levels: usize| (0..levels).fold(json!(1), |inner, _| json!({"a": inner}));
        assert_eq!(code(nested(DEPTH_MAX)), None);
        assert_eq!(code(nested(DEPTH_MAX + 1)).unwrap(), "too_deep");
    }
}
