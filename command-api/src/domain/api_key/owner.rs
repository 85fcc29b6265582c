//! Whose a key is, and so who may do what to it.

use std::sync::Arc;

use events::{
    Folded,
    account::Account,
    api_key::ApiKey,
    values::{AccountId, ApiKeyId},
};

use crate::domain::{Stop, Unit, access, refusal::Refusal};

/// What refusals call it.
pub(super) const WHAT: &str = "api key";
const ACCOUNT: &str = "account";

/// The account that a new key is to call in the name of: the caller's own, or the one that an ADMIN names. Others may
/// not know which accounts there are.
pub(super) fn account_for(unit: &mut Unit<'_>, named: Option<AccountId>) -> Result<AccountId, Stop> {
    let caller = unit.caller();
    let own = caller.account_id();
    let Some(id) = named.or(own) else {
        let message = "name the account whose key it is";
        return Err(Refusal::invalid("account_id", "missing", message).into());
    };
    if own != Some(id) && !caller.is_admin() {
        return Err(access::unseen_unless_auditor(unit, Refusal::not_found(ACCOUNT, id)));
    }
    let account = unit.existing::<Account>(ACCOUNT, id)?;
    if account.state.erased {
        return Err(Refusal::not_found(ACCOUNT, id).into());
    }
    Ok(id)
}

/// The key, if it is the caller's own. Nobody else but ADMIN and AUDITOR may know that it exists.
pub(super) fn key_as_owner(unit: &mut Unit<'_>, id: ApiKeyId) -> Result<Arc<Folded<ApiKey>>, Stop> {
    let key = unit.existing::<ApiKey>(WHAT, id)?;
    let caller = unit.caller();
    if caller.account_id() != Some(key.state.account_id) && !caller.is_admin() {
        return Err(access::unseen_unless_auditor(unit, Refusal::not_found(WHAT, id)));
    }
    unit.match_revision(key.revision)?;
    Ok(key)
}
