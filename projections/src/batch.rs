//! One batch: a stretch of the log into rows, with the checkpoint, in one transaction.

use std::{borrow::Cow, sync::Arc};

use events::{RecordedEvent, log::FeedWindow};
use metrics::histogram;
use platform::clock::Clock;
use sqlx::{Acquire, PgConnection, PgPool, Postgres, Transaction};
use uuid::Uuid;

use crate::{
    checkpoint::{Goal, Hold, Move, move_in_tx},
    lag::BATCH_EVENTS,
    parking::{Parked, project_leaving_out_in_tx},
    projection::{Blame, Identity, ProjectError, Projection},
    quiet::QuietMoves,
    schema::SchemaName,
};

/// What to do about a stream that cannot be folded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnPoison {
    /// Leave it out from now on, and go on with the rest: reads must not stand still for one stream.
    Park,
    /// Stop: a rebuild that leaves something out is no rebuild.
    Stop,
}

/// Where batches go.
pub(crate) struct Batches<'a> {
    pub(crate) pool: &'a PgPool,
    pub(crate) schema: &'a SchemaName,
    pub(crate) projection: &'a dyn Projection,
    pub(crate) clock: &'a dyn Clock,
    pub(crate) on_poison: OnPoison,
}

/// A stretch of the log as one projection sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stretch<'a> {
    /// The events of its kinds, by position.
    pub(crate) events: &'a [Arc<RecordedEvent>],
    /// How far the stretch reaches, whatever it holds.
    pub(crate) upto: i64,
    /// The event there, where the stretch is from memory.
    pub(crate) ends_with: Option<Uuid>,
    /// Nothing was left when it was read.
    pub(crate) is_last: bool,
}

/// What came of a batch.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Batch {
    /// Rows and checkpoint are at that position; at `is_last`, nothing was left when it was read.
    Done { upto: i64, is_last: bool },
    /// The log has nothing new.
    Empty,
    /// Another batch is under way; try again soon.
    Busy,
    /// The checkpoint is elsewhere or in other hands, or the log is not the one that was remembered.
    Missed,
    /// The log ends before the checkpoint that was held: it is another one.
    Shrunk,
}

/// What the followers of a process have in common.
#[derive(Clone, Debug)]
pub(crate) struct Company {
    pub(crate) feed: FeedWindow,
    pub(crate) quiet: QuietMoves,
}

