//! Accounts.

mod erase;
mod register;
mod set_notification_preferences;
mod stop_mail;
#[cfg(test)]
mod tests;

pub use erase::{ErasePerson, NamedContact};
pub use register::RegisterAccount;
pub use set_notification_preferences::SetNotificationPreferences;
pub use stop_mail::StopMail;

use events::{
    account::{Account, AccountEvent},
    values::{EmailChoice, NotificationKind, NotificationPreferences, Personal, Role},
};

use super::{
    Decide,
    refusal::{InvalidValue, Refusal},
};

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
    /// Hear of things otherwise from now on.
    SetNotificationPreferences {
        /// All of it, as it is to be.
        preferences: NotificationPreferences,
    },
    /// Be nobody's.
    Erase {
        /// Why.
        reason: Option<String>,
    },
}

impl Decide for Account {
    type Command = AccountCommand;

    fn decide(&self, command: AccountCommand) -> Result<Vec<AccountEvent>, Refusal> {
        Ok(match command {
            AccountCommand::Register { email, role, invited } => {
                vec![AccountEvent::AccountRegistered { email, role, invited }]
            }
            AccountCommand::Erase { .. } if self.erased => vec![],
            AccountCommand::Erase { reason } => vec![AccountEvent::AccountErased { reason }],
            // Its last access token may outlive it for some minutes.
            AccountCommand::SetNotificationPreferences { .. } if self.erased => {
                return Err(Refusal::InvalidTransition {
                    what: "account",
                    state: "erased",
                    attempted: "set notification preferences",
                });
            }
            AccountCommand::ChangeRole { role } if role == self.role => vec![],
            AccountCommand::ChangeRole { role } => vec![AccountEvent::AccountRoleChanged { role }],
            AccountCommand::SetNotificationPreferences { preferences } => {
                let preferences = sendable(preferences)?;
                if preferences == self.notifications {
                    return Ok(vec![]);
                }
                vec![AccountEvent::NotificationPreferencesSet { preferences }]
            }
        })
    }
}

/// The same without what nobody chose, if it keeps the mail that cannot be refused.
fn sendable(mut preferences: NotificationPreferences) -> Result<NotificationPreferences, Refusal> {
    preferences.choices.retain(|kind, choice| *choice != kind.default_choice());
    let late =
        |kind: &NotificationKind| kind.is_critical() && preferences.choice(*kind).email != EmailChoice::Now;
    let invalid: Vec<InvalidValue> =
        NotificationKind::ALL.iter().filter(|kind| late(kind)).map(|kind| cannot_be_refused(*kind)).collect();
    if invalid.is_empty() { Ok(preferences) } else { Err(Refusal::Invalid(invalid)) }
}

fn cannot_be_refused(kind: NotificationKind) -> InvalidValue {
    InvalidValue {
        field: format!("kinds[{kind}].email"),
        code: "critical_kind",
        message: "mail of a critical kind is always sent, and at once: this must be now".to_owned(),
    }
}
