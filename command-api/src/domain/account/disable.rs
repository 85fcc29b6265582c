//! Keeping everybody out of an account.

use events::{
    account::Account,
    resource::AccountResource,
    values::{AccountId, DisabledBy},
};

use super::AccountCommand;
use crate::domain::{Answer, Command, Concerns, Stop, Unit, access};

/// Nobody logs in to the account any more, and what is logged in ends; ADMIN only. A second time changes nothing.
#[derive(Clone, Debug)]
pub struct DisableAccount {
    /// Which.
    pub account_id: AccountId,
    /// Why; must not name the person.
    pub reason: Option<String>,
}

impl Command for DisableAccount {
    fn operation(&self) -> &'static str {
        "disable_account"
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        access::admin(unit)?;
        let id = self.account_id;
        let account = unit.existing::<Account>("account", id)?;
        unit.match_revision(account.revision)?;
        let disable = AccountCommand::Disable { by: DisabledBy::Admin, reason: self.reason.clone() };
        let account = unit.decide::<Account>(id, Concerns::NOBODY, disable)?;
        // In the same transaction: when it is enabled again, no login of before comes back with it.
        unit.end_logins(id);
        Ok(Answer::ok(&AccountResource::of(id, &account.state), account.revision))
    }
}
