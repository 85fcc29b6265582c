//! What the followers of the log stand on.

use std::sync::Arc;

use events::{
    StreamKind,
    log::{FeedBatch, FeedWindow, SharedStretch, read_feed},
};
use platform::clock::{Clock, Ids};
use sqlx::{PgConnection, PgPool};
use tokio::sync::watch;
use uuid::Uuid;

/// What the relay and every consumer need of their process.
#[derive(Clone)]
pub struct Surroundings {
    /// The database, as a member of `iris_handler`.
    pub pool: PgPool,
    /// Tells the time of batches, and how old what waits is. Leases go by the database's clock instead.
    pub clock: Arc<dyn Clock>,
    /// Names the process in `fanout.followers`.
    pub ids: Arc<dyn Ids>,
    /// The log's position as the writers of this process leave it: they wake whoever reads the log. Without
    /// writers in the process the sender may be dropped; the log is then polled.
    pub wake: watch::Receiver<i64>,
    /// The newest of the log, which this process reads once for all who follow it.
    pub feed: FeedWindow,
}

impl Surroundings {
    /// Reads on after a position like [`read_feed`], from what the process remembers where it can. What it returns may
    /// be short of `positions_max` though the log has more, but not empty.
    ///
    /// Uses one connection of the pool at a time.
    pub(crate) async fn read_on(
        &self,
        after: i64,
        positions_max: i64,
        kinds: &[StreamKind],
    ) -> Result<FeedBatch, sqlx::Error> {
        let known = self.feed.follow(&self.pool, after, positions_max, kinds).await?;
        let mut connection = self.pool.acquire().await?;
        if known.upto > after {
            if is_of_this_log(&mut connection, &known).await? {
                let SharedStretch { events, upto, head, .. } = known;
                let events = events.into_iter().map(Arc::unwrap_or_clone).collect();
                return Ok(FeedBatch { events, upto, head });
            }
            self.feed.forget();
        }
        read_feed(&mut connection, after, positions_max, kinds).await
    }
}

/// What is remembered may be of a log that was lost, and an older one restored in its place: it is true of the log that
/// has the event that it ends with.
async fn is_of_this_log(connection: &mut PgConnection, known: &SharedStretch) -> Result<bool, sqlx::Error> {
    let Some(event_id) = known.ends_with else { return Ok(true) };
    let found: Option<Uuid> = sqlx::query_scalar(
        "SELECT event_id FROM public.events WHERE global_position >= $1 ORDER BY global_position LIMIT 1",
    )
    .bind(known.upto)
    .fetch_optional(connection)
    .await?;
    Ok(found == Some(event_id))
}

/// Returns when the log has moved by a writer of this process; never where there is none.
pub(crate) async fn woken(wake: &mut watch::Receiver<i64>) -> i64 {
    if wake.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
    *wake.borrow_and_update()
}
