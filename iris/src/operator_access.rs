//! What an operator takes out by hand stands in the access log like what is asked for over HTTP.

use std::sync::Arc;

use anyhow::Context as _;
use platform::{
    access_log::{Access, AccessLog, Kind, RequestOrigin, Who},
    clock::SystemClock,
    config::Config,
};
use sqlx::PgPool;

use crate::keyring::secrets_key;

/// Records it before anything is shown; an access by an operator.
///
/// # Errors
/// It cannot be recorded, so nothing may be shown.
pub async fn record(
    pool: &PgPool,
    config: &Config,
    kind: Kind,
    of: impl FnOnce(Access) -> Access,
) -> anyhow::Result<()> {
    // Nothing of these kinds is queued, so there is no work for a writer.
    let (log, _writer) = AccessLog::new(pool.clone(), Arc::new(SystemClock), secrets_key(config));
    let access = Access::allowed(kind, Who::System("operator"), &RequestOrigin::default());
    log.record(of(access)).await.context("what is not on record is not shown")
}
