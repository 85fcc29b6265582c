//! E-mail addresses.

use std::fmt;

use deserr::{Deserr, IntoValue, Value, ValuePointerRef};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat, Type},
};

use super::{
    faults::{Faults, Invalid},
    values::from_string,
};

/// RFC 5321 section 4.5.3.1: a path has 256 octets with its brackets, its local part 64.
const ADDRESS_MAX_BYTES: usize = 254;
const LOCAL_MAX_BYTES: usize = 64;
const LABEL_MAX_BYTES: usize = 63;

/// A well-formed e-mail address: as it was given, and as it is compared.
///
/// Equality is that of [`Email::key`]. `Debug` shows nothing: addresses are personal data and logs are not for them.
#[derive(Clone)]
pub struct Email {
    given: String,
    key: String,
}

impl Email {
    /// Checks the syntax of `text`, trimmed: `local@domain` in ASCII, a domain of two labels or more.
    ///
    /// # Errors
    /// `invalid_email`, or `too_long` over 254 bytes.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        if text.len() > ADDRESS_MAX_BYTES {
            return Err(Invalid::new("too_long", format!("Must have at most {ADDRESS_MAX_BYTES} bytes.")));
        }
        let well_formed =
            text.rsplit_once('@').is_some_and(|(local, domain)| is_local(local) && is_domain(domain));
        if !well_formed {
            return Err(Invalid::new(
                "invalid_email",
                "Must be an e-mail address such as name@shop.example.",
            ));
        }
        Ok(Self { given: text.to_owned(), key: text.to_ascii_lowercase() })
    }

    /// As it was given; what mail is sent to.
    pub fn as_str(&self) -> &str {
        &self.given
    }

    /// In lower case; what is compared and looked up.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// As it was given, owned.
    pub fn into_string(self) -> String {
        self.given
    }
}

impl PartialEq for Email {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Email {}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(…)")
    }
}

impl Deserr<Faults> for Email {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        at: ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        from_string(value, at, Self::parse)
    }
}

impl PartialSchema for Email {
    fn schema() -> RefOr<Schema> {
        let format = SchemaFormat::KnownFormat(KnownFormat::Email);
        let object = ObjectBuilder::new().schema_type(Type::String).format(Some(format));
        object.max_length(Some(ADDRESS_MAX_BYTES)).into()
    }
}

impl ToSchema for Email {}

/// A dot-string of RFC 5321; quoted local parts are legal there and refused by nearly everyone.
fn is_local(local: &str) -> bool {
    let atom = |atom: &str| !atom.is_empty() && atom.bytes().all(is_atom_byte);
    local.len() <= LOCAL_MAX_BYTES && local.split('.').all(atom)
}

const fn is_atom_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'/' | b'=' | b'?' | b'^'..=b'`' | b'{'..=b'~')
}

fn is_domain(domain: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= LABEL_MAX_BYTES
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    domain.contains('.') && domain.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ordinary_addresses_pass() {
        for good in ["a@iris.test", "First.Last+tag@sub.shop-1.example", "o'neil@x.se", " a_b@x.y "] {
            assert!(Email::parse(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn malformed_addresses_are_refused() {
        for bad in [
            "",
            "a",
            "@x.y",
            "a@",
            "a@localhost",
            "a@@x.y",
            "a b@x.y",
            ".a@x.y",
            "a.@x.y",
            "a..b@x.y",
            "a@-x.y",
            "a@x..y",
            "a@x.y.",
            "a\0@x.y",
            "a@x.y\r\nBcc: b@x.y",
            "å@x.y",
            "a,b@x.y",
            "<a@x.y>",
            "\"a\"@x.y",
        ] {
            assert_eq!(Email::parse(bad).unwrap_err().code, "invalid_email", "{bad:?}");
        }
        assert_eq!(Email::parse(&format!("a@{}.se", "x.".repeat(130))).unwrap_err().code, "too_long");
        assert!(Email::parse(&format!("{}@x.se", "a".repeat(65))).is_err());
    }

    #[test]
    fn case_is_kept_for_sending_and_ignored_for_comparing() {
        let email = Email::parse("Anna@Krog.SE").unwrap();
        assert_eq!((email.as_str(), email.key()), ("Anna@Krog.SE", "anna@krog.se"));
        assert_eq!(email, Email::parse("anna@krog.se").unwrap());
        assert_eq!(format!("{email:?}"), "Email(…)");
    }

    proptest! {
        #[test]
        fn no_text_panics_and_what_is_taken_fits_a_header(text in any::<String>(), address in "[ -~]{0,8}@[ -~]{0,12}") {
            for text in [text, address] {
                if let Ok(taken) = Email::parse(&text) {
                    prop_assert!(taken.as_str().bytes().all(|byte| byte.is_ascii_graphic()), "{text:?}");
                    prop_assert!(!taken.as_str().contains(['<', '>', ',', ';', ':', '"']), "{text:?}");
                    prop_assert_eq!(Email::parse(taken.key()).unwrap(), taken);
                }
            }
        }
    }
}
