//! Passwords and tokens on their way in.

use deserr::{Deserr, IntoValue, Value, ValuePointerRef};
use platform::body::{Faults, Invalid, from_string};
use secrecy::SecretString;

const BYTES_MAX: usize = 512;

/// A text that no log, error or `Debug` ever shows; taken as it is, without trimming.
#[derive(Debug)]
pub(super) struct Secret(pub(super) SecretString);

impl Deserr<Faults> for Secret {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        at: ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        from_string(value, at, |text| match text.len() {
            0..=BYTES_MAX => Ok(Self(text.into())),
            // Nothing of ours is that long: not worth hashing.
            _ => Err(Invalid::new("too_long", format!("Must have at most {BYTES_MAX} bytes."))),
        })
    }
}
