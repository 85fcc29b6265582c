//! Building one view.

use std::time::Duration;

use events::log::{Retry, retry_of};
use platform::clock::Clock;
use sqlx::PgPool;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::wish::Wish;
use crate::{
    projection::{Blame, ProjectError},
    rebuild::{RebuildError, drop_scratch, rebuild_upto},
};

const TELL_EVERY: Duration = Duration::from_secs(1);

/// What came of it.
pub(super) enum Built {
    /// Nothing is left to do: it is ready, has failed, or is not ours any more.
    Settled,
    /// It was given back, to be taken again in a while.
    Interrupted,
}

/// Folds the view, and makes it ready; or says that it failed, or gives it back.
///
/// What was folded stays, so whoever goes on does so where this stopped.
///
/// # Errors
/// The database, in a way that passes: to be tried again later.
pub(super) async fn build(
    pool: &PgPool,
    clock: &dyn Clock,
    wish: &Wish,
    shutdown: &CancellationToken,
) -> Result<Built, sqlx::Error> {
    let projections = wish.projections();
    let stop = shutdown.child_token();
    let folding = rebuild_upto(pool, &wish.schema, &projections, wish.position, clock, &stop);
    let folded = tokio::select! {
        folded = folding => folded,
        never = hold(pool, wish, projections.len(), &stop) => match never {},
    };
    match folded {
        Ok(()) => wish.finish(pool, clock.now()).await.map(|()| Built::Settled),
        Err(error) => give_up(pool, clock, wish, error).await,
    }
}

/// Keeps the lease and tells how far the folding is, for as long as it goes on; stops it where the view is no
/// longer ours.
async fn hold(
    pool: &PgPool,
    wish: &Wish,
    projections: usize,
    stop: &CancellationToken,
) -> std::convert::Infallible {
    let models = i64::try_from(projections).unwrap_or(1).max(1);
    let (began, mut first) = (Instant::now(), None);
    loop {
        let folded = folded(pool, wish).await;
        // What an earlier builder left is no speed of ours.
        let since = folded - *first.get_or_insert(folded);
        let seconds = i64::try_from(began.elapsed().as_secs()).unwrap_or(i64::MAX).max(1);
        match wish.renew(pool, folded / models, since / seconds).await {
            Ok(true) => {}
            Ok(false) => stop.cancel(),
            // The lease lasts for several turns; if it does run out, the checkpoints' fence parts the two.
            Err(error) => tracing::debug!(%error, view_id = %wish.view_id, "a lease could not be renewed"),
        }
        tokio::time::sleep(TELL_EVERY).await;
    }
}

/// Positions folded, over all read models of the view.
async fn folded(pool: &PgPool, wish: &Wish) -> i64 {
    let sql = format!("SELECT COALESCE(sum(position), 0)::bigint FROM {}.checkpoints", wish.schema);
    // At first there is no such table.
    sqlx::query_scalar(&sql).fetch_one(pool).await.unwrap_or(0)
}

async fn give_up(
    pool: &PgPool,
    clock: &dyn Clock,
    wish: &Wish,
    error: RebuildError,
) -> Result<Built, sqlx::Error> {
    let view_id = wish.view_id;
    match error {
        // Another holds it, or it is deleted, or this process ends.
        RebuildError::Interrupted { .. } | RebuildError::Contended(_) => {
            wish.release(pool).await.map(|()| Built::Interrupted)
        }
        RebuildError::OtherVersion(projection) => {
            tracing::info!(projection, %view_id, "a view was begun by another version: it is begun anew");
            let dropped = drop_scratch(pool, &wish.schema).await;
            wish.release(pool).await?;
            let Err(error) = dropped else { return Ok(Built::Settled) };
            // Not settled: taken again at once, it would stand in the way again, without a pause in between.
            tracing::warn!(%error, %view_id, "what was begun could not be dropped");
            Ok(Built::Interrupted)
        }
        error if passes(&error) => {
            // First what happened, then giving it back, which may well fail for the same cause.
            tracing::warn!(%error, %view_id, "a view is interrupted");
            wish.release(pool).await.map(|()| Built::Interrupted)
        }
        error => {
            tracing::error!(%error, %view_id, "a view cannot be built");
            wish.fail(pool, clock.now(), &error.to_string()).await.map(|()| Built::Settled)
        }
    }
}

/// True where the same may well succeed in a moment.
fn passes(error: &RebuildError) -> bool {
    match error {
        RebuildError::Database(error) => retry_of(error) != Retry::Never,
        RebuildError::Project { source: ProjectError::Database(error), .. } => {
            retry_of(error) != Retry::Never
        }
        RebuildError::Project { source, .. } => source.blame() == Blame::Surroundings,
        _ => false,
    }
}
