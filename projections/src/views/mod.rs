//! Lists as of a position: what auditors asked for in `audit.views`, folded into schemas of their own.
//!
//! The read side writes the wish and reads the rows; the folding is done here, by whichever process runs
//! projections. A row of `audit.views` is the truth of a view: its schema, `read_asof_<number>`, is made after
//! the row and dropped once there is none, so nothing is left behind whoever dies in between.

mod build;
mod sweep;
mod wish;

use std::{sync::Arc, time::Duration};

use platform::{backoff::Backoff, clock::Clock};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub use self::sweep::sweep_views;
use self::{build::Built, wish::Wish};

const POLL: Duration = Duration::from_millis(500);
const SWEEP_EVERY: Duration = Duration::from_secs(2);
const RETRY_FIRST: Duration = Duration::from_secs(1);
const RETRY_LONGEST: Duration = Duration::from_secs(30);

/// Builds views that are asked for, one at a time, and drops those that are over, until `shutdown`.
///
/// `holder` is this process's name for its leases. Any number of processes may run it: each view is built by
/// one, and another goes on where that one died. Needs the right to create schemas in the database.
pub async fn keep_views(pool: PgPool, clock: Arc<dyn Clock>, holder: Uuid, shutdown: CancellationToken) {
    tokio::join!(sweeping(&pool, &*clock, &shutdown), building(&pool, &*clock, holder, &shutdown));
}

async fn building(pool: &PgPool, clock: &dyn Clock, holder: Uuid, shutdown: &CancellationToken) {
    let mut backoff = Backoff::new(RETRY_FIRST, RETRY_LONGEST);
    while !shutdown.is_cancelled() {
        let built = match Wish::claim(pool, holder).await {
            Ok(Some(wish)) => build::build(pool, clock, &wish, shutdown).await,
            Ok(None) => {
                pause(POLL, shutdown).await;
                continue;
            }
            Err(error) => Err(error),
        };
        match built {
            Ok(Built::Settled) => backoff.succeeded(),
            Ok(Built::Interrupted) => pause(backoff.failed(), shutdown).await,
            Err(error) => {
                if backoff.is_fresh() {
                    tracing::warn!(%error, "views cannot be built; trying again until it works");
                }
                pause(backoff.failed(), shutdown).await;
            }
        }
    }
}

async fn sweeping(pool: &PgPool, clock: &dyn Clock, shutdown: &CancellationToken) {
    while !shutdown.is_cancelled() {
        if let Err(error) = sweep_views(pool, clock.now()).await {
            tracing::warn!(%error, "views that are over could not be dropped; trying again");
        }
        pause(SWEEP_EVERY, shutdown).await;
    }
}

async fn pause(time: Duration, shutdown: &CancellationToken) {
    tokio::select! {
        () = shutdown.cancelled() => {}
        () = tokio::time::sleep(time) => {}
    }
}
