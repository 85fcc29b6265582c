//! API keys as clients see them. The key itself is in none of these.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    api_key::{ApiKey, ApiKeyStatus},
    fold::Folded,
    values::{AccountId, ApiKeyId},
};

/// What a machine calls with in an account's name.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ApiKeyResource {
    /// The key; stands in the key's text, too.
    pub id: ApiKeyId,
    /// In whose name it calls.
    pub account_id: AccountId,
    /// What its owner calls it.
    #[schema(example = "the till at Storgatan")]
    pub name: String,
    /// What it may do; sorted.
    #[schema(example = json!(["orders:read"]))]
    pub scopes: Vec<String>,
    /// Where it stands.
    pub status: ApiKeyStatus,
    /// Until when it can be called with.
    pub expires_at: DateTime<Utc>,
    /// Until when the key from before the last rotation can be called with, too; null once it cannot.
    #[schema(required)]
    pub former_valid_until: Option<DateTime<Utc>>,
    /// When somebody ended it.
    #[schema(required)]
    pub revoked_at: Option<DateTime<Utc>>,
    /// When it was last called with, to the minute; in reads only, once it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<DateTime<Utc>>,
    /// When it was issued.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// How many events it has; the `ETag`.
    pub revision: i64,
}

impl ApiKeyResource {
    /// The key as clients see it at that moment.
    pub fn of(id: ApiKeyId, folded: &Folded<ApiKey>, now: DateTime<Utc>) -> Self {
        let key = &folded.state;
        let status = key.status(now);
        let is_active = status == ApiKeyStatus::Active;
        Self {
            id,
            account_id: key.account_id,
            name: key.name.clone(),
            scopes: key.scopes.clone(),
            status,
            expires_at: key.expires_at,
            former_valid_until: key.former_valid_until.filter(|until| is_active && now < *until),
            // Nothing happens to a key after that.
            revoked_at: key.revoked.then_some(folded.updated_at),
            last_used_at: None,
            created_at: folded.created_at,
            updated_at: folded.updated_at,
            revision: folded.revision,
        }
    }
}
