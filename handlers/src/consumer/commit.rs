//! One batch: the effects and the position, in one transaction.

use std::{sync::Arc, time::Duration};

use sqlx::PgPool;

use super::{Batch, Consumer, HandleError};
use crate::followers::{Claim, Hold};

/// The wait before the read models are looked at again.
pub(super) const READ_MODEL_POLL: Duration = Duration::from_millis(5);

/// What came of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It had its effect.
    Handled,
    /// The consumer is elsewhere or in other hands: nothing happened.
    Missed,
}

/// Where batches are committed.
pub(super) struct Commit {
    pub(super) pool: PgPool,
    pub(super) consumer: Arc<dyn Consumer>,
    pub(super) claim: Claim,
}

impl Commit {
    /// Handles the batch; the hold's position is that of the row, which may be behind: what lies between held nothing.
    pub(super) async fn batch(&self, hold: Hold, batch: &Batch) -> Result<Outcome, HandleError> {
        let mut tx = platform::db::begin(&self.pool).await?;
        // First of all, so that of two that have the same events in hand the second does nothing.
        let durability = self.consumer.identity().durability;
        if !self.claim.move_in_tx(&mut tx, hold, batch.upto, durability).await? {
            return Ok(Outcome::Missed);
        }
        self.consumer.handle_in_tx(&mut tx, batch).await?;
        tx.commit().await?;
        Ok(Outcome::Handled)
    }

    /// How far the read models are that this consumer looks things up in.
    pub(super) async fn limit(&self) -> Result<i64, sqlx::Error> {
        let names = self.consumer.identity().read_models;
        if names.is_empty() {
            return Ok(i64::MAX);
        }
        // One that never ran has no row, and nothing in it.
        sqlx::query_scalar(
            "SELECT CASE WHEN count(*) = cardinality($1) THEN min(position) ELSE 0 END \
             FROM read.checkpoints WHERE name = ANY($1)",
        )
        .bind(names)
        .fetch_one(&self.pool)
        .await
    }
}
