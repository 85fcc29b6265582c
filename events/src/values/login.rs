//! How an account is logged in to, and who keeps it from being.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Who vouches for logins beside ourselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoginProvider {
    /// Clerk.
    Clerk,
}

impl LoginProvider {
    /// Its name, which never changes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Clerk => "clerk",
        }
    }
}

/// A provider's user, by whom an account is logged in to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Login {
    /// Who vouches.
    pub provider: LoginProvider,
    /// Its id of the user: a pseudonym, which says nothing of the person.
    pub subject: String,
    /// When the user was, at the provider, as we know it: what is older is no news.
    pub as_of: DateTime<Utc>,
    /// The provider has deleted the user, for good.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ended: bool,
}

/// Who keeps an account from being logged in to. Each lifts what it has imposed; an ADMIN lifts everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisabledBy {
    /// One of our ADMINs.
    Admin,
    /// Whoever vouches for its logins.
    Provider,
}
