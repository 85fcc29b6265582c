//! How sealed texts stand in JSON: objects of exactly `sealed` and `subject`, in that order.
//!
//! They are found by their text and not by parsing: what a client wrote is always inside a JSON string, where
//! a quote is escaped, so these bytes cannot come from there; and the rest of an answer keeps its bytes.

use std::ops::Range;

use uuid::Uuid;

const BEGIN: &str = "{\"sealed\":\"";
const MIDDLE: &str = "\",\"subject\":\"";
const END: &str = "\"}";
const UUID_BYTES: usize = 36;

/// A sealed text, and where it stands.
#[derive(Debug, PartialEq, Eq)]
pub struct Envelope<'a> {
    /// The whole object.
    pub range: Range<usize>,
    /// Base64url.
    pub sealed: &'a str,
    /// Whose.
    pub subject: Uuid,
}

/// True where there may be any: one pass over the bytes, which is all that other answers pay.
pub fn may_hold(json: &str) -> bool {
    json.contains(BEGIN)
}

/// All of them, in order.
pub fn find(json: &str) -> Vec<Envelope<'_>> {
    let begins = json.match_indices(BEGIN);
    begins.filter_map(|(start, _)| envelope_at(json, start)).collect()
}

fn envelope_at(json: &str, start: usize) -> Option<Envelope<'_>> {
    let rest = &json[start + BEGIN.len()..];
    let (sealed, rest) = rest.split_once(MIDDLE)?;
    let is_base64url = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if sealed.is_empty() || !sealed.bytes().all(is_base64url) {
        return None;
    }
    let subject = rest.get(..UUID_BYTES)?.parse().ok()?;
    rest[UUID_BYTES..].starts_with(END).then_some(())?;
    let length = BEGIN.len() + sealed.len() + MIDDLE.len() + UUID_BYTES + END.len();
    Some(Envelope { range: start..start + length, sealed, subject })
}

/// The JSON with every envelope replaced: by its text as a JSON string, or by `null`.
pub fn replace<E>(
    json: &str,
    mut opened: impl FnMut(&Envelope<'_>) -> Result<Option<String>, E>,
) -> Result<String, E> {
    let mut replaced = String::with_capacity(json.len());
    let mut upto = 0;
    for envelope in find(json) {
        replaced.push_str(&json[upto..envelope.range.start]);
        replaced.push_str(&serde_json::Value::from(opened(&envelope)?).to_string());
        upto = envelope.range.end;
    }
    replaced.push_str(&json[upto..]);
    Ok(replaced)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SUBJECT: &str = "0190a8f2-7c3e-7b1a-9f4d-1c2b3a4d5e01";

    fn opened(json: &str) -> String {
        let open = |envelope: &Envelope<'_>| {
            Ok::<_, ()>((envelope.sealed != "gone").then(|| format!("\"{}\"", envelope.sealed)))
        };
        replace(json, open).unwrap()
    }

    #[test]
    fn envelopes_become_texts_or_null_and_the_rest_keeps_its_bytes() {
        let json = format!(
            "{{\"b\":{{\"sealed\":\"aA-_0\",\"subject\":\"{SUBJECT}\"}}, \"a\":[{{\"sealed\":\"gone\",\"subject\":\"{SUBJECT}\"}},1.0]}}"
        );
        assert_eq!(opened(&json), r#"{"b":"\"aA-_0\"", "a":[null,1.0]}"#);
    }

    #[test]
    fn what_a_client_wrote_is_never_an_envelope() {
        let inner = format!("{{\"sealed\":\"aaaa\",\"subject\":\"{SUBJECT}\"}}");
        for untouched in [
            json!({ "note": inner }).to_string(),
            json!({"sealed": "a b", "subject": SUBJECT}).to_string(),
            json!({"sealed": "", "subject": SUBJECT}).to_string(),
            json!({"sealed": "aaaa", "subject": "x"}).to_string(),
            json!({"sealed": "aaaa", "subject": SUBJECT, "third": 1}).to_string(),
            "{\"sealed\":\"".to_owned(),
        ] {
            assert_eq!(opened(&untouched), untouched);
        }
    }
}
