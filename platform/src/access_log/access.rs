//! One access, from the request that it came by to its row.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::RequestOrigin;
use crate::auth::Identity;

/// How surely an access of a kind is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeping {
    /// Its row is committed before the answer leaves; where it cannot be written there is no answer.
    BeforeTheAnswer,
    /// Queued, and written a moment later.
    Soon,
    /// The same, so many a minute: see [`super::AccessLog::record`].
    SoonAndBounded,
}

/// What was done; a kind's name never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    name: &'static str,
    keeping: Keeping,
}

impl Kind {
    /// Somebody logged in.
    pub const LOGIN: Self = Self::kept("login", Keeping::Soon);
    /// Address or password was wrong.
    pub const LOGIN_FAILED: Self = Self::kept("login_failed", Keeping::SoonAndBounded);
    /// A login went on.
    pub const TOKEN_REFRESHED: Self = Self::kept("token_refreshed", Keeping::Soon);
    /// A refresh token came a second time, so its login was ended.
    pub const REFRESH_REUSED: Self = Self::kept("refresh_reused", Keeping::Soon);
    /// A login was ended by whose it was.
    pub const LOGOUT: Self = Self::kept("logout", Keeping::Soon);
    /// A secret was shown.
    pub const SECRET_READ: Self = Self::kept("secret_read", Keeping::BeforeTheAnswer);
    /// Personal data of others was shown.
    pub const PERSONAL_DATA_READ: Self = Self::kept("personal_data_read", Keeping::BeforeTheAnswer);
    /// History was read.
    pub const HISTORY_READ: Self = Self::kept("history_read", Keeping::Soon);
    /// Books or history left as a file.
    pub const EXPORT: Self = Self::kept("export", Keeping::BeforeTheAnswer);
    /// Somebody was refused: 403, or 401 for a token that is not believed.
    pub const FORBIDDEN: Self = Self::kept("forbidden", Keeping::SoonAndBounded);

    /// A kind of an API's own.
    pub const fn kept(name: &'static str, keeping: Keeping) -> Self {
        Self { name, keeping }
    }

    /// Its name in the log.
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// How surely it is kept.
    pub const fn keeping(self) -> Keeping {
        self.keeping
    }
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was done or shown.
    Allowed,
    /// It was not allowed.
    Refused,
    /// It was allowed, and could not be done.
    Failed,
}

/// Who asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// Nobody that we know of.
    Anonymous,
    /// An account, in the role of its token.
    Account {
        /// Which one.
        id: Uuid,
        /// As what.
        role: String,
    },
    /// A key, in the name of an account and in its role.
    ApiKey {
        /// Which key.
        id: Uuid,
        /// In whose name.
        account_id: Uuid,
        /// As what.
        role: String,
    },
    /// A part of the system, by name: `operator` is whoever calls the program by hand.
    System(&'static str),
}

impl From<&Identity> for Who {
    fn from(identity: &Identity) -> Self {
        let (account_id, role) = (identity.subject, identity.role.clone());
        match &identity.key {
            Some(key) => Self::ApiKey { id: key.id, account_id, role },
            None => Self::Account { id: account_id, role },
        }
    }
}

/// One access, to be recorded.
#[derive(Clone, Debug)]
#[must_use = "an access is recorded by AccessLog::record"]
pub struct Access {
    /// What was done.
    pub kind: Kind,
    /// By whom.
    pub who: Who,
    /// In whose name, where that is another account.
    pub on_behalf_of: Option<Uuid>,
    /// Of what: its kind, and which one where it has an id.
    pub subject: Option<(&'static str, Option<Uuid>)>,
    /// What became of it.
    pub outcome: Outcome,
    /// Why it was refused or failed, as a code.
    pub reason: Option<String>,
    /// The request that it came by.
    pub origin: RequestOrigin,
    /// What else is worth knowing, as an object; never personal data.
    pub details: Value,
}

impl Access {
    /// An access that was allowed.
    pub fn allowed(kind: Kind, who: impl Into<Who>, origin: &RequestOrigin) -> Self {
        Self {
            kind,
            who: who.into(),
            on_behalf_of: None,
            subject: None,
            outcome: Outcome::Allowed,
            reason: None,
            origin: origin.clone(),
            details: json!({}),
        }
    }

    /// An access that was refused, for the reason of that code.
    pub fn refused(
        kind: Kind,
        who: impl Into<Who>,
        origin: &RequestOrigin,
        reason: impl Into<String>,
    ) -> Self {
        let reason = Some(reason.into());
        Self { outcome: Outcome::Refused, reason, ..Self::allowed(kind, who, origin) }
    }

    /// The same, of that subject.
    pub fn of(self, kind: &'static str, id: impl Into<Option<Uuid>>) -> Self {
        Self { subject: Some((kind, id.into())), ..self }
    }

    /// The same, with details: an object without personal data.
    pub fn with(self, details: Value) -> Self {
        Self { details, ..self }
    }

    /// The same, in the name of that account.
    pub fn on_behalf_of(self, account_id: Uuid) -> Self {
        Self { on_behalf_of: Some(account_id), ..self }
    }

    pub(super) fn into_row(self, at: DateTime<Utc>) -> Row {
        let (actor, account_id, role, in_name_of) = match self.who {
            Who::Anonymous => ("anonymous".to_owned(), None, None, None),
            Who::Account { id, role } => (format!("account:{id}:{role}"), Some(id), Some(role), None),
            Who::ApiKey { id, account_id, role } => {
                (format!("api_key:{id}:{role}"), Some(account_id), Some(role), Some(account_id))
            }
            Who::System(name) => (format!("system:{name}"), None, None, None),
        };
        Row {
            at,
            kind: self.kind.name(),
            actor,
            account_id,
            role,
            on_behalf_of: self.on_behalf_of.or(in_name_of),
            subject_kind: self.subject.map(|(kind, _)| kind),
            subject_id: self.subject.and_then(|(_, id)| id),
            outcome: self.outcome,
            reason: self.reason,
            trace_id: self.origin.context.trace_id().to_owned(),
            request_id: self.origin.context.request_id,
            address: self.origin.address,
            user_agent: self.origin.user_agent,
            details: self.details,
        }
    }
}

/// A row of `audit.access_log`, under the names of its columns.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Row {
    pub(super) at: DateTime<Utc>,
    pub(super) kind: &'static str,
    pub(super) actor: String,
    pub(super) account_id: Option<Uuid>,
    pub(super) role: Option<String>,
    pub(super) on_behalf_of: Option<Uuid>,
    pub(super) subject_kind: Option<&'static str>,
    pub(super) subject_id: Option<Uuid>,
    pub(super) outcome: Outcome,
    pub(super) reason: Option<String>,
    pub(super) request_id: String,
    pub(super) trace_id: String,
    pub(super) address: Option<IpAddr>,
    pub(super) user_agent: Option<String>,
    pub(super) details: Value,
}
