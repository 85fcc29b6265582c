//! Letting people into an account again.

use events::{
    account::Account,
    resource::AccountResource,
    values::{AccountId, DisabledBy},
};

use super::AccountCommand;
use crate::domain::{Answer, Command, Concerns, Stop, Unit, access};

/// The account can be logged in to again, whoever disabled it; ADMIN only. A second time changes nothing.
#[derive(Clone, Debug)]
pub struct EnableAccount {
    /// Which.
    pub account_id: AccountId,
}

impl Command for EnableAccount {
    fn operation(&self) -> &'static str {
        "enable_account"
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        access::admin(unit)?;
        let id = self.account_id;
        let account = unit.existing::<Account>("account", id)?;
        unit.match_revision(account.revision)?;
        let enable = AccountCommand::Enable { by: DisabledBy::Admin };
        let account = unit.decide::<Account>(id, Concerns::NOBODY, enable)?;
        Ok(Answer::ok(&AccountResource::of(id, &account.state), account.revision))
    }
}
