//! Accounts: who can log in, and in which role.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    envelope::StreamKind,
    fold::Fold,
    values::{DisabledBy, Login, LoginProvider, NotificationPreferences, Personal, Role},
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
    /// A user of an identity provider logs in to it from now on; that user to no other account, ever.
    LoginLinked {
        /// Who vouches.
        provider: LoginProvider,
        /// Its id of the user.
        subject: String,
        /// As of when the provider told of the user.
        as_of: DateTime<Utc>,
    },
    /// The provider told of that user again, as of a later time: what it tells as of an earlier one is no news any more.
    LoginConfirmed {
        /// Who vouches.
        provider: LoginProvider,
        /// Its id of the user.
        subject: String,
        /// As of when the provider told of the user.
        as_of: DateTime<Utc>,
    },
    /// The provider has deleted that user, for good.
    LoginEnded {
        /// Who vouched.
        provider: LoginProvider,
        /// Its id of the user.
        subject: String,
    },
    /// It has another address from now on.
    LoginAddressChanged {
        /// The address; unique without regard to case.
        email: Personal,
    },
    /// Nobody logs in to it until whoever did this, or an ADMIN, enables it.
    AccountDisabled {
        /// Who did it.
        by: DisabledBy,
        /// Why, in the words of whoever did it.
        reason: Option<String>,
    },
    /// What its logins were kept out by is lifted: by an ADMIN everything, by the provider its own.
    AccountEnabled {
        /// Who did it.
        by: DisabledBy,
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
    /// The users of identity providers that log in to it; one per provider.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub logins: Vec<Login>,
    /// Who keeps it from being logged in to; nobody, mostly.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub disabled_by: BTreeSet<DisabledBy>,
    /// Nobody is behind it any more; its texts open no more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub erased: bool,
}

impl Account {
    /// Whether anybody may log in to it.
    pub fn is_open(&self) -> bool {
        !self.erased && self.disabled_by.is_empty()
    }

    /// The user of that provider that logs in to it.
    pub fn login(&self, provider: LoginProvider) -> Option<&Login> {
        self.logins.iter().find(|login| login.provider == provider)
    }

    fn change_login(&mut self, provider: LoginProvider, subject: &str, change: impl FnOnce(&mut Login)) {
        let is_it = |login: &&mut Login| login.provider == provider && login.subject == subject;
        if let Some(login) = self.logins.iter_mut().find(is_it) {
            change(login);
        }
    }
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
            AccountEvent::LoginLinked { provider, subject, as_of } => self.logins.push(Login {
                provider: *provider,
                subject: subject.clone(),
                as_of: *as_of,
                ended: false,
            }),
            AccountEvent::LoginConfirmed { provider, subject, as_of } => {
                self.change_login(*provider, subject, |login| login.as_of = *as_of);
            }
            AccountEvent::LoginEnded { provider, subject } => {
                self.change_login(*provider, subject, |login| login.ended = true);
            }
            AccountEvent::LoginAddressChanged { email } => self.email = email.clone(),
            AccountEvent::AccountDisabled { by, .. } => {
                self.disabled_by.insert(*by);
            }
            AccountEvent::AccountEnabled { by: DisabledBy::Admin } => self.disabled_by.clear(),
            AccountEvent::AccountEnabled { by } => {
                self.disabled_by.remove(by);
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
            Self::LoginLinked { .. } => "LoginLinked",
            Self::LoginConfirmed { .. } => "LoginConfirmed",
            Self::LoginEnded { .. } => "LoginEnded",
            Self::LoginAddressChanged { .. } => "LoginAddressChanged",
            Self::AccountDisabled { .. } => "AccountDisabled",
            Self::AccountEnabled { .. } => "AccountEnabled",
            Self::AccountErased { .. } => "AccountErased",
        }
        .to_owned()
    }

    fn event_version(&self) -> String {
        "1".to_owned()
    }
}
