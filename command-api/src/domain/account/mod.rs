//! Accounts.

mod register;

pub use register::RegisterAccount;

use events::{
    account::{Account, AccountEvent},
    values::{Personal, Role},
};

use super::{Decide, refusal::Refusal};

/// What can be asked of an account.
#[derive(Clone, Debug)]
pub enum AccountCommand {
    /// Come to be.
    Register {
        /// What it logs in with.
        email: Personal,
        /// What it may do.
        role: Role,
        /// Named by an organisation, not yet by its owner.
        invited: bool,
    },
    /// Do something else from now on.
    ChangeRole {
        /// What it may do.
        role: Role,
    },
}

impl Decide for Account {
    type Command = AccountCommand;

    fn decide(&self, command: AccountCommand) -> Result<Vec<AccountEvent>, Refusal> {
        Ok(match command {
            AccountCommand::Register { email, role, invited } => {
                vec![AccountEvent::AccountRegistered { email, role, invited }]
            }
            AccountCommand::ChangeRole { role } if role == self.role => vec![],
            AccountCommand::ChangeRole { role } => vec![AccountEvent::AccountRoleChanged { role }],
        })
    }
}
