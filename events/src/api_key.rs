//! API keys: what machines call with in an account's name, and how far each of them reaches.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    envelope::StreamKind,
    fold::Fold,
    values::{AccountId, UnknownName},
};

/// Keys that live at once in one account's name.
pub const LIVING_MAX: u8 = 20;

/// What happens to an API key. Neither the key nor its hash is in any of these: they are nobody's history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ApiKeyEvent {
    /// It can be called with from now on.
    ApiKeyIssued {
        /// In whose name.
        account_id: AccountId,
        /// What its owner calls it.
        name: String,
        /// What it may do, in words such as `orders:read`; sorted, unique.
        scopes: Vec<String>,
        /// Until when.
        expires_at: DateTime<Utc>,
        /// Which of its account's [`LIVING_MAX`] places it takes, from 1.
        place: u8,
    },
    /// Another secret is right; the former one is right beside it for a while.
    ApiKeyRotated {
        /// Until when the former one is.
        former_valid_until: DateTime<Utc>,
    },
    /// It can be called with no more.
    ApiKeyRevoked {},
}

/// Where a key stands at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ApiKeyStatus {
    /// It can be called with.
    Active,
    /// Its time is over.
    Expired,
    /// Somebody ended it.
    Revoked,
}

impl ApiKeyStatus {
    /// Its word, as clients have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

impl std::str::FromStr for ApiKeyStatus {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        match name {
            "active" => Ok(Self::Active),
            "expired" => Ok(Self::Expired),
            "revoked" => Ok(Self::Revoked),
            _ => Err(UnknownName("active, expired, revoked")),
        }
    }
}

/// An API key as its events leave it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    /// In whose name it calls.
    pub account_id: AccountId,
    /// What its owner calls it.
    pub name: String,
    /// What it may do; sorted, unique.
    pub scopes: Vec<String>,
    /// Until when.
    pub expires_at: DateTime<Utc>,
    /// Until when the secret before the present one is right, too.
    pub former_valid_until: Option<DateTime<Utc>>,
    /// Somebody ended it.
    pub revoked: bool,
}

impl ApiKey {
    /// Where it stands at that moment.
    pub fn status(&self, now: DateTime<Utc>) -> ApiKeyStatus {
        if self.revoked {
            ApiKeyStatus::Revoked
        } else if now >= self.expires_at {
            ApiKeyStatus::Expired
        } else {
            ApiKeyStatus::Active
        }
    }
}

impl Fold for ApiKey {
    type Event = ApiKeyEvent;
    const KIND: StreamKind = StreamKind::ApiKey;

    fn apply(&mut self, event: &ApiKeyEvent) {
        match event {
            ApiKeyEvent::ApiKeyIssued { account_id, name, scopes, expires_at, place: _ } => {
                self.account_id = *account_id;
                self.name.clone_from(name);
                self.scopes.clone_from(scopes);
                self.expires_at = *expires_at;
            }
            ApiKeyEvent::ApiKeyRotated { former_valid_until } => {
                self.former_valid_until = Some(*former_valid_until);
            }
            ApiKeyEvent::ApiKeyRevoked {} => self.revoked = true,
        }
    }
}

impl cqrs_es::DomainEvent for ApiKeyEvent {
    fn event_type(&self) -> String {
        match self {
            Self::ApiKeyIssued { .. } => "ApiKeyIssued",
            Self::ApiKeyRotated { .. } => "ApiKeyRotated",
            Self::ApiKeyRevoked {} => "ApiKeyRevoked",
        }
        .to_owned()
    }

    fn event_version(&self) -> String {
        "1".to_owned()
    }
}
