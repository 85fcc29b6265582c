//! Accounts in words.

use events::{account::AccountEvent, values::DisabledBy};

use super::{Told, because};

pub(super) fn tell(event: &AccountEvent) -> Told {
    match event {
        AccountEvent::AccountRegistered { role, invited, .. } => {
            let how = if *invited { "Invited an account" } else { "Registered an account" };
            Told::plain(format!("{how} in the role {role}.")).with("role", None, role.to_string())
        }
        AccountEvent::AccountRoleChanged { role } => {
            Told::plain(format!("Gave the account the role {role}.")).with("role", None, role.to_string())
        }
        AccountEvent::NotificationPreferencesSet { .. } => {
            Told::plain("Chose what the account is notified of, and how.")
        }
        AccountEvent::LoginLinked { provider, .. } => {
            Told::plain(format!("Linked the account to a user of {}, who logs in to it.", provider.name()))
        }
        AccountEvent::LoginConfirmed { provider, .. } => {
            Told::plain(format!("Heard of the account's user at {} again.", provider.name()))
        }
        AccountEvent::LoginEnded { provider, .. } => {
            Told::plain(format!("Heard that the account's user was deleted at {}.", provider.name()))
        }
        AccountEvent::LoginAddressChanged { .. } => Told::plain("Changed the address of the account."),
        AccountEvent::AccountDisabled { by, reason } => {
            let whose = match by {
                DisabledBy::Admin => "Disabled the account",
                DisabledBy::Provider => "Disabled the account for its identity provider",
            };
            Told::plain(format!("{whose}{}.", because(reason.as_deref())))
        }
        AccountEvent::AccountEnabled { by: DisabledBy::Admin } => Told::plain("Enabled the account."),
        AccountEvent::AccountEnabled { by: DisabledBy::Provider } => {
            Told::plain("Lifted what its identity provider had disabled the account for.")
        }
        AccountEvent::AccountErased { reason } => {
            Told::plain(format!("Erased what was held of the person{}.", because(reason.as_deref())))
        }
    }
}
