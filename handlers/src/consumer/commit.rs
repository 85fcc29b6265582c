//! One batch: the effects and the position, in one transaction.

use std::{sync::Arc, time::Duration};

use events::{
    log::read_feed,
    public::{PublicEvent, read_public},
};
use platform::clock::Clock;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::{Batch, Consumer, HandleError, metrics};
use crate::followers::{Claim, Hold};

/// Where a batch's public events come from.
pub(super) enum Source {
    /// They came over NATS.
    Nats(Vec<PublicEvent>),
    /// They are read from the log.
    Log,
}

/// What came of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It had its effect.
    Handled,
    /// The consumer is elsewhere or in other hands: nothing happened.
    Missed,
    /// NATS brought, or spoke of, what is not in the log: nothing happened.
    NotOurs,
}

/// Where batches are committed.
pub(super) struct Commit {
    pub(super) pool: PgPool,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) consumer: Arc<dyn Consumer>,
    pub(super) claim: Claim,
}

impl Commit {
    /// Handles everything after the hold's position up to `upto`.
    pub(super) async fn batch(&self, hold: Hold, upto: i64, source: Source) -> Result<Outcome, HandleError> {
        let identity = self.consumer.identity();
        let mut tx = platform::db::begin(&self.pool).await?;
        // First of all, so that of two that have the same events in hand the second does nothing.
        if !self.claim.move_in_tx(&mut tx, hold, upto).await? {
            return Ok(Outcome::Missed);
        }
        let after = hold.position;
        let (public, source) = match source {
            Source::Nats(events) => {
                let are_ours = are_in_the_log(&mut tx, &events, upto).await?;
                (are_ours.then_some(events), "nats")
            }
            Source::Log => (self.read_in_tx(&mut tx, after, upto).await?, "log"),
        };
        let Some(public) = public else { return Ok(Outcome::NotOurs) };
        let inner = match identity.inner_kinds {
            [] => Vec::new(),
            kinds => read_feed(&mut tx, after, upto - after, kinds).await?.events,
        };
        let batch = Batch { after, upto, public, inner, now: self.clock.now() };
        if !(batch.public.is_empty() && batch.inner.is_empty()) {
            self.consumer.handle_in_tx(&mut tx, &batch).await?;
        }
        tx.commit().await?;
        metrics::count_events(identity.name, source, batch.public.len());
        self.consumer.handled(upto);
        Ok(Outcome::Handled)
    }

    /// `None` where the log does not reach that far.
    async fn read_in_tx(
        &self,
        tx: &mut PgConnection,
        after: i64,
        upto: i64,
    ) -> Result<Option<Vec<PublicEvent>>, HandleError> {
        let read = read_public(tx, after, upto - after).await?;
        if read.upto != upto {
            return Ok(None);
        }
        let consumer = self.consumer.identity().name;
        for (position, error) in read.unreadable {
            tracing::error!(consumer, position, %error, "an event has no public form; it is passed over");
        }
        Ok(Some(read.events))
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

/// Whether all of these are this log's events, and the log reaches up to there. A stream can outlive its log
/// (a database that was made anew or restored from a backup): what it still carries must have no effect
/// here, and no consumer may be led beyond the end of its log, where it would miss what comes. Ids are
/// compared, not bodies: whoever has the password of NATS is trusted to be Iris.
async fn are_in_the_log(
    tx: &mut PgConnection,
    events: &[PublicEvent],
    upto: i64,
) -> Result<bool, sqlx::Error> {
    let positions: Vec<i64> = events.iter().map(|event| event.position).collect();
    let ids: Vec<Uuid> = events.iter().map(|event| event.event_id).collect();
    sqlx::query_scalar(
        "SELECT h.position >= $3 AND cardinality($1) = ( \
             SELECT count(*) FROM unnest($1::bigint[], $2::uuid[]) AS m(position, event_id) \
             JOIN public.events e ON e.global_position = m.position AND e.event_id = m.event_id) \
         FROM public.log_head h WHERE h.id = 1",
    )
    .bind(positions)
    .bind(ids)
    .bind(upto)
    .fetch_one(tx)
    .await
}

/// The wait before the read models are looked at again.
pub(super) const READ_MODEL_POLL: Duration = Duration::from_millis(20);
