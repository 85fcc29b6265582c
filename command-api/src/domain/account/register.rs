//! Registering an account: an operator's act, there is no endpoint for it.

use events::{
    account::Account,
    log::Claim,
    resource::AccountResource,
    values::{AccountId, LoginAddress, Role},
};

use super::AccountCommand;
use crate::domain::{Answer, Command, Concerns, Stop, Unit, access, refusal::Refusal};

/// An account with that address and role. The same again changes nothing; another role changes it.
#[derive(Clone, Debug)]
pub struct RegisterAccount {
    /// What it logs in with, about the account that comes to be should it be unknown.
    pub address: LoginAddress,
    /// What it may do.
    pub role: Role,
}

impl Command for RegisterAccount {
    fn operation(&self) -> &'static str {
        "register_account"
    }

    fn login_address(&mut self) -> Option<&mut LoginAddress> {
        Some(&mut self.address)
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        access::admin(unit)?;
        let claim = Claim::email(self.address.index());
        let fresh = AccountId(self.address.email.subject);
        let (id, command) = match unit.holder(&claim)? {
            Some(holder) => (AccountId(holder), AccountCommand::ChangeRole { role: self.role }),
            None if unit.get::<Account>(fresh)?.exists() => return Err(Refusal::EmailTaken.into()),
            None => {
                unit.set_holder(claim, Some(fresh.0));
                let email = self.address.email.clone();
                (fresh, AccountCommand::Register { email, role: self.role, invited: false })
            }
        };
        let account = unit.decide::<Account>(id, Concerns::NOBODY, command)?;
        Ok(Answer::created(&AccountResource::of(id, &account.state), account.revision))
    }
}