impl Batches<'_> {
    /// Takes the next events after `hold`, out of at most `positions_max` positions.
    pub(crate) async fn next(
        &self,
        hold: Hold,
        positions_max: i64,
        company: &Company,
    ) -> Result<Batch, ProjectError> {
        let Identity { name, kinds, .. } = self.projection.identity();
        let feed = company.feed.follow(self.pool, hold.position, positions_max, kinds).await?;
        if feed.head < hold.position {
            return Ok(Batch::Shrunk);
        }
        if feed.upto == hold.position {
            return Ok(Batch::Empty);
        }
        let (upto, ends_with, is_last) = (feed.upto, feed.ends_with, feed.is_last());
        let stretch = Stretch { events: &feed.events, upto, ends_with, is_last };
        if self.is_quiet(stretch)
            && let Some(moved) = company.quiet.ask(name, hold, goal(stretch)).await
        {
            return Ok(outcome(&moved, stretch));
        }
        let mut connection = self.pool.acquire().await?;
        self.take(&mut connection, hold, stretch).await
    }

    /// Takes a stretch that begins after `hold` or earlier, without the events up to there.
    pub(crate) async fn take(
        &self,
        connection: &mut PgConnection,
        hold: Hold,
        stretch: Stretch<'_>,
    ) -> Result<Batch, ProjectError> {
        if self.is_quiet(stretch) {
            // The statement is a transaction by itself: most batches of most projections end here.
            let moved = self.move_in_tx(connection, hold, stretch).await?;
            return Ok(outcome(&moved, stretch));
        }
        let transaction = connection.begin().await?;
        match self.commit(transaction, hold, stretch).await {
            // Rolled back by now. Only then is it worth a savepoint per part to find out who it was.
            Err(error) if error.blame() != Blame::Surroundings && self.on_poison == OnPoison::Park => {
                tracing::debug!(%error, projection = self.projection.identity().name, "looking for the stream");
                let transaction = connection.begin().await?;
                self.commit_without_poison(transaction, hold, stretch).await
            }
            outcome => outcome,
        }
    }

    /// True if nothing of the stretch changes a row.
    fn is_quiet(&self, stretch: Stretch<'_>) -> bool {
        !stretch.events.iter().any(|event| self.projection.concerns(event))
    }

    async fn commit(
        &self,
        mut tx: Transaction<'_, Postgres>,
        hold: Hold,
        stretch: Stretch<'_>,
    ) -> Result<Batch, ProjectError> {
        let moved = self.move_in_tx(&mut tx, hold, stretch).await?;
        if let Move::Moved { parked } = &moved {
            let events = followed(stretch.events, parked);
            self.projection.project_in_tx(&mut tx, self.schema, &events).await?;
        }
        self.finish(tx, &moved, stretch).await
    }

    async fn commit_without_poison(
        &self,
        mut tx: Transaction<'_, Postgres>,
        hold: Hold,
        stretch: Stretch<'_>,
    ) -> Result<Batch, ProjectError> {
        let moved = self.move_in_tx(&mut tx, hold, stretch).await?;
        let newly_parked = match &moved {
            Move::Moved { parked } => {
                let events = followed(stretch.events, parked).into_owned();
                let now = self.clock.now();
                project_leaving_out_in_tx(&mut tx, self.schema, self.projection, events, now).await?
            }
            Move::Busy | Move::Missed => Vec::new(),
        };
        let batch = self.finish(tx, &moved, stretch).await?;
        self.tell(&newly_parked);
        Ok(batch)
    }

    async fn move_in_tx(
        &self,
        tx: &mut PgConnection,
        hold: Hold,
        stretch: Stretch<'_>,
    ) -> Result<Move, sqlx::Error> {
        let name = self.projection.identity().name;
        move_in_tx(tx, self.schema, name, hold, goal(stretch), self.clock.now()).await
    }

    async fn finish(
        &self,
        tx: Transaction<'_, Postgres>,
        moved: &Move,
        stretch: Stretch<'_>,
    ) -> Result<Batch, ProjectError> {
        tx.commit().await?;
        if matches!(moved, Move::Moved { .. }) {
            let events = u32::try_from(stretch.events.len()).unwrap_or(u32::MAX);
            histogram!(BATCH_EVENTS, "projection" => self.projection.identity().name).record(events);
        }
        Ok(outcome(moved, stretch))
    }

    fn tell(&self, parked: &[Parked]) {
        let projection = self.projection.identity().name;
        for Parked { key, position, error } in parked {
            tracing::error!(projection, %key, position, error, "stream parked: it is left out from here on");
        }
    }
}

/// The events of streams that are not parked.
fn followed<'a>(events: &'a [Arc<RecordedEvent>], parked: &[Uuid]) -> Cow<'a, [Arc<RecordedEvent>]> {
    if parked.is_empty() {
        return Cow::Borrowed(events);
    }
    events.iter().filter(|event| !parked.contains(&event.stream_id)).cloned().collect()
}

fn goal(stretch: Stretch<'_>) -> Goal {
    Goal { position: stretch.upto, event_id: stretch.ends_with }
}

fn outcome(moved: &Move, stretch: Stretch<'_>) -> Batch {
    match moved {
        Move::Moved { .. } => Batch::Done { upto: stretch.upto, is_last: stretch.is_last },
        Move::Busy => Batch::Busy,
        Move::Missed => Batch::Missed,
    }
}
