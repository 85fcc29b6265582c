//! What one request may still take, and what it has taken.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{extract::FromRequestParts, http::request::Parts};
use uuid::Uuid;

use super::{
    Attempt, RequestLimits,
    attempt::{Taken, give_back},
    buckets::Empty,
    source::Source,
    standing::Standing,
};
use crate::error::ApiError;

/// The limits as they are for one request; an extractor behind the shell.
///
/// Where the shell has no limits, as in most tests, everything is allowed.
#[derive(Clone, Debug, Default)]
pub struct Allowance(Option<Arc<Inner>>);

#[derive(Debug)]
struct Inner {
    limits: Arc<RequestLimits>,
    source: Source,
    taken: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The account that this request was counted for: a route that asks twice who calls is one request.
    account: Option<Uuid>,
    /// Of the bucket that will be empty first.
    standing: Option<Standing>,
}

impl Allowance {
    pub(super) fn of(limits: Arc<RequestLimits>, source: Source) -> Self {
        Self(Some(Arc::new(Inner { limits, source, taken: Mutex::default() })))
    }

    /// Counts the request for the address that it comes from.
    pub(crate) fn charge_address(&self) -> Result<(), ApiError> {
        let Some(inner) = &self.0 else { return Ok(()) };
        inner.note(inner.limits.address.take(&inner.source))
    }

    /// Counts the request for the account that makes it, once.
    pub(crate) fn charge_account(&self, account_id: Uuid) -> Result<(), ApiError> {
        let Some(inner) = &self.0 else { return Ok(()) };
        if inner.taken().account.replace(account_id) == Some(account_id) {
            return Ok(());
        }
        inner.note(inner.limits.account.take(&account_id))
    }

    /// Before a password is looked at: one of the few that this address may get wrong, for that account and in all.
    ///
    /// `email_key` is the address in the spelling that accounts are found by.
    ///
    /// # Errors
    /// 429 `rate_limited`.
    pub fn attempt_login(&self, email_key: &str) -> Result<Attempt, ApiError> {
        let Some(inner) = &self.0 else { return Ok(Attempt::default()) };
        let limits = &inner.limits;
        inner.note(limits.login_address.take(&inner.source))?;
        let address = Taken::LoginAddress(inner.source);
        // No e-mail is kept in memory: a number that this process alone can make of it.
        let account = (limits.blind(email_key), inner.source);
        if let Err(refusal) = inner.note(limits.login.take(&account)) {
            // Guessing at one account must not lock everybody else behind the same address out.
            give_back(limits, &address);
            return Err(refusal);
        }
        Ok(Attempt::of(limits, vec![address, Taken::Login(account)]))
    }

    /// Before a refresh token is looked up: one of the few that this address may get wrong.
    ///
    /// # Errors
    /// 429 `rate_limited`.
    pub fn attempt_refresh(&self) -> Result<Attempt, ApiError> {
        let Some(inner) = &self.0 else { return Ok(Attempt::default()) };
        inner.note(inner.limits.refresh_address.take(&inner.source))?;
        Ok(Attempt::of(&inner.limits, vec![Taken::RefreshAddress(inner.source)]))
    }

    /// What the caller is told: of the bucket that will be empty first.
    pub(crate) fn standing(&self) -> Option<Standing> {
        self.0.as_ref()?.taken().standing
    }
}

impl Inner {
    fn note(&self, outcome: Result<Standing, Empty>) -> Result<(), ApiError> {
        let standing = outcome.unwrap_or_else(|empty| empty.standing);
        let mut taken = self.taken();
        taken.standing = Some(taken.standing.map_or(standing, |known| known.tighter(standing)));
        outcome.map(drop).map_err(ApiError::from)
    }

    fn taken(&self) -> MutexGuard<'_, State> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Allowance {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}
