//! Registering an account: an operator's act, there is no endpoint for it.

use events::{
    account::Account,
    log::Claim,
    resource::AccountResource,
    values::{AccountId, Personal, Role},
};

use super::AccountCommand;
use crate::domain::{Answer, Command, Concerns, Stop, Unit, access, refusal::Refusal};

/// An account with that address and role. The same again changes nothing; another role changes it.
#[derive(Clone, Debug)]
pub struct RegisterAccount {
    /// Its id, should it be new.
    pub account_id: AccountId,
    /// What it logs in with.
    pub email: String,
    /// What it may do.
    pub role: Role,
}

impl Command for RegisterAccount {
    fn operation(&self) -> &'static str {
        "register_account"
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        access::admin(unit)?;
        let claim = Claim::email(&self.email);
        let (id, command) = match unit.holder(&claim)? {
            Some(holder) => (AccountId(holder), AccountCommand::ChangeRole { role: self.role }),
            None if unit.get::<Account>(self.account_id)?.exists() => return Err(Refusal::EmailTaken.into()),
            None => {
                unit.set_holder(claim, Some(self.account_id.0));
                let email = Personal::new(self.account_id, &self.email);
                (self.account_id, AccountCommand::Register { email, role: self.role, invited: false })
            }
        };
        let account = unit.decide::<Account>(id, Concerns::NOBODY, command)?;
        Ok(Answer::created(&AccountResource::of(id, &account.state), account.revision))
    }
}
