//! Who takes part: roles, members, addresses.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::AccountId;

/// What an account may do at all; what it may do to whom follows from its memberships.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Role {
    /// May do what any party may; it is in the history as such.
    Admin,
    /// Works for suppliers.
    Supplier,
    /// Works for restaurants.
    #[default]
    Restaurant,
    /// Reads all history, changes nothing.
    Auditor,
    /// A machine account; sees what its grants name.
    Partner,
}

/// A name outside a closed set.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be one of {0}")]
pub struct UnknownName(pub &'static str);

impl FromStr for Role {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        Ok(match name {
            "ADMIN" => Self::Admin,
            "SUPPLIER" => Self::Supplier,
            "RESTAURANT" => Self::Restaurant,
            "AUDITOR" => Self::Auditor,
            "PARTNER" => Self::Partner,
            _ => return Err(UnknownName("ADMIN, SUPPLIER, RESTAURANT, AUDITOR, PARTNER")),
        })
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Admin => "ADMIN",
            Self::Supplier => "SUPPLIER",
            Self::Restaurant => "RESTAURANT",
            Self::Auditor => "AUDITOR",
            Self::Partner => "PARTNER",
        })
    }
}

/// What a member may do within its organisation: an `OWNER` also manages members and details.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "told at the type")]
pub enum MemberRole {
    Owner,
    Staff,
}

impl FromStr for MemberRole {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        match name {
            "OWNER" => Ok(Self::Owner),
            "STAFF" => Ok(Self::Staff),
            _ => Err(UnknownName("OWNER, STAFF")),
        }
    }
}

/// One account's place in an organisation; unique by account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Member {
    /// Who.
    pub account_id: AccountId,
    /// As what.
    pub role: MemberRole,
}

/// Where an organisation is, as far as it said so; what an invoice prints.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PostalAddress {
    /// Street and number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub street: Option<String>,
    /// Postal code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
    /// City.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    /// ISO 3166-1 alpha-2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
}
