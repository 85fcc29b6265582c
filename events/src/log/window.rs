//! The newest stretch of the log, in memory: read once for all who follow it closely.
//!
//! Whoever reacts to events wants the same ones, a moment after they were recorded. In a window the first who
//! asks reads them, and the others find them there; what the process itself recorded nobody has to read.
//!
//! Promises:
//! - What it hands out is what [`read_feed`] would have found: positions are dense and in commit order, and only
//!   what goes on without a gap where the window ends is ever remembered.
//! - It is bounded in positions and in bytes. What is older is forgotten; who still lacks it reads the log.
//! - Memory can outlive its log: a database is lost, an older one restored in its place. A stretch therefore
//!   names the event that it ends with. Events never change and ids never recur, so an id found at its position
//!   stands for everything before it: whoever commits what it made of a stretch asks for that event in the same
//!   transaction, and [`FeedWindow::read`] asks by itself.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::{
    feed::{FeedBatch, read_feed, read_whole_feed},
    window_memory::Memory,
};
use crate::envelope::{NewEvent, RecordedEvent, StreamKind};

/// Positions that are read on at a time at least, however few their first reader takes: others take the rest.
const READ_ON_MIN: i64 = 500;

/// How much a window remembers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowBounds {
    /// Positions at most.
    pub positions_max: usize,
    /// Bytes of events at most, roughly.
    pub bytes_max: usize,
}

impl Default for WindowBounds {
    /// Some seconds of a process that is busy.
    fn default() -> Self {
        Self { positions_max: 20_000, bytes_max: 16 * 1024 * 1024 }
    }
}

/// A stretch of the log that others may have in hand, too.
#[derive(Clone, Debug, Default)]
pub struct SharedStretch {
    /// The events of the wanted kinds with `after < global_position <= upto`, by position.
    pub events: Vec<Arc<RecordedEvent>>,
    /// How far it reaches, as in [`FeedBatch`].
    pub upto: i64,
    /// Where the log ended as far as it was known.
    pub head: i64,
    /// The id of the event at `upto`, of whatever kind, where this is from memory: true only of a log that has
    /// it there. `None` where this was just read.
    pub ends_with: Option<Uuid>,
}

impl SharedStretch {
    /// True if nothing more was known of.
    pub fn is_last(&self) -> bool {
        self.upto >= self.head
    }
}

/// The window. Clones are the same one.
#[derive(Clone, Debug, Default)]
pub struct FeedWindow {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    memory: Mutex<Memory>,
    /// Held by the one who reads on for all.
    turn: futures::lock::Mutex<()>,
}

impl FeedWindow {
    /// With other bounds than the usual.
    pub fn bounded(bounds: WindowBounds) -> Self {
        let memory = Mutex::new(Memory::bounded(bounds));
        Self { inner: Arc::new(Inner { memory, turn: futures::lock::Mutex::default() }) }
    }

    /// The log is said to reach at least up to there. A window looks for nothing newer than what it was told of: who
    /// follows tells it of news first.
    pub fn tell(&self, head: i64) {
        self.memory().tell(head);
    }

    /// This process has just recorded these after that position: whoever follows need not read them again. Nothing
    /// happens where the window ends elsewhere, for it then has to be read what came in between.
    pub fn recorded(&self, after: i64, events: &[NewEvent]) {
        let age = {
            let memory = self.memory();
            if !memory.ends_at(after) {
                return;
            }
            memory.age()
        };
        let positions = after + 1..;
        let events: Vec<RecordedEvent> =
            positions.zip(events).map(|(position, event)| event.recorded_at_position(position)).collect();
        let upto = events.last().map_or(after, |last| last.global_position);
        self.memory().remember(age, after, FeedBatch { events, upto, head: upto });
    }

    /// This process has read this after that position, for its own sake: whoever follows need not read it again.
    pub fn found(&self, after: i64, read: FeedBatch) {
        self.memory().remember_rest(after, read);
    }

    /// Forgets everything: something is not as it was remembered, or may not be.
    pub fn forget(&self) {
        self.memory().forget();
    }

