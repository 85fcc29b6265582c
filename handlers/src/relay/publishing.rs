//! Publishing: from the log to the stream, for as long as this process leads.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use async_nats::jetstream::{ContextBuilder, context::Context};
use events::public::{PUBLIC_KINDS, PublicBatch, PublicEvent, publish_feed};
use platform::backoff::Backoff;
use tokio::time::Instant;

use super::{
    Settings, metrics,
    pipeline::{Pipeline, Sent},
    stream::{Tail, check, settle},
    trouble::Trouble,
};
use crate::{
    Nats, Surroundings,
    surroundings::woken,
    wire::{HEAD_SUBJECT, Place},
};

/// The leader's work.
pub(super) struct Publishing {
    pub(super) surroundings: Surroundings,
    pub(super) nats: Nats,
    pub(super) settings: Settings,
    /// All up to here has been published at some time: what is published again below is a refill.
    pub(super) published: Arc<AtomicI64>,
    /// The stream as it was last seen to be whole.
    pub(super) last_seen: Option<Tail>,
    /// Up to here the server may take a lost message for a duplicate.
    pub(super) renamed_upto: i64,
    /// Up to here unpublishable events were counted.
    pub(super) complained_upto: i64,
}

/// A stretch of the log under way.
struct Round {
    /// The log is read up to here.
    upto: i64,
    /// [`Place::previous`] of what comes next.
    previous: i64,
}

impl Publishing {
    /// Publishes until dropped. After any trouble it begins again at the stream's own end.
    pub(super) async fn go_on(mut self) {
        let mut backoff = Backoff::new(self.settings.backoff_first, self.settings.backoff_max);
        loop {
            self.nats.connected().await;
            let Err(trouble) = self.session(&mut backoff).await;
            if let Trouble::Remembered { position } = trouble {
                self.renamed_upto = position.max(self.published.load(Ordering::Relaxed));
            }
            let is_first = backoff.is_fresh();
            let wait = backoff.failed();
            if is_first {
                tracing::warn!(%trouble, "the relay looks at its stream anew");
            }
            tokio::time::sleep(wait).await;
        }
    }

    /// From one look at the stream to the next trouble.
    async fn session(&mut self, backoff: &mut Backoff) -> Result<std::convert::Infallible, Trouble> {
        if backoff.is_fresh() {
            self.nats.tell_version();
        }
        let context = self.context();
        let tail = {
            let mut connection = self.surroundings.pool.acquire().await?;
            settle(&context, &mut connection, self.settings.duplicate_window).await?
        };
        self.compare(tail);
        let mut pipeline = Pipeline::new(context.clone(), tail, self.settings.in_flight_max);
        let mut round = Round { upto: tail.position, previous: tail.position };
        let mut check_at = Instant::now() + self.settings.check;
        loop {
            // Marked as seen before the log is read: what comes later ends the wait below.
            self.surroundings.wake.borrow_and_update();
            let batch = {
                let (after, positions_max) = (round.upto, self.settings.positions_max);
                let feed = self.surroundings.read_on(after, positions_max, &PUBLIC_KINDS).await?;
                publish_feed(&mut *self.surroundings.pool.acquire().await?, feed).await?
            };
            let is_last = batch.upto >= batch.head;
            if batch.upto > round.upto {
                let outcome = self.publish(&mut pipeline, &batch, &mut round).await;
                // What was taken before a trouble was taken.
                self.count(&mut pipeline);
                self.last_seen = Some(pipeline.tail());
                outcome?;
                round.upto = batch.upto;
                self.published.fetch_max(batch.upto, Ordering::Relaxed);
                self.tell_head(&round).await;
            }
            if !backoff.is_fresh() {
                backoff.succeeded();
                tracing::info!(position = round.upto, "the relay goes on");
            }
            if Instant::now() >= check_at {
                check(&context, pipeline.tail()).await?;
                check_at = Instant::now() + self.settings.check;
            }
            if is_last {
                // What comes within a moment of a round is one round: under load, reading and telling for each append
                // would cost more than the events.
                tokio::time::sleep(self.settings.pace).await;
                tokio::select! {
                    _ = woken(&mut self.surroundings.wake) => {}
                    () = tokio::time::sleep(self.settings.poll) => {}
                }
            }
        }
    }

    /// A context of its own for each session: what an earlier one left unacknowledged takes no place in it.
    fn context(&self) -> Context {
        ContextBuilder::new()
            .timeout(self.settings.ack_timeout)
            .ack_timeout(self.settings.ack_timeout)
            .max_ack_inflight(self.settings.in_flight_max)
            .build(self.nats.client().clone())
    }

    /// Says what happened to the stream since it was last seen.
    fn compare(&mut self, found: Tail) {
        let known = self.last_seen.replace(found);
        if known.is_some_and(|known| known.created_ns != found.created_ns) {
            tracing::warn!(
                position = found.position,
                "the stream was made anew; it is refilled from the log"
            );
        } else if known.is_some_and(|known| found.position < known.position) {
            tracing::warn!(position = found.position, "the stream lost its end; it is refilled from the log");
        }
        // Already there: an id that was taken for a duplicate was one.
        if found.position >= self.renamed_upto {
            self.renamed_upto = 0;
        }
    }

    async fn publish(
        &mut self,
        pipeline: &mut Pipeline,
        batch: &PublicBatch,
        round: &mut Round,
    ) -> Result<(), Trouble> {
        let mut unreadable = batch.unreadable.iter().peekable();
        for event in &batch.events {
            while let Some((position, error)) = unreadable.next_if(|(position, _)| *position < event.position)
            {
                self.complain(round, *position, error);
            }
            self.send(pipeline, event, round).await?;
        }
        for (position, error) in unreadable {
            self.complain(round, *position, error);
        }
        pipeline.drain().await
    }

    async fn send(
        &mut self,
        pipeline: &mut Pipeline,
        event: &PublicEvent,
        round: &mut Round,
    ) -> Result<(), Trouble> {
        let is_renamed = event.position <= self.renamed_upto;
        match pipeline.send(event, round.previous, is_renamed).await? {
            Sent::OnItsWay => round.previous = event.position,
            Sent::TooLarge => self.complain(round, event.position, &"larger than the server takes"),
        }
        Ok(())
    }

    /// Tells once of an event that cannot go out. It must not stop what comes after it.
    fn complain(&mut self, round: &mut Round, position: i64, why: &dyn std::fmt::Display) {
        round.previous = position;
        if position > self.complained_upto {
            self.complained_upto = position;
            metrics::count_unpublishable();
            tracing::error!(position, %why, "an event cannot be published");
        }
    }

    fn count(&self, pipeline: &mut Pipeline) {
        let published = self.published.load(Ordering::Relaxed);
        let taken = pipeline.taken();
        for position in &taken {
            metrics::count_published(*position <= published);
        }
        if let Some(last) = taken.last() {
            self.published.fetch_max(*last, Ordering::Relaxed);
        }
    }

    /// Wakes whoever waits for inner events, or for a message that never came. It may be lost: whoever
    /// waits also looks at the log by himself.
    async fn tell_head(&self, round: &Round) {
        let place = Place { previous: round.previous, position: round.upto };
        let body = round.upto.to_string().into();
        let told = self.nats.client().publish_with_headers(HEAD_SUBJECT, place.into_headers(), body).await;
        if let Err(error) = told {
            tracing::debug!(%error, "the log's head was not told");
        }
    }
}
