//! How much one caller may ask for: token buckets per address and per account, stricter ones for logins.
//!
//! The state is this process's own, so that no request waits for another machine: N processes allow N times as
//! much. What that is for is one caller who takes the place of all others, and each process sees that by itself.

mod allowance;
mod attempt;
mod bounded_store;
mod buckets;
mod source;
mod standing;

use std::{
    hash::{BuildHasher, RandomState},
    net::IpAddr,
    num::NonZeroU32,
    sync::Arc,
};

use metrics::{describe_counter, describe_gauge};
use uuid::Uuid;

pub use self::{allowance::Allowance, attempt::Attempt, source::Network};
use self::{buckets::Buckets, source::Source};

/// Requests of one address for each request that an account may make: a kitchen's tablets, or an office, share one.
const ACCOUNTS_PER_ADDRESS: u32 = 5;
/// Failed logins a minute to one account from one address.
const LOGINS_PER_ACCOUNT: NonZeroU32 = NonZeroU32::new(10).expect("not zero");
/// Failed logins a minute from one address, to whatever accounts.
const LOGINS_PER_ADDRESS: NonZeroU32 = NonZeroU32::new(30).expect("not zero");
/// Failed refreshes a minute from one address.
const REFRESHES_PER_ADDRESS: NonZeroU32 = NonZeroU32::new(30).expect("not zero");
/// Callers that one kind of bucket knows at most: five kinds of some 100 bytes each are 50 MB at the very worst.
const KEYS_MAX: usize = 100_000;

pub(super) const LIMITED: &str = "iris_rate_limited_total";
pub(super) const KEYS: &str = "iris_rate_limit_keys";
pub(super) const OVERFLOW: &str = "iris_rate_limit_overflow_total";

/// Says what the metrics of limits mean; the label is `scope`, the kind of bucket.
pub(crate) fn describe() {
    describe_counter!(
        LIMITED,
        "Requests refused with 429, by scope: address, account, login (one account from one address), \
         login_address, refresh_address."
    );
    describe_gauge!(KEYS, "Callers that a kind of bucket remembers, by scope; at most 100000.");
    describe_counter!(
        OVERFLOW,
        "Requests counted in the bucket that all newcomers share once a scope remembers as many callers as it \
         may, by scope. More than none means that somebody uses very many addresses."
    );
}

/// The buckets of one process.
#[derive(Debug)]
pub struct RequestLimits {
    address: Buckets<Source>,
    account: Buckets<Uuid>,
    login: Buckets<(u64, Source)>,
    login_address: Buckets<Source>,
    refresh_address: Buckets<Source>,
    /// Makes numbers of e-mails that mean nothing outside of this process, and cannot be aimed at each other.
    blinding: RandomState,
}

impl RequestLimits {
    /// Limits of `per_minute` requests for one account, and five times as many for one address.
    pub fn new(per_minute: NonZeroU32) -> Self {
        let per_address = per_minute.saturating_mul(NonZeroU32::new(ACCOUNTS_PER_ADDRESS).expect("not zero"));
        Self {
            address: Buckets::new("address", per_address, KEYS_MAX),
            account: Buckets::new("account", per_minute, KEYS_MAX),
            login: Buckets::new("login", LOGINS_PER_ACCOUNT, KEYS_MAX),
            login_address: Buckets::new("login_address", LOGINS_PER_ADDRESS, KEYS_MAX),
            refresh_address: Buckets::new("refresh_address", REFRESHES_PER_ADDRESS, KEYS_MAX),
            blinding: RandomState::new(),
        }
    }

    /// What a request from there still has.
    pub(super) fn allowance(self: &Arc<Self>, address: Option<IpAddr>) -> Allowance {
        Allowance::of(Arc::clone(self), Source::of(address))
    }

    fn blind(&self, email_key: &str) -> u64 {
        self.blinding.hash_one(email_key)
    }
}

#[cfg(test)]
mod tests;