    /// Follows the log: the next stretch after a position, at most `positions_max` long, from memory or else read
    /// on for all. Several callers at the end of the log cost one statement. Who is behind the window reads by
    /// itself.
    ///
    /// # Errors
    /// Whatever the database says; never a short stretch in its place.
    pub async fn follow(
        &self,
        pool: &PgPool,
        after: i64,
        positions_max: i64,
        kinds: &[StreamKind],
    ) -> Result<SharedStretch, sqlx::Error> {
        if let Some(known) = self.memory().recall(after, positions_max, kinds) {
            return Ok(known);
        }
        if !self.memory().is_to_go_on(after) {
            return self.read_apart(pool, after, positions_max, kinds).await;
        }
        let _turn = self.inner.turn.lock().await;
        // Whoever had the turn before has read it, as a rule.
        if let Some(known) = self.memory().recall(after, positions_max, kinds) {
            return Ok(known);
        }
        if let Err(error) = self.read_on(pool, after, positions_max).await {
            self.forget();
            return Err(error);
        }
        let known = self.memory().recall_some(after, positions_max, kinds);
        match known {
            Some(known) => Ok(known),
            // It was too much to be remembered, or somebody forgot it at this very moment.
            None => self.read_apart(pool, after, positions_max, kinds).await,
        }
    }

    /// As [`read_feed`], in the caller's transaction, and as true: from memory where all of the wanted positions are
    /// there and this database still has the last of them.
    ///
    /// # Errors
    /// As there.
    pub async fn read(
        &self,
        connection: &mut PgConnection,
        after: i64,
        positions_max: i64,
        kinds: &[StreamKind],
    ) -> Result<FeedBatch, sqlx::Error> {
        let known = self.memory().recall_all(after, positions_max, kinds);
        let Some(known) = known else { return read_feed(connection, after, positions_max, kinds).await };
        if !has_event(connection, known.upto, known.ends_with).await? {
            self.forget();
            return read_feed(connection, after, positions_max, kinds).await;
        }
        let events = known.events.into_iter().map(Arc::unwrap_or_clone).collect();
        Ok(FeedBatch { events, upto: known.upto, head: known.head })
    }

    /// Reads on where the window ends, or where `after` is if that is far behind it.
    async fn read_on(&self, pool: &PgPool, after: i64, positions_max: i64) -> Result<(), sqlx::Error> {
        let (from, age) = self.memory().go_on_from(after);
        let positions_max = positions_max.max(READ_ON_MIN).saturating_add((after - from).max(0));
        let read = read_whole_feed(&mut *pool.acquire().await?, from, positions_max).await?;
        self.memory().remember(age, from, read);
        Ok(())
    }

    async fn read_apart(
        &self,
        pool: &PgPool,
        after: i64,
        positions_max: i64,
        kinds: &[StreamKind],
    ) -> Result<SharedStretch, sqlx::Error> {
        let age = self.memory().age();
        let read = read_feed(&mut *pool.acquire().await?, after, positions_max, kinds).await?;
        // Not where a log ends before the position that was asked for: it is another log then.
        if read.upto == read.head {
            self.memory().begin_at(age, read.upto);
        }
        let FeedBatch { events, upto, head } = read;
        let events = events.into_iter().map(Arc::new).collect();
        Ok(SharedStretch { events, upto, head, ends_with: None })
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        // Whoever panicked with the lock in hand has left it as it was, or too short: both are true.
        self.inner.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn has_event(
    connection: &mut PgConnection,
    position: i64,
    event_id: Option<Uuid>,
) -> Result<bool, sqlx::Error> {
    // By ORDER BY and LIMIT: so the index is taken also by a plan that was made while the log was short.
    let found: Option<Uuid> = sqlx::query_scalar(
        "SELECT event_id FROM public.events WHERE global_position >= $1 ORDER BY global_position LIMIT 1",
    )
    .bind(position)
    .fetch_optional(connection)
    .await?;
    Ok(found.is_some() && found == event_id)
}
