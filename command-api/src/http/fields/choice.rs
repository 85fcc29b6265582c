//! One word out of a closed set.

use deserr::{Deserr, IntoValue, Value, ValuePointerRef};
use events::{
    order::PaymentMethod,
    price_rule::RuleMode,
    values::{Currency, EmailChoice, Locale, MemberRole, NotificationKind, TaxCategory, Weekday},
    webhook_endpoint::{DeliveryOrder, PayloadStyle},
};
use invoicing::invoice::Kind;
use platform::body::{Faults, Invalid, from_string};
use pricing::Aim;
use serde::{
    Serialize,
    de::{DeserializeOwned, IntoDeserializer, value::Error},
};

/// The value that a word stands for.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(transparent)]
pub(crate) struct Choice<T>(pub(crate) T);

/// A closed set with its words, as clients and events spell them.
pub(crate) trait Words: DeserializeOwned {
    /// All of them.
    const WORDS: &'static [&'static str];
}

impl Words for MemberRole {
    const WORDS: &'static [&'static str] = &["OWNER", "STAFF"];
}
impl Words for PaymentMethod {
    const WORDS: &'static [&'static str] = &["invoice", "card", "cash"];
}
impl Words for Kind {
    const WORDS: &'static [&'static str] = &["invoice", "credit_note"];
}
impl Words for TaxCategory {
    const WORDS: &'static [&'static str] = &["standard", "food", "reduced", "zero"];
}
impl Words for PayloadStyle {
    const WORDS: &'static [&'static str] = &["full", "thin"];
}
impl Words for DeliveryOrder {
    const WORDS: &'static [&'static str] = &["ordered", "strict", "best_effort"];
}
impl Words for Currency {
    const WORDS: &'static [&'static str] =
        &["SEK", "CHF", "CZK", "DKK", "EUR", "GBP", "NOK", "PKR", "PLN", "USD"];
}

impl Words for Aim {
    const WORDS: &'static [&'static str] = &["margin", "waste"];
}
impl Words for RuleMode {
    const WORDS: &'static [&'static str] = &["dry_run", "active"];
}

impl Words for Locale {
    const WORDS: &'static [&'static str] = &["sv", "en"];
}
impl Words for Weekday {
    const WORDS: &'static [&'static str] =
        &["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
}
impl Words for EmailChoice {
    const WORDS: &'static [&'static str] = &["now", "digest", "off"];
}
impl Words for NotificationKind {
    const WORDS: &'static [&'static str] = &KIND_WORDS;
}

const KIND_WORDS: [&str; NotificationKind::ALL.len()] = {
    let mut words = [""; NotificationKind::ALL.len()];
    let mut index = 0;
    while index < words.len() {
        words[index] = NotificationKind::ALL[index].name();
        index += 1;
    }
    words
};

impl<T: Words> Choice<T> {
    /// # Errors
    /// `unknown_value`, naming the words.
    pub(crate) fn parse(text: &str) -> Result<Self, Invalid> {
        let word: serde::de::value::StrDeserializer<'_, Error> = text.into_deserializer();
        let unknown = |_| Invalid::new("unknown_value", format!("Must be one of: {}.", T::WORDS.join(", ")));
        T::deserialize(word).map(Self).map_err(unknown)
    }
}

impl<T: Words> Deserr<Faults> for Choice<T> {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        at: ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        from_string(value, at, Self::parse)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_words_are_read<T: Words + Serialize>() {
        for word in T::WORDS {
            let value = Choice::<T>::parse(word).unwrap();
            assert_eq!(serde_json::to_value(&value).unwrap(), *word);
        }
        assert_eq!(Choice::<T>::parse("").err().unwrap().code, "unknown_value");
    }

    #[test]
    fn every_word_is_read_as_it_is_written() {
        all_words_are_read::<MemberRole>();
        all_words_are_read::<PaymentMethod>();
        all_words_are_read::<Kind>();
        all_words_are_read::<TaxCategory>();
        all_words_are_read::<PayloadStyle>();
        all_words_are_read::<DeliveryOrder>();
        all_words_are_read::<Currency>();
        all_words_are_read::<Locale>();
        all_words_are_read::<Weekday>();
        all_words_are_read::<EmailChoice>();
        all_words_are_read::<NotificationKind>();
        all_words_are_read::<Aim>();
        all_words_are_read::<RuleMode>();
    }

    #[test]
    fn another_spelling_is_another_word() {
        assert!(Choice::<MemberRole>::parse("owner").is_err());
        assert!(Choice::<Currency>::parse("sek").is_err());
    }
}
