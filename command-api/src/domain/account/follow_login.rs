//! What an identity provider tells of one of its users.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use events::{
    Folded,
    account::Account,
    log::Claim,
    values::{AccountId, DisabledBy, LoginAddress, LoginProvider, Personal, Role},
};
use serde::{Deserialize, Serialize};

use super::AccountCommand;
use crate::domain::{Answer, Command, Concerns, Stop, Unit, access};

/// The account is as the provider says of its user: linked, under that address, let in or not.
///
/// Whatever the order in which it is told: what is as of an earlier time than what was told before changes nothing. A
/// second time changes nothing either.
#[derive(Clone, Debug)]
pub struct FollowLogin {
    /// Who vouches.
    pub provider: LoginProvider,
    /// Its id of the user.
    pub subject: String,
    /// As of when.
    pub as_of: DateTime<Utc>,
    /// The address that the user has proved to be theirs, about the planned account; absent where there is none.
    pub address: Option<LoginAddress>,
    /// Of an account that comes to be.
    pub role: Role,
    /// Why the provider does not let the user in, if it does not.
    pub barred: Option<Barred>,
    /// What the rest was prepared on.
    pub planned: Planned,
}

/// The account that a login was found to belong to, before anything is decided.
///
/// An address is sealed under the key of its account before the decision, and given back by an index of its plain text:
/// both must be known before. If they turn out to be another's, it is prepared anew.
#[derive(Clone, Debug)]
pub struct Planned {
    /// The account that is linked, or holds the address, or is to come to be.
    pub account_id: AccountId,
    /// The address of the linked account, as it stood there.
    pub seen: Option<Personal>,
    /// Its index; absent where it cannot be read.
    pub former_index: Option<String>,
}

/// Why a provider does not let a user in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Barred {
    /// By one of the instance's administrators.
    Banned,
}

impl Barred {
    const fn reason(self) -> &'static str {
        match self {
            Self::Banned => "banned",
        }
    }
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Followed {
    /// An account came to be.
    Created,
    /// An account that waited under the address is linked.
    Linked,
    /// The linked account is as told.
    Followed,
    /// The same, but the address is another account's: this one keeps its own, or, if it was to come to be, does not.
    AddressTaken,
    /// There is no address to find or make an account by.
    NoAddress,
    /// It is older than what was told before, or of a user that is gone.
    NoNews,
    /// The user belongs to no account.
    NotLinked,
    /// The user is gone, and nobody logs in to the account any more.
    Ended,
}

impl Followed {
    /// Its name in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Linked => "linked",
            Self::Followed => "followed",
            Self::AddressTaken => "address_taken",
            Self::NoAddress => "no_address",
            Self::NoNews => "no_news",
            Self::NotLinked => "not_linked",
            Self::Ended => "ended",
        }
    }
}

/// What is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FollowedLogin {
    /// What became of it.
    pub outcome: Followed,
    /// Of which account.
    pub account_id: Option<AccountId>,
}

impl FollowedLogin {
    pub(super) fn answer(outcome: Followed, account_id: Option<AccountId>) -> Answer {
        Answer { revision: None, ..Answer::ok(&Self { outcome, account_id }, 0) }
    }
}

impl Command for FollowLogin {
    fn operation(&self) -> &'static str {
        "follow_login"
    }

    fn login_address(&mut self) -> Option<&mut LoginAddress> {
        self.address.as_mut()
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        access::admin(unit)?;
        let login = Claim::login(self.provider, &self.subject);
        match unit.holder(&login)? {
            Some(holder) if AccountId(holder) != self.planned.account_id => Err(Stop::Outdated),
            Some(_) => self.follow(unit),
            None => self.link(unit, login),
        }
    }
}

