//! Accounts in words.

use events::account::AccountEvent;

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
        AccountEvent::AccountErased { reason } => {
            Told::plain(format!("Erased what was held of the person{}.", because(reason.as_deref())))
        }
    }
}
