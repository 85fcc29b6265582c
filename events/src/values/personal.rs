//! The one door through which names, e-mails and phones of people enter events.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};
use uuid::Uuid;

/// Format 1, the nil key, and nothing: 45 bytes in base64url.
const UNDER_NO_KEY: &str = "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// A text about a person, and whose it is.
///
/// Every event field that can hold a person's name, e-mail or phone has this type. It comes in plain, is
/// sealed under its subject's key before it is decided on, and stays so: equal texts of one subject are equal
/// sealed, so that a decision can tell whether something changed without seeing it. Events of before there
/// were keys hold it plain. `Debug` shows neither.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Recorded", try_from = "Recorded")]
pub struct Personal {
    /// The account or organisation that it is about.
    pub subject: Uuid,
    text: Text,
}

#[derive(Clone, PartialEq, Eq)]
enum Text {
    Plain(String),
    Sealed(String),
}

/// As events have it: `{"sealed":…,"subject":…}`, or of old `{"plain":…,"subject":…}`.
#[derive(Serialize, Deserialize)]
struct Recorded {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    plain: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sealed: Option<String>,
    subject: Uuid,
}

impl Personal {
    /// A text about `subject`, as somebody said it.
    pub fn new(subject: impl Into<Uuid>, plain: impl Into<String>) -> Self {
        Self { subject: subject.into(), text: Text::Plain(plain.into()) }
    }

    /// The text, as long as it is not sealed.
    pub fn plain(&self) -> Option<&str> {
        match &self.text {
            Text::Plain(plain) => Some(plain),
            Text::Sealed(_) => None,
        }
    }

    /// What a key made of it, base64url.
    pub fn sealed(&self) -> Option<&str> {
        match &self.text {
            Text::Plain(_) => None,
            Text::Sealed(sealed) => Some(sealed),
        }
    }

    /// Replaces the text by what its subject's key made of it.
    pub fn seal(&mut self, sealed: String) {
        self.text = Text::Sealed(sealed);
    }

    /// Drops the text where it is plain, as events of before there were keys have it: it becomes one that is sealed
    /// under a key that never was, so that it opens to nothing, as a sealed one does whose key was destroyed.
    pub fn forget(&mut self) {
        if self.plain().is_some() {
            self.seal(UNDER_NO_KEY.to_owned());
        }
    }

    /// As a line of text: an address of old, or the JSON of an envelope, which is opened when it is used.
    pub fn to_line(&self) -> String {
        match &self.text {
            Text::Plain(plain) => plain.clone(),
            Text::Sealed(_) => serde_json::to_string(self).expect("two strings are JSON"),
        }
    }
}

impl Default for Personal {
    fn default() -> Self {
        Self::new(Uuid::nil(), "")
    }
}

impl From<Personal> for Recorded {
    fn from(personal: Personal) -> Self {
        let subject = personal.subject;
        match personal.text {
            Text::Plain(plain) => Self { plain: Some(plain), sealed: None, subject },
            Text::Sealed(sealed) => Self { plain: None, sealed: Some(sealed), subject },
        }
    }
}

/// Neither plain nor sealed, or both.
#[derive(Debug, thiserror::Error)]
#[error("a personal text must be either plain or sealed")]
pub struct NeitherPlainNorSealed;

impl TryFrom<Recorded> for Personal {
    type Error = NeitherPlainNorSealed;

    fn try_from(recorded: Recorded) -> Result<Self, NeitherPlainNorSealed> {
        let text = match (recorded.plain, recorded.sealed) {
            (Some(plain), None) => Text::Plain(plain),
            (None, Some(sealed)) => Text::Sealed(sealed),
            _ => return Err(NeitherPlainNorSealed),
        };
        Ok(Self { subject: recorded.subject, text })
    }
}

impl fmt::Debug for Personal {
    // Events are logged by `Debug` in errors; personal data must not reach a log that way.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Personal({}, …)", self.subject)
    }
}

/// A personal text on its way to a client, who gets a string, or `null` once the person was erased.
///
/// A sealed one is written as its envelope, and opened by the layer around the router; a resource never sees
/// the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown(Personal);

