//! Gathering: what a batch holds, read from the log before anything is locked.

use std::sync::Arc;

use events::{
    RecordedEvent, StreamKind,
    log::{FeedBatch, read_feed},
    public::{PUBLIC_KINDS, PublicEvent, publish_feed},
};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Batch, Consumer, HandleError, Hearing};
use crate::Surroundings;

/// Where a batch's public events come from.
pub(super) enum Source {
    /// They came over NATS.
    Nats(Vec<PublicEvent>),
    /// They are read from the log.
    Log,
}

/// Reads batches. The log never changes, so it is read outside of the transaction of the effects: one that is found
/// to hold nothing for the consumer needs none.
pub(super) struct Gathering {
    pub(super) surroundings: Surroundings,
    pub(super) consumer: Arc<dyn Consumer>,
}

impl Gathering {
    /// What happened after `after` up to `upto`, or to a position before it. `None` where NATS brought, or spoke of,
    /// what is not in the log.
    pub(super) async fn batch(
        &self,
        after: i64,
        upto: i64,
        source: Source,
    ) -> Result<Option<Batch>, HandleError> {
        let hearing = self.consumer.hearing(after);
        match source {
            Source::Nats(events) if hearing == Hearing::All => self.beside_nats(after, upto, events).await,
            Source::Nats(_) | Source::Log => self.out_of_log(after, upto, hearing).await,
        }
    }

    async fn beside_nats(
        &self,
        after: i64,
        upto: i64,
        public: Vec<PublicEvent>,
    ) -> Result<Option<Batch>, HandleError> {
        let mut connection = self.surroundings.pool.acquire().await?;
        if !are_in_the_log(&mut connection, &public, upto).await? {
            return Ok(None);
        }
        let inner = match self.consumer.identity().inner_kinds {
            [] => Vec::new(),
            kinds => read_feed(&mut connection, after, upto - after, kinds).await?.events,
        };
        Ok(Some(Batch { after, upto, public, inner, now: self.surroundings.clock.now() }))
    }

    /// One look at the log for public and inner events alike; where nobody listens, for inner ones alone, and for the
    /// others only where these may have changed that.
    async fn out_of_log(
        &self,
        after: i64,
        upto: i64,
        hearing: Hearing,
    ) -> Result<Option<Batch>, HandleError> {
        let inner_kinds = self.consumer.identity().inner_kinds;
        let mut kinds = inner_kinds.to_vec();
        if hearing == Hearing::All {
            kinds.extend(PUBLIC_KINDS.iter().filter(|kind| !inner_kinds.contains(kind)));
        }
        let mut feed = self.surroundings.read_on(after, upto - after, &kinds).await?;
        if feed.upto <= after {
            return Ok(None);
        }
        let upto = feed.upto;
        let is_inner = |event: &&RecordedEvent| {
            StreamKind::named(&event.stream_kind).is_some_and(|kind| inner_kinds.contains(&kind))
        };
        let inner: Vec<RecordedEvent> = match hearing {
            Hearing::All => feed.events.iter().filter(is_inner).cloned().collect(),
            Hearing::NobodyListens | Hearing::InnerAlone => std::mem::take(&mut feed.events),
        };
        let mut connection = self.surroundings.pool.acquire().await?;
        if hearing == Hearing::NobodyListens && !inner.is_empty() {
            feed = read_feed(&mut connection, after, upto - after, &PUBLIC_KINDS).await?;
        }
        let public = self.publish(&mut connection, feed).await?;
        Ok(Some(Batch { after, upto, public, inner, now: self.surroundings.clock.now() }))
    }

    async fn publish(
        &self,
        connection: &mut PgConnection,
        feed: FeedBatch,
    ) -> Result<Vec<PublicEvent>, HandleError> {
        let said = publish_feed(connection, feed).await?;
        let consumer = self.consumer.identity().name;
        for (position, error) in said.unreadable {
            tracing::error!(consumer, position, %error, "an event has no public form; it is passed over");
        }
        Ok(said.events)
    }
}

/// Whether all of these are this log's events, and the log reaches up to there. A stream can outlive its log
/// (a database that was made anew or restored from a backup): what it still carries must have no effect
/// here, and no consumer may be led beyond the end of its log, where it would miss what comes. Ids are
/// compared, not bodies: whoever has the password of NATS is trusted to be Iris.
async fn are_in_the_log(
    connection: &mut PgConnection,
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
    .fetch_one(connection)
    .await
}
