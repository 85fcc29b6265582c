//! A login or refresh whose outcome is not known yet.

use std::sync::Arc;

use super::{RequestLimits, source::Source};

/// Counted as failed until it is told to have succeeded.
///
/// Counted before it is made, and not after it failed: else a thousand guesses at once would all begin before the
/// first is found wrong.
#[derive(Debug, Default)]
#[must_use = "an attempt that succeeds says so"]
pub struct Attempt {
    limits: Option<Arc<RequestLimits>>,
    taken: Vec<Taken>,
}

/// Which bucket one was taken from.
#[derive(Debug)]
pub(super) enum Taken {
    Login((u64, Source)),
    LoginAddress(Source),
    RefreshAddress(Source),
}

impl Attempt {
    pub(super) fn of(limits: &Arc<RequestLimits>, taken: Vec<Taken>) -> Self {
        Self { limits: Some(Arc::clone(limits)), taken }
    }

    /// Gives back what it took, and no more: whoever has an account of their own must not be able to wash away
    /// guesses at others' by logging in between them.
    pub fn succeeded(self) {
        let Some(limits) = self.limits else { return };
        for taken in &self.taken {
            give_back(&limits, taken);
        }
    }
}

pub(super) fn give_back(limits: &RequestLimits, taken: &Taken) {
    match taken {
        Taken::Login(key) => limits.login.give_back(key),
        Taken::LoginAddress(source) => limits.login_address.give_back(source),
        Taken::RefreshAddress(source) => limits.refresh_address.give_back(source),
    }
}
