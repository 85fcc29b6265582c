//! Accounts.

mod disable;
mod enable;
mod end_login;
mod erase;
mod follow_login;
mod register;
mod set_notification_preferences;
mod stop_mail;
#[cfg(test)]
mod tests;

pub use disable::DisableAccount;
pub use enable::EnableAccount;
pub use end_login::EndLogin;
pub use erase::{ErasePerson, NamedContact};
pub use follow_login::{Barred, FollowLogin, Followed, FollowedLogin, Planned};
pub use register::RegisterAccount;
pub use set_notification_preferences::SetNotificationPreferences;
pub use stop_mail::StopMail;

use chrono::{DateTime, Utc};
use events::{
    account::{Account, AccountEvent},
    values::{
        DisabledBy, EmailChoice, LoginProvider, NotificationKind, NotificationPreferences, Personal, Role,
    },
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
    /// Be logged in to by that user of an identity provider.
    LinkLogin {
        /// Who vouches.
        provider: LoginProvider,
        /// Its id of the user.
        subject: String,
        /// As of when it told of the user.
        as_of: DateTime<Utc>,
    },
    /// Remember that the provider told of its user as of that time.
    ConfirmLogin {
        /// Who vouches.
        provider: LoginProvider,
        /// As of when it told of the user.
        as_of: DateTime<Utc>,
    },
    /// Be logged in to by that user no more.
    EndLogin {
        /// Who vouched.
        provider: LoginProvider,
    },
    /// Have another address.
    ChangeAddress {
        /// The address.
        email: Personal,
    },
    /// Be logged in to by nobody.
    Disable {
        /// In whose name.
        by: DisabledBy,
        /// Why.
        reason: Option<String>,
    },
    /// Be logged in to again.
    Enable {
        /// In whose name.
        by: DisabledBy,
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
                return Err(erased("set notification preferences"));
            }
            AccountCommand::LinkLogin { .. } if self.erased => return Err(erased("link a login")),
            // Whoever is linked already has the account, and the address by which another could be.
            AccountCommand::LinkLogin { provider, .. } if self.login(provider).is_some() => {
                return Err(Refusal::EmailTaken);
            }
            AccountCommand::LinkLogin { provider, subject, as_of } => {
                vec![AccountEvent::LoginLinked { provider, subject, as_of }]
            }
            AccountCommand::ConfirmLogin { provider, as_of } => match self.login(provider) {
                Some(login) if login.as_of < as_of => {
                    vec![AccountEvent::LoginConfirmed { provider, subject: login.subject.clone(), as_of }]
                }
                _ => vec![],
            },
            AccountCommand::EndLogin { provider } => match self.login(provider) {
                Some(login) if !login.ended => {
                    vec![AccountEvent::LoginEnded { provider, subject: login.subject.clone() }]
                }
                _ => vec![],
            },
            AccountCommand::ChangeAddress { .. } if self.erased => return Err(erased("change the address")),
            AccountCommand::ChangeAddress { email } if email == self.email => vec![],
            AccountCommand::ChangeAddress { email } => vec![AccountEvent::LoginAddressChanged { email }],
            AccountCommand::Disable { .. } if self.erased => return Err(erased("disable")),
            AccountCommand::Disable { by, .. } if self.disabled_by.contains(&by) => vec![],
            AccountCommand::Disable { by, reason } => vec![AccountEvent::AccountDisabled { by, reason }],
            AccountCommand::Enable { .. } if self.erased => return Err(erased("enable")),
            AccountCommand::Enable { by } if !is_lifted(self, by) => vec![],
            AccountCommand::Enable { by } => vec![AccountEvent::AccountEnabled { by }],
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

/// Whether there is anything that `by` would lift.
fn is_lifted(account: &Account, by: DisabledBy) -> bool {
    match by {
        DisabledBy::Admin => !account.disabled_by.is_empty(),
        DisabledBy::Provider => account.disabled_by.contains(&by),
    }
}

fn erased(attempted: &'static str) -> Refusal {
    Refusal::InvalidTransition { what: "account", state: "erased", attempted }
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
