//! Two fields of which one is meant.

use deserr::{Deserr, IntoValue, Value, ValuePointerRef};
use platform::body::{Faults, Invalid};

/// A body with two fields that exclude each other.
pub(crate) trait Alternatives {
    /// Their names, the usual one first.
    const FIELDS: [&'static str; 2];
    /// Whether one of them must be given.
    const ONE_IS_NEEDED: bool;
}

/// Such a body, read with its rule: told together with all other faults, not after them.
#[derive(Debug)]
pub(crate) struct OneOf<T>(pub(crate) T);

impl<T: Deserr<Faults> + Alternatives> Deserr<Faults> for OneOf<T> {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        at: ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        let body = serde_json::Value::from(value);
        let fault = rule_fault::<T>(&body, at);
        match (T::deserialize_from_value(body.into_value(), at), fault) {
            (Ok(body), None) => Ok(Self(body)),
            (Ok(_), Some(fault)) => Err(fault),
            (Err(faults), None) => Err(faults),
            (Err(mut faults), Some(fault)) => {
                faults.extend(fault);
                Err(faults)
            }
        }
    }
}

fn rule_fault<T: Alternatives>(body: &serde_json::Value, at: ValuePointerRef<'_>) -> Option<Faults> {
    let members = body.as_object()?;
    let [first, second] = T::FIELDS;
    let is_given = |field| members.get(field).is_some_and(|value| !value.is_null());
    let (code, place, message) = match (is_given(first), is_given(second)) {
        (true, true) => ("both_given", second, format!("Must not be given beside {first}.")),
        (false, false) if T::ONE_IS_NEEDED => {
            ("missing", first, format!("Is missing, and so is {second}: one is needed."))
        }
        _ => return None,
    };
    Some(Faults::one(Invalid::new(code, message), at.push_key(place)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Debug, Deserr)]
    #[deserr(error = Faults, deny_unknown_fields)]
    struct Weight {
        #[deserr(default)]
        kilos: Option<u8>,
        #[deserr(default)]
        pounds: Option<u8>,
    }

    impl Alternatives for Weight {
        const FIELDS: [&'static str; 2] = ["kilos", "pounds"];
        const ONE_IS_NEEDED: bool = true;
    }

    fn codes(body: serde_json::Value) -> Vec<String> {
        match deserr::deserialize::<OneOf<Weight>, _, Faults>(body) {
            Ok(OneOf(weight)) => vec![format!("{:?}", weight.kilos.or(weight.pounds))],
            Err(faults) => {
                faults.into_vec().into_iter().map(|fault| format!("{} {}", fault.field, fault.code)).collect()
            }
        }
    }

    #[test]
    fn exactly_one_is_taken() {
        assert_eq!(codes(json!({"pounds": 3})), ["Some(3)"]);
        assert_eq!(codes(json!({"kilos": null, "pounds": 3})), ["Some(3)"]);
        assert_eq!(codes(json!({"kilos": 1, "pounds": 3})), ["pounds both_given"]);
        assert_eq!(codes(json!({})), ["kilos missing"]);
    }

    #[test]
    fn the_rule_is_told_with_the_other_faults() {
        assert_eq!(codes(json!({"stones": 1})), ["stones unknown_field", "kilos missing"]);
        assert_eq!(codes(json!([])), [" wrong_type"]);
    }
}
