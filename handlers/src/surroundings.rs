//! What the followers of the log stand on.

use std::sync::Arc;

use platform::clock::{Clock, Ids};
use sqlx::PgPool;
use tokio::sync::watch;

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
}

/// Returns when the log has moved by a writer of this process; never where there is none.
pub(crate) async fn woken(wake: &mut watch::Receiver<i64>) -> i64 {
    if wake.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
    *wake.borrow_and_update()
}
