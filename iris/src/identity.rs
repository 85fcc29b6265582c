//! Who vouches for callers of this process.

use std::sync::Arc;

use anyhow::Context as _;
use command_api::logins::LinkedAccounts;
use platform::{
    auth::{ApiKeys, ClerkProvider, IdentityProvider, KeyTiming, LocalProvider, WithApiKeys},
    clock::Clock,
    config::Config,
};
use sqlx::PgPool;

use crate::task::{self, Ends, Task};

/// API keys, and beside them the provider that `AUTH_PROVIDER` names; and what they do beside the requests.
///
/// # Errors
/// TLS cannot be set up.
pub fn provider(
    config: &Config,
    pool: &PgPool,
    clock: &Arc<dyn Clock>,
    ends: &Ends,
) -> anyhow::Result<(Arc<dyn IdentityProvider>, Vec<Task>)> {
    let (tokens, keeping) = tokens(config, pool, clock, ends)?;
    let (keys, uses) = ApiKeys::new(pool.clone(), Arc::clone(clock));
    let noting = task::start_sure("uses of API keys", ends, uses.run(ends.stop.clone()));
    let tasks = keeping.into_iter().chain([noting]).collect();
    Ok((Arc::new(WithApiKeys::new(keys, tokens)), tasks))
}

fn tokens(
    config: &Config,
    pool: &PgPool,
    clock: &Arc<dyn Clock>,
    ends: &Ends,
) -> anyhow::Result<(Arc<dyn IdentityProvider>, Option<Task>)> {
    let clock = Arc::clone(clock);
    let Some(clerk) = &config.clerk else {
        return Ok((Arc::new(LocalProvider::new(&config.app_secret, clock)), None));
    };
    let accounts = Arc::new(LinkedAccounts::new(pool.clone()));
    let provider =
        ClerkProvider::try_new(clerk, KeyTiming::default(), accounts, clock).context("Clerk's keys")?;
    let provider = Arc::new(provider);
    // Clerk being down is no reason not to start: its tokens are refused until its keys are there, and then are not.
    let keeping = Arc::clone(&provider).keep_keys(ends.stop.clone());
    Ok((provider, Some(task::start_sure("clerk's keys", ends, keeping))))
}