impl FollowLogin {
    fn follow(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        let id = self.planned.account_id;
        let account = unit.existing::<Account>("account", id)?;
        let is_news = |account: &Account| {
            let login = account.login(self.provider);
            !account.erased && login.is_some_and(|login| !login.ended && login.as_of <= self.as_of)
        };
        if !is_news(&account.state) {
            return Ok(FollowedLogin::answer(Followed::NoNews, Some(id)));
        }
        let confirm = AccountCommand::ConfirmLogin { provider: self.provider, as_of: self.as_of };
        unit.decide::<Account>(id, Concerns::NOBODY, confirm)?;
        let outcome = self.change_address(unit, &account)?;
        self.bar(unit)?;
        Ok(FollowedLogin::answer(outcome, Some(id)))
    }

    /// An address that another account holds is left to it, and the rest is done all the same: that somebody is banned
    /// must not depend on it.
    fn change_address(&self, unit: &mut Unit<'_>, account: &Arc<Folded<Account>>) -> Result<Followed, Stop> {
        let id = self.planned.account_id;
        let Some(address) = &self.address else { return Ok(Followed::Followed) };
        let claim = Claim::email(address.index());
        match unit.holder(&claim)? {
            Some(holder) if holder == id.0 => return Ok(Followed::Followed),
            Some(_) => return Ok(Followed::AddressTaken),
            None => {}
        }
        if self.planned.seen.as_ref() != Some(&account.state.email) {
            return Err(Stop::Outdated);
        }
        if let Some(former) = self.planned.former_index.as_deref().map(Claim::email)
            && unit.holder(&former)? == Some(id.0)
        {
            unit.set_holder(former, None);
        }
        unit.set_holder(claim, Some(id.0));
        let change = AccountCommand::ChangeAddress { email: address.email.clone() };
        unit.decide::<Account>(id, Concerns::NOBODY, change)?;
        Ok(Followed::Followed)
    }

    /// Links the account that waits under the address, or makes one.
    ///
    /// Whoever has proved at the provider that an address is theirs gets the account that stands under it: organisations
    /// invite people, and operators register ADMINs, by nothing else. An account that is linked already stays with its user,
    /// though: addresses go from one person to another, accounts do not.
    fn link(&self, unit: &mut Unit<'_>, login: Claim) -> Result<Answer, Stop> {
        let id = self.planned.account_id;
        let Some(address) = &self.address else {
            return Ok(FollowedLogin::answer(Followed::NoAddress, None));
        };
        let claim = Claim::email(address.index());
        let holder = unit.holder(&claim)?;
        let account = unit.get::<Account>(id)?;
        let outcome = match holder {
            Some(holder) if holder != id.0 => return Err(Stop::Outdated),
            Some(_) if account.state.login(self.provider).is_some() => {
                return Ok(FollowedLogin::answer(Followed::AddressTaken, None));
            }
            Some(_) => Followed::Linked,
            None if account.exists() => return Err(Stop::Outdated),
            None => {
                unit.set_holder(claim, Some(id.0));
                let (email, role) = (address.email.clone(), self.role);
                let register = AccountCommand::Register { email, role, invited: false };
                unit.decide::<Account>(id, Concerns::NOBODY, register)?;
                Followed::Created
            }
        };
        unit.set_holder(login, Some(id.0));
        let (provider, subject, as_of) = (self.provider, self.subject.clone(), self.as_of);
        unit.decide::<Account>(id, Concerns::NOBODY, AccountCommand::LinkLogin { provider, subject, as_of })?;
        self.bar(unit)?;
        Ok(FollowedLogin::answer(outcome, Some(id)))
    }

    /// Imposes or lifts the provider's own bar; an ADMIN's is none of its business.
    fn bar(&self, unit: &mut Unit<'_>) -> Result<(), Stop> {
        let (id, by) = (self.planned.account_id, DisabledBy::Provider);
        let command = match self.barred {
            Some(barred) => {
                unit.end_logins(id);
                AccountCommand::Disable { by, reason: Some(barred.reason().to_owned()) }
            }
            None => AccountCommand::Enable { by },
        };
        unit.decide::<Account>(id, Concerns::NOBODY, command)?;
        Ok(())
    }
}
