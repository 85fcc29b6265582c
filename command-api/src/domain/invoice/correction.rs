//! What a correction changes: pure.

use invoicing::{Invoice, invoice::Source};
use serde_json::{Value, json};

/// The document as corrected, and the fields that differ from what was read: `lines[2].quantity`.
///
/// A field that says what it said keeps its source, its confidence and its place on the page; one that does not is
/// a person's word.
pub(super) fn corrected(read: Option<&Invoice>, wanted: &Invoice) -> (Invoice, Vec<String>) {
    let Some(read) = read else { return (wanted.clone(), vec!["document".to_owned()]) };
    let before = serde_json::to_value(read).expect("a document is JSON by its types");
    let mut after = serde_json::to_value(wanted).expect("a document is JSON by its types");
    let mut changed = Vec::new();
    merge(&before, &mut after, "", &mut changed);
    let merged = serde_json::from_value(after).expect("fields were exchanged for fields");
    (merged, changed)
}

fn merge(before: &Value, after: &mut Value, path: &str, changed: &mut Vec<String>) {
    if before == after {
        return;
    }
    if is_field(after) {
        let says_the_same = before.get("value").is_some_and(|value| Some(value) == after.get("value"));
        if says_the_same {
            *after = before.clone();
        } else {
            after["source"] = json!(Source::Person);
            after["confidence"] = json!(Source::Person.confidence_max());
            changed.push(path.to_owned());
        }
        return;
    }
    match after {
        Value::Object(fields) => {
            for (name, after) in fields {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                merge(before.get(name).unwrap_or(&Value::Null), after, &path, changed);
            }
        }
        Value::Array(items) => {
            let had = before.as_array().map_or(0, Vec::len);
            if items.len() != had {
                changed.push(path.to_owned());
            }
            for (at, after) in items.iter_mut().enumerate() {
                let before = before.get(at).unwrap_or(&Value::Null);
                merge(before, after, &format!("{path}[{at}]"), changed);
            }
        }
        _ => changed.push(path.to_owned()),
    }
}

/// A value with where it came from.
fn is_field(value: &Value) -> bool {
    ["value", "source", "confidence"].iter().all(|name| value.get(name).is_some())
}

#[cfg(test)]
mod tests {
    use invoicing::invoice::{Area, Evidence, Field};

    use super::*;

    fn read(number: &str, currency: &str) -> Invoice {
        let evidence = Some(Evidence { page: 1, area: Area { left: 1, top: 2, right: 3, bottom: 4 } });
        let field = |value: &str| {
            Some(Field { value: value.to_owned(), source: Source::Ocr, confidence: 400, evidence })
        };
        Invoice { number: field(number), currency: field(currency), ..Invoice::default() }
    }

    #[test]
    fn what_is_said_again_keeps_its_place_and_the_rest_is_a_persons_word() {
        let mut wanted = read("1005", "SEK");
        for text in [&mut wanted.number, &mut wanted.currency] {
            *text = text.take().map(|text| Field::xml(text.value));
        }
        let (merged, changed) = corrected(Some(&read("1O05", "SEK")), &wanted);
        assert_eq!(changed, ["number"]);
        let (number, currency) = (merged.number.expect("stated"), merged.currency.expect("stated"));
        assert_eq!((number.value.as_str(), number.source, number.confidence), ("1005", Source::Person, 1000));
        assert_eq!((currency.source, currency.confidence), (Source::Ocr, 400));
        assert!(currency.evidence.is_some());
    }
}
