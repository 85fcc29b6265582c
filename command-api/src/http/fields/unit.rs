//! The unit that a product is sold by.

use deserr::{Deserr, IntoValue, Value, ValuePointerRef};
use platform::body::{Faults, Invalid, from_string};
use serde::Serialize;
use utoipa::openapi::{ObjectBuilder, Type};

use super::schema;

/// Codes taken, and the everyday words taken for them.
///
/// # Source
/// UN/ECE Recommendation 20; codes that begin with X are packages of Recommendation 21 in Rec 20's spelling.
const UNITS: [(&str, &[&str]); 40] = [
    // Pieces.
    ("H87", &["pcs", "pc", "st", "styck"]),
    ("EA", &["each"]),
    ("C62", &[]),
    ("PR", &["pair", "par"]),
    ("DZN", &["dozen", "dussin"]),
    ("SET", &[]),
    // Weight.
    ("KGM", &["kg"]),
    ("HGM", &["hg"]),
    ("GRM", &["g"]),
    ("MGM", &["mg"]),
    ("TNE", &["t", "ton"]),
    // Volume.
    ("LTR", &["l"]),
    ("DLT", &["dl"]),
    ("CLT", &["cl"]),
    ("MLT", &["ml"]),
    ("HLT", &["hl"]),
    // Length and area.
    ("MTR", &["m"]),
    ("CMT", &["cm"]),
    ("MTK", &["m2"]),
    // Packages.
    ("XCT", &["krt", "carton", "kartong"]),
    ("XBX", &["box", "låda"]),
    ("XPK", &["pack", "frp", "förp"]),
    ("XPA", &["packet", "paket"]),
    ("XBG", &["bag", "påse"]),
    ("XBO", &["bottle", "flaska", "fl"]),
    ("XCR", &["crate", "back"]),
    ("XCS", &["case"]),
    ("XTN", &["tin", "can", "burk"]),
    ("XJR", &["jar"]),
    ("XSA", &["sack", "säck"]),
    ("XBJ", &["bucket", "hink"]),
    ("XKG", &["keg", "fat"]),
    ("XDR", &["drum"]),
    ("XPU", &["tray", "tråg"]),
    ("XPX", &["pallet", "pall"]),
    ("XRO", &["roll", "rulle"]),
    ("XTU", &["tube", "tub"]),
    ("XBE", &["bundle", "bunt"]),
    ("XNT", &["net", "nät"]),
    ("XPG", &["plate"]),
];

/// A unit by its code, in capitals.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct UnitCode(&'static str);

impl UnitCode {
    /// Takes a code or an everyday word, in any case: `KGM`, `kg`.
    ///
    /// # Errors
    /// `unknown_unit`, naming the codes.
    pub(crate) fn parse(text: &str) -> Result<Self, Invalid> {
        let word = text.trim().to_lowercase();
        let is_meant =
            |(code, words): &&(&str, &[&str])| code.to_lowercase() == word || words.contains(&word.as_str());
        let unknown = || {
            let codes: Vec<&str> = UNITS.iter().map(|(code, _)| *code).collect();
            Invalid::new(
                "unknown_unit",
                format!("Must be a UN/ECE Recommendation 20 code: {}.", codes.join(", ")),
            )
        };
        UNITS.iter().find(is_meant).map(|(code, _)| Self(code)).ok_or_else(unknown)
    }

    pub(crate) fn into_string(self) -> String {
        self.0.to_owned()
    }
}

impl Deserr<Faults> for UnitCode {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        at: ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        from_string(value, at, Self::parse)
    }
}

schema!(
    UnitCode,
    "UnitCode",
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(
            UNITS.iter().flat_map(|(code, words)| [*code].into_iter().chain(words.iter().copied()))
        ))
        .description(Some(format!(
            "A UN/ECE Recommendation 20 code, or an everyday word that is taken for it, in any case. {}.",
            UNITS.iter().map(|(code, words)| spelled(code, words)).collect::<Vec<_>>().join("; ")
        )))
);

fn spelled(code: &str, words: &[&str]) -> String {
    if words.is_empty() { code.to_owned() } else { format!("{code}: {}", words.join(", ")) }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn codes_and_words_name_one_unit_each() {
        let names: Vec<String> = UNITS
            .iter()
            .flat_map(|(code, words)| {
                words.iter().map(|word| (*word).to_owned()).chain([code.to_lowercase()])
            })
            .collect();
        assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len());
        for (text, code) in
            [("KGM", "KGM"), ("kg", "KGM"), ("Kg", "KGM"), ("l", "LTR"), ("st", "H87"), ("krt", "XCT")]
        {
            assert_eq!(UnitCode::parse(text).unwrap().into_string(), code, "{text}");
        }
        assert_eq!(UnitCode::parse("kilo").unwrap_err().code, "unknown_unit");
    }
}
