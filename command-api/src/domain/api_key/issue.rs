//! Issuing a key.

use chrono::{DateTime, TimeDelta, Utc};
use events::{
    api_key::{ApiKey, ApiKeyStatus, LIVING_MAX},
    log::{ApiKeyRow, Claim},
    resource::ApiKeyResource,
    values::{AccountId, ApiKeyId, Scope},
};

use super::{ApiKeyCommand, owner::account_for};
use crate::domain::{Answer, Command, Concerns, Stop, Unit, refusal::Refusal};

/// How long a key lives that nobody said otherwise of: long enough for a quarter's work, short enough that one that
/// was forgotten ends by itself.
const LIFE_DEFAULT: TimeDelta = TimeDelta::days(90);
/// A year, and some time to replace it.
const LIFE_MAX: TimeDelta = TimeDelta::days(400);

/// A machine is to call in an account's name. The account itself, and ADMIN for any.
#[derive(Clone, Debug)]
pub struct IssueApiKey {
    /// Fresh.
    pub api_key_id: ApiKeyId,
    /// In whose name, where it is not the caller.
    pub account_id: Option<AccountId>,
    /// What its owner calls it.
    pub name: String,
    /// What it may do; sorted, unique.
    pub scopes: Vec<Scope>,
    /// Until when; 90 days from now, unless said.
    pub expires_at: Option<DateTime<Utc>>,
    /// SHA-256 of its secret, for its row; no event has it.
    pub hash: [u8; 32],
}

impl Command for IssueApiKey {
    fn operation(&self) -> &'static str {
        "issue_api_key"
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        let account_id = account_for(unit, self.account_id)?;
        let expires_at = expiry(self.expires_at, unit.now())?;
        let place = free_place(unit, account_id)?;
        let id = self.api_key_id;
        unit.set_holder(Claim::api_key_place(account_id, place), Some(id.0));
        let scopes: Vec<String> = self.scopes.iter().map(Scope::to_string).collect();
        unit.put_api_key(ApiKeyRow {
            key_id: id.0,
            account_id,
            hash: self.hash,
            former_valid_until: None,
            scopes: scopes.join(" "),
            expires_at,
        });
        let name = self.name.clone();
        let issue = ApiKeyCommand::Issue { account_id, name, scopes, expires_at, place };
        let key = unit.decide_on_fresh::<ApiKey>(id, Concerns::NOBODY, issue)?;
        Ok(Answer::created(&ApiKeyResource::of(id, &key, unit.now()), key.revision))
    }
}

fn expiry(wanted: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Result<DateTime<Utc>, Refusal> {
    let Some(at) = wanted else { return Ok(now + LIFE_DEFAULT) };
    if at <= now {
        return Err(Refusal::invalid("expires_at", "in_the_past", "must lie in the future"));
    }
    if at > now + LIFE_MAX {
        let message = format!("must lie within {} days", LIFE_MAX.num_days());
        return Err(Refusal::invalid("expires_at", "too_far", message));
    }
    Ok(at)
}

/// A place that no living key has. Places are claims, so that the limit holds in every process at once; one whose key
/// was revoked or has expired is taken over.
fn free_place(unit: &mut Unit<'_>, account_id: AccountId) -> Result<u8, Stop> {
    let mut holders = Vec::with_capacity(usize::from(LIVING_MAX));
    for place in 1..=LIVING_MAX {
        // All that are not at hand are looked up in one round trip.
        if let Ok(holder) = unit.holder(&Claim::api_key_place(account_id, place)) {
            holders.push((place, holder));
        }
    }
    unit.wanted()?;
    if let Some((place, _)) = holders.iter().find(|(_, holder)| holder.is_none()) {
        return Ok(*place);
    }
    for key in holders.iter().filter_map(|(_, holder)| *holder) {
        unit.want::<ApiKey>(key);
    }
    unit.wanted()?;
    let now = unit.now();
    for (place, holder) in holders {
        let Some(key) = holder else { continue };
        if unit.get::<ApiKey>(key)?.state.status(now) != ApiKeyStatus::Active {
            return Ok(place);
        }
    }
    Err(Refusal::TooManyApiKeys { keys_max: LIVING_MAX }.into())
}
