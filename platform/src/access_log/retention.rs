//! Accesses are forgotten once they are older than the operator keeps them.

use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;

const EVERY: Duration = Duration::from_hours(1);
/// Rows in one transaction at most, so that none holds its locks for long.
const ROWS_MAX: i32 = 5_000;

/// Forgets, now and once an hour until `stop`, what is older than `days`; 0 keeps everything.
///
/// Needs the rights of `iris_projection`. Several processes may do it at once.
pub async fn keep_retention(pool: PgPool, clock: Arc<dyn Clock>, days: u32, stop: CancellationToken) {
    while !stop.is_cancelled() {
        if days > 0
            && let Err(error) = forget(&pool, &*clock, days, &stop).await
        {
            tracing::warn!(%error, "accesses could not be forgotten; trying again in an hour");
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

pub(super) async fn forget(
    pool: &PgPool,
    clock: &dyn Clock,
    days: u32,
    stop: &CancellationToken,
) -> Result<u64, sqlx::Error> {
    let older_than = clock.now() - TimeDelta::days(i64::from(days));
    let mut forgotten = 0;
    while !stop.is_cancelled() {
        let rows: i64 = sqlx::query_scalar("SELECT audit.forget_accesses($1, $2)")
            .bind(older_than)
            .bind(ROWS_MAX)
            .fetch_one(pool)
            .await?;
        forgotten += rows.unsigned_abs();
        if rows < i64::from(ROWS_MAX) {
            break;
        }
    }
    if forgotten > 0 {
        tracing::info!(rows = forgotten, days, "accesses forgotten");
    }
    Ok(forgotten)
}