impl Shown {
    /// A text as [`Personal::to_line`] wrote it, or a plain one that never was a [`Personal`].
    pub fn of_line(line: &str) -> Self {
        // No address is JSON: none holds a quotation mark.
        Self(serde_json::from_str(line).unwrap_or_else(|_| Personal::new(Uuid::nil(), line)))
    }
}

impl From<&Personal> for Shown {
    fn from(personal: &Personal) -> Self {
        Self(personal.clone())
    }
}

impl Serialize for Shown {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match &self.0.text {
            Text::Plain(plain) => to.serialize_str(plain),
            Text::Sealed(_) => self.0.serialize(to),
        }
    }
}

/// An address that somebody is looked up by, and recorded under should they be new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginAddress {
    /// The address, about the account that comes to be where it is unknown.
    pub email: Personal,
    index: String,
}

impl LoginAddress {
    /// As it was said; it can be decided on once it is [`Self::indexed`].
    pub fn new(fresh_account: impl Into<Uuid>, address: impl Into<String>) -> Self {
        Self { email: Personal::new(fresh_account, address), index: String::new() }
    }

    /// Gives it what stands for the address where it must be unique.
    pub fn set_index(&mut self, index: String) {
        self.index = index;
    }

    /// What stands for the address; empty, and so nobody's, before it was set.
    pub fn index(&self) -> &str {
        &self.index
    }
}

/// The personal texts in the JSON of an event or a state that are not sealed.
///
/// By the form that events have it in: what a client wrote is inside a JSON string, where quotes are escaped.
pub fn plain_texts(json: &str) -> Vec<Personal> {
    const BEGIN: &str = "{\"plain\":";
    let object_at = |(start, _): (usize, &str)| {
        let mut objects = serde_json::Deserializer::from_str(&json[start..]).into_iter::<Personal>();
        objects.next()?.ok()
    };
    json.match_indices(BEGIN).filter_map(object_at).collect()
}

/// Whether there are any of [`plain_texts`].
pub fn holds_plain(json: &str) -> bool {
    !plain_texts(json).is_empty()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sealed() -> Personal {
        let mut personal = Personal::new(Uuid::nil(), "anna@example.se");
        personal.seal("AbC".to_owned());
        personal
    }

    #[test]
    fn debug_does_not_show_the_text() {
        for personal in [Personal::new(Uuid::nil(), "anna@example.se"), sealed()] {
            let shown = format!("{personal:?}");
            assert!(!shown.contains("anna") && !shown.contains("AbC"), "{shown}");
        }
    }

    #[test]
    fn both_forms_are_read_as_they_are_written_and_nothing_else_is() {
        for personal in [Personal::new(Uuid::nil(), "anna@example.se"), sealed()] {
            let json = serde_json::to_value(&personal).unwrap();
            assert_eq!(serde_json::from_value::<Personal>(json).unwrap(), personal);
        }
        let nil = Uuid::nil();
        for bad in [json!({ "subject": nil }), json!({"plain": "a", "sealed": "b", "subject": nil})] {
            assert!(serde_json::from_value::<Personal>(bad).is_err());
        }
    }

    #[test]
    fn a_line_is_shown_as_what_it_was_made_of() {
        for personal in [Personal::new(Uuid::nil(), "anna@example.se"), sealed()] {
            let shown = serde_json::to_value(Shown::from(&personal)).unwrap();
            assert_eq!(serde_json::to_value(Shown::of_line(&personal.to_line())).unwrap(), shown);
        }
    }

    #[test]
    fn a_plain_text_is_found_in_a_payload_and_free_text_is_none() {
        let of = |personal: &Personal| json!({"AccountRegistered": {"email": personal}}).to_string();
        let plain = Personal::new(Uuid::nil(), "anna@example.se");
        assert_eq!(plain_texts(&of(&plain)), [plain]);
        assert_eq!(plain_texts(&of(&sealed())), []);
        assert_eq!(plain_texts(&json!({"note": of(&Personal::default())}).to_string()), []);
        assert_eq!(plain_texts(&json!({"prefs": {"plain": true}}).to_string()), []);
    }
}
