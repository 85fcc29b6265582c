//! The dispatcher: claims lanes that are due, and gives each to a task.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use platform::{clock::Clock, egress::Egress, secrets::Keyring};
use sqlx::{PgPool, Row as _, postgres::PgRow};
use tokio::{
    sync::{Semaphore, mpsc, watch},
    task::JoinSet,
    time::Instant,
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    WebhookSettings,
    bell::Bell,
    lane::{HELD_COLUMNS, HeldLane, Lane},
    pace::{Limits, Pace},
    writer::Record,
};
use crate::commands::Commands;

/// Lanes claimed by one statement.
const CLAIM_MAX: usize = 64;

/// What all lanes of one run share.
pub(super) struct Running {
    pub(super) pool: PgPool,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) egress: Egress,
    pub(super) seal: Arc<Keyring>,
    pub(super) commands: Arc<dyn Commands>,
    pub(super) settings: WebhookSettings,
    /// Who holds the lanes: this run.
    pub(super) holder: Uuid,
    pub(super) bell: Arc<Bell>,
    pub(super) writer: mpsc::Sender<Record>,
    /// Requests under way in this process.
    pub(super) permits: Arc<Semaphore>,
    /// Receivers that are being asked whether they agree.
    pub(super) handshakes: Arc<Semaphore>,
    /// As many lanes are held as may be.
    pub(super) is_full: AtomicBool,
    /// When all leases were last renewed.
    pub(super) renewed: watch::Sender<Instant>,
    pub(super) paces: Mutex<HashMap<Uuid, Arc<Pace>>>,
}

impl Running {
    /// The endpoint's pace in this process, by its present limits.
    pub(super) fn pace_of(&self, held: &HeldLane) -> Arc<Pace> {
        let mut paces = self.paces.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Arc::new(Pace::new(self.clock.clone()));
        let pace = paces.entry(held.endpoint_id).or_insert_with(new).clone();
        pace.set(Limits::of(&held.endpoint));
        pace
    }
}

/// Claims until `shutdown`; then waits for the lanes in hand, for as long as the settings allow.
pub(super) async fn dispatch(running: Arc<Running>, shutdown: CancellationToken) {
    let mut lanes = JoinSet::new();
    while !shutdown.is_cancelled() {
        let room = running.settings.lanes_max.saturating_sub(lanes.len()).min(CLAIM_MAX);
        // Before the statement: the lease begins at the earliest.
        let claimed_at = Instant::now();
        let claimed = claim(&running, room).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "no lanes can be claimed");
            Vec::new()
        });
        let is_full = room > 0 && claimed.len() == room;
        for held in claimed.iter().filter_map(held_or_tell) {
            let listener = running.bell.hang(held.endpoint_id, held.fence);
            lanes.spawn(Lane::run(running.clone(), held, listener, claimed_at, shutdown.clone()));
        }
        while lanes.try_join_next().is_some() {}
        running.is_full.store(lanes.len() >= running.settings.lanes_max, Ordering::Relaxed);
        if is_full {
            continue;
        }
        tokio::select! {
            // Also told when a lane ends: there is room again, and what came meanwhile is looked for.
            () = running.bell.others_rung() => {}
            () = tokio::time::sleep(running.settings.poll) => {}
            () = shutdown.cancelled() => {}
        }
    }
    let drained =
        tokio::time::timeout(running.settings.drain, async { while lanes.join_next().await.is_some() {} });
    if drained.await.is_err() {
        tracing::warn!(lanes = lanes.len(), "webhooks under way are left to be sent again");
    }
}

/// Takes up lanes that are due and in nobody's hands, the longest due first.
///
/// The fence is raised with every claim. Leases are by the database's clock: processes' clocks differ.
async fn claim(running: &Running, lanes_max: usize) -> Result<Vec<PgRow>, sqlx::Error> {
    if lanes_max == 0 {
        return Ok(Vec::new());
    }
    let sql = format!(
        "UPDATE webhooks.lanes l \
         SET holder = $1, fence = l.fence + 1, lease_until = clock_timestamp() + make_interval(secs => $2), \
             marked_revision = CASE WHEN l.holder IS NULL THEN l.marked_revision END \
         FROM (SELECT endpoint_id FROM webhooks.lanes \
               WHERE due <= $3 AND (lease_until IS NULL OR lease_until <= clock_timestamp()) \
               ORDER BY due LIMIT $4 FOR UPDATE SKIP LOCKED) AS c \
         WHERE l.endpoint_id = c.endpoint_id \
         RETURNING {HELD_COLUMNS}"
    );
    sqlx::query(&sql)
        .bind(running.holder)
        .bind(running.settings.lease.as_secs_f64())
        .bind(running.clock.now())
        .bind(i64::try_from(lanes_max).unwrap_or(i64::MAX))
        .fetch_all(&running.pool)
        .await
}

/// The lane, or `None` where its row is not one that this program can read: it is nobody's until its lease has
/// run out, and so stands in nobody's way.
fn held_or_tell(row: &PgRow) -> Option<HeldLane> {
    match HeldLane::from_row(row) {
        Ok(held) => Some(held),
        Err(error) => {
            let endpoint_id: Option<Uuid> = row.try_get("endpoint_id").ok();
            tracing::error!(?endpoint_id, %error, "a webhook lane is passed over");
            None
        }
    }
}

/// Renews the leases of the lanes that are worked on until dropped. One whose task has ended in any way is not
/// among them, and is taken up by somebody when its lease has run out.
pub(super) async fn renew(running: Arc<Running>) {
    loop {
        tokio::time::sleep(running.settings.lease / 4).await;
        let asked_at = Instant::now();
        let renewed = tokio::time::timeout(running.settings.lease / 4, renew_once(&running));
        match renewed.await {
            Ok(Ok(())) => {
                running.renewed.send_replace(asked_at);
            }
            Ok(Err(error)) => tracing::warn!(%error, "leases of webhook lanes not renewed"),
            Err(_) => tracing::warn!("leases of webhook lanes not renewed: no answer"),
        }
    }
}

async fn renew_once(running: &Running) -> Result<(), sqlx::Error> {
    let (endpoint_ids, fences) = running.bell.held();
    if endpoint_ids.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "WITH mine AS MATERIALIZED ( \
             SELECT l.endpoint_id, l.fence FROM webhooks.lanes l \
             JOIN unnest($1::uuid[], $2::bigint[]) AS w(endpoint_id, fence) \
               ON l.endpoint_id = w.endpoint_id AND l.fence = w.fence \
             ORDER BY l.endpoint_id FOR UPDATE OF l) \
         UPDATE webhooks.lanes l SET lease_until = clock_timestamp() + make_interval(secs => $3) \
         FROM mine WHERE l.endpoint_id = mine.endpoint_id AND l.fence = mine.fence",
    )
    .bind(endpoint_ids)
    .bind(fences)
    .bind(running.settings.lease.as_secs_f64())
    .execute(&running.pool)
    .await?;
    Ok(())
}
