//! The one door through which names, e-mails and phones of people enter events.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A text about a person, and whose it is.
///
/// Every event field that can hold a person's name, e-mail or phone has this type, so that keeping
/// it under a key per subject changes this file and no event's shape. `Debug` never shows it.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Personal {
    /// The account or organisation that it is about.
    pub subject: Uuid,
    /// The text itself.
    pub plain: String,
}

impl Personal {
    /// A text about `subject`.
    pub fn new(subject: impl Into<Uuid>, plain: impl Into<String>) -> Self {
        Self { subject: subject.into(), plain: plain.into() }
    }
}

impl fmt::Debug for Personal {
    // Events are logged by `Debug` in errors; personal data must not reach a log that way.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Personal({}, …)", self.subject)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_does_not_show_the_text() {
        let shown = format!("{:?}", Personal::new(Uuid::nil(), "anna@example.se"));
        assert!(!shown.contains("anna"), "{shown}");
    }
}
