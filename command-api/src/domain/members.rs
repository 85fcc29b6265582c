//! Rules of members and partners that suppliers and restaurants share.

use super::{account::AccountCommand, refusal::Refusal};
use crate::domain::{Concerns, Stop, Unit};
use events::{
    account::Account,
    log::Claim,
    values::{AccountId, LoginAddress, Member, MemberRole, Role},
};

/// An account may be added once.
pub fn may_add(members: &[Member], account_id: AccountId) -> Result<(), Refusal> {
    if members.iter().any(|member| member.account_id == account_id) {
        return Err(Refusal::AlreadyMember);
    }
    Ok(())
}

/// Whether the member's role changes; it may as long as at least one owner stays.
pub fn may_change_role(members: &[Member], account_id: AccountId, role: MemberRole) -> Result<bool, Refusal> {
    let member = member_of(members, account_id)?;
    if member.role == role {
        return Ok(false);
    }
    if member.role == MemberRole::Owner {
        another_owner(members, account_id)?;
    }
    Ok(true)
}

/// The member may go: at least one owner stays.
pub fn may_remove(members: &[Member], account_id: AccountId) -> Result<(), Refusal> {
    if member_of(members, account_id)?.role == MemberRole::Owner {
        another_owner(members, account_id)?;
    }
    Ok(())
}

fn member_of(members: &[Member], account_id: AccountId) -> Result<&Member, Refusal> {
    members
        .iter()
        .find(|member| member.account_id == account_id)
        .ok_or_else(|| Refusal::not_found("member", account_id))
}

fn another_owner(members: &[Member], account_id: AccountId) -> Result<(), Refusal> {
    let is_other_owner =
        |member: &&Member| member.account_id != account_id && member.role == MemberRole::Owner;
    members.iter().find(is_other_owner).map(|_| ()).ok_or(Refusal::LastOwner)
}

/// A partner's account may be granted once.
pub fn may_grant(partners: &[AccountId], account_id: AccountId) -> Result<(), Refusal> {
    if partners.contains(&account_id) { Err(Refusal::AlreadyPartner) } else { Ok(()) }
}

/// Only a grant that is there can be revoked.
pub fn may_revoke(partners: &[AccountId], account_id: AccountId) -> Result<(), Refusal> {
    if partners.contains(&account_id) { Ok(()) } else { Err(Refusal::not_found("partner", account_id)) }
}

/// Grants are for machine accounts: a person who could read on without being a member would be seen by
/// nobody who looks at the members.
pub fn is_partner(account: &Account) -> Result<(), Refusal> {
    if account.role == Role::Partner { Ok(()) } else { Err(Refusal::NotAPartner) }
}

/// The account of that address; an unknown address becomes an invited account in that role.
pub fn account_of_email(unit: &mut Unit<'_>, address: &LoginAddress, role: Role) -> Result<AccountId, Stop> {
    let claim = Claim::email(address.index());
    if let Some(holder) = unit.holder(&claim)? {
        return Ok(AccountId(holder));
    }
    let email = address.email.clone();
    let account_id = AccountId(email.subject);
    let register = AccountCommand::Register { email, role, invited: true };
    unit.decide::<Account>(account_id, Concerns::NOBODY, register)?;
    unit.set_holder(claim, Some(account_id.0));
    Ok(account_id)
}
