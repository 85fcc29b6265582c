//! Who asks.

use events::{
    Actor,
    values::{AccountId, Role},
};

/// Who asks, and on what terms.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who, as the history will say.
    pub actor: Actor,
    /// `If-Match`: the revision that the caller has seen.
    pub if_match: Option<i64>,
}

impl Caller {
    /// A part of the system: may do what an ADMIN may.
    pub fn system(name: &'static str) -> Self {
        Self { actor: Actor::System(name), if_match: None }
    }

    /// The account, unless the system itself asks.
    pub fn account_id(&self) -> Option<AccountId> {
        match self.actor {
            Actor::Account { id, .. } => Some(id),
            Actor::System(_) => None,
        }
    }

    /// The role acted in.
    pub fn role(&self) -> Role {
        match self.actor {
            Actor::Account { role, .. } => role,
            Actor::System(_) => Role::Admin,
        }
    }
}
