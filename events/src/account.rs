//! Accounts: who can log in, and in which role.

use serde::{Deserialize, Serialize};

use crate::{
    envelope::StreamKind,
    fold::Fold,
    values::{NotificationPreferences, Personal, Role},
};

/// What happens to an account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum AccountEvent {
    /// An account exists, by an operator or by an invitation to an organisation.
    AccountRegistered {
        /// The address that it logs in with; unique without regard to case.
        email: Personal,
        /// What it may do.
        role: Role,
        /// True where an organisation named the address before its owner ever logged in.
        invited: bool,
    },
    /// It may do something else from now on.
    AccountRoleChanged {
        /// What it may do.
        role: Role,
    },
    /// It wants to hear of things otherwise from now on.
    NotificationPreferencesSet {
        /// All of it, as it now is.
        preferences: NotificationPreferences,
    },
    /// Whom it was about is forgotten: the key of its texts is destroyed by what records this.
    AccountErased {
        /// Why, in the words of whoever did it.
        reason: Option<String>,
    },
}

/// An account as its events leave it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// The address that it logs in with.
    pub email: Personal,
    /// What it may do.
    pub role: Role,
    /// Came to be by an invitation.
    pub invited: bool,
    /// What it wants to hear of, and how.
    #[serde(default)]
    pub notifications: NotificationPreferences,
    /// Nobody is behind it any more; its texts open no more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub erased: bool,
}

impl Fold for Account {
    type Event = AccountEvent;
    const KIND: StreamKind = StreamKind::Account;

    fn apply(&mut self, event: &AccountEvent) {
        match event {
            AccountEvent::AccountRegistered { email, role, invited } => {
                self.email = email.clone();
                self.role = *role;
                self.invited = *invited;
            }
            AccountEvent::AccountRoleChanged { role } => self.role = *role,
            AccountEvent::NotificationPreferencesSet { preferences } => {
                self.notifications = preferences.clone();
            }
            AccountEvent::AccountErased { .. } => {
                self.erased = true;
                self.email.forget();
                self.notifications = NotificationPreferences::default();
            }
        }
    }
}

impl cqrs_es::DomainEvent for AccountEvent {
    fn event_type(&self) -> String {
        match self {
            Self::AccountRegistered { .. } => "AccountRegistered",
            Self::AccountRoleChanged { .. } => "AccountRoleChanged",
            Self::NotificationPreferencesSet { .. } => "NotificationPreferencesSet",
            Self::AccountErased { .. } => "AccountErased",
        }
        .to_owned()
    }

    fn event_version(&self) -> String {
        "1".to_owned()
    }
}
