//! The sealer: what is recorded is sealed soon afterwards, and the seals are copied out of the database.
//!
//! Any number of processes may run it; a lock in the database lets one seal at a time, and the seals' numbers are
//! unique besides. It reads what it seals, whole, and refuses what does not fit: a seal never vouches for an event
//! that was altered before it came.

mod export;
mod metrics;

use std::{io, time::Duration};

use chrono::{DateTime, Utc};
use events::audit::{Refused, Seal, SealError, SealFolder, Sealing, SigningKey, seal_next};
use platform::backoff::Backoff;
use sqlx::Row;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::Surroundings;
pub use export::{ExportError, export_seals};
use export::{export_all, export_behind};

/// A round that takes longer has lost its connection without being told: it is given up and begun anew. Whatever it
/// sealed or copied stays.
const ROUND_MAX: Duration = Duration::from_mins(2);

/// How the sealer runs.
#[derive(Clone, Debug)]
pub struct Settings {
    /// So many events are sealed at once, however short they have waited.
    pub events_enough: i64,
    /// Fewer are sealed once the oldest of them has waited so long.
    pub after: Duration,
    /// Events in one seal at most: bounds memory, and the size of the row.
    pub events_max: i64,
    /// How often the log is looked at.
    pub poll: Duration,
    /// The first wait after trouble; doubles.
    pub backoff_first: Duration,
    /// The longest wait after trouble.
    pub backoff_max: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            events_enough: 1_000,
            after: Duration::from_secs(1),
            events_max: 10_000,
            poll: Duration::from_millis(200),
            backoff_first: Duration::from_millis(200),
            backoff_max: Duration::from_secs(30),
        }
    }
}

/// Seals until `shutdown`. A lost database is waited for, however long; a lost folder stops no seal.
///
/// Uses one connection of the pool at a time.
pub async fn run(
    surroundings: Surroundings,
    key: SigningKey,
    folder: Option<SealFolder>,
    settings: Settings,
    shutdown: CancellationToken,
) {
    metrics::describe();
    let mut backoff = Backoff::new(settings.backoff_first, settings.backoff_max);
    let poll = settings.poll;
    let mut sealer = Sealer {
        surroundings,
        key,
        folder,
        settings,
        waiting_since: None,
        oldest: None,
        exported: None,
        complained_at: 0,
    };
    loop {
        let round = tokio::time::timeout(ROUND_MAX, sealer.round());
        let Some(round) = shutdown.run_until_cancelled(round).await else { return };
        sealer.tell_age();
        let wait = match round.unwrap_or_else(|_| Err(sqlx::Error::Io(io::ErrorKind::TimedOut.into()).into()))
        {
            Ok(Round::More) => Duration::ZERO,
            Ok(Round::Done) => {
                backoff.succeeded();
                poll
            }
            Ok(Round::Stuck) => backoff.failed(),
            Err(error) => {
                if backoff.is_fresh() {
                    tracing::error!(%error, "the log is not being sealed; trying again");
                }
                backoff.failed()
            }
        };
        if shutdown.run_until_cancelled(tokio::time::sleep(wait)).await.is_none() {
            return;
        }
    }
}

/// Why a round came to nothing.
#[derive(Debug, thiserror::Error)]
enum RoundError {
    #[error(transparent)]
    Seal(#[from] SealError),
    #[error(transparent)]
    Export(#[from] ExportError),
}

impl From<sqlx::Error> for RoundError {
    fn from(error: sqlx::Error) -> Self {
        Self::Seal(error.into())
    }
}

enum Round {
    /// There may be more to seal at once.
    More,
    Done,
    /// An event cannot be sealed.
    Stuck,
}

struct Sealer {
    surroundings: Surroundings,
    key: SigningKey,
    folder: Option<SealFolder>,
    settings: Settings,
    /// When this process first saw that something waits. Not by the events' own times: clocks of other machines,
    /// and whoever alters them, could put a seal off.
    waiting_since: Option<Instant>,
    /// The oldest event that is not sealed.
    oldest: Option<Oldest>,
    /// The last seal that this process knows to be in the folder.
    exported: Option<Seal>,
    /// The position that was complained about, so that it is said once.
    complained_at: i64,
}

impl Sealer {
    async fn round(&mut self) -> Result<Round, RoundError> {
        let unsealed = self.look().await?;
        self.export(unsealed.seals).await?;
        if unsealed.events == 0 {
            self.waiting_since = None;
            return Ok(Round::Done);
        }
        let since = *self.waiting_since.get_or_insert_with(Instant::now);
        if unsealed.events < self.settings.events_enough && since.elapsed() < self.settings.after {
            return Ok(Round::Done);
        }
        self.waiting_since = None;
        let done = self.seal().await?;
        if let Sealing::Sealed { seal, .. } = &done {
            self.export(seal.number).await?;
        }
        Ok(self.tell(&done))
    }

    /// Sealed once the transaction is committed, and not before.
    async fn seal(&self) -> Result<Sealing, RoundError> {
        let now = self.surroundings.clock.now();
        let mut transaction = platform::db::begin(&self.surroundings.pool).await?;
        let done = seal_next(&mut transaction, &self.key, self.settings.events_max, now).await?;
        transaction.commit().await?;
        Ok(done)
    }

    fn tell(&mut self, done: &Sealing) -> Round {
        let refused = match done {
            Sealing::Idle | Sealing::Elsewhere => return Round::Done,
            Sealing::Sealed { seal, refused } => {
                metrics::count_seal();
                metrics::set_position(seal.last_position);
                let (number, first, last) = (seal.number, seal.first_position, seal.last_position);
                tracing::debug!(number, first, last, "sealed");
                refused.as_ref()
            }
            Sealing::Refused(refused) => Some(refused),
        };
        let Some(Refused { position, event_id, reason }) = refused else { return Round::More };
        if self.complained_at != *position {
            self.complained_at = *position;
            metrics::count_refused();
            // Loud, for somebody has changed the log, and nothing behind this event is sealed until it is looked at.
            tracing::error!(
                position,
                ?event_id,
                reason,
                "an event cannot be sealed: run `iris audit verify`"
            );
        }
        Round::Stuck
    }

    /// Brings the folder up to that seal. What the folder says otherwise than the database stops the sealing: on top
    /// of rewritten seals there must be no new one. A folder that cannot be written to does not.
    async fn export(&mut self, upto: i64) -> Result<(), RoundError> {
        let Some(folder) = &self.folder else { return Ok(()) };
        let pool = &self.surroundings.pool;
        let exported = match &self.exported {
            Some(copied) => export_behind(pool, folder, copied, upto).await,
            None => export_all(pool, folder).await,
        };
        match exported {
            Ok(None) => {}
            Ok(last) => self.exported = last,
            Err(error) => {
                metrics::count_export_failure();
                if error.is_contradiction() {
                    return Err(error.into());
                }
                tracing::warn!(%error, "seals are not copied to AUDIT_SEAL_DIR; trying again with the next one");
            }
        }
        Ok(())
    }

    async fn look(&mut self) -> Result<Unsealed, sqlx::Error> {
        // Positions are dense, so the oldest unsealed event is the next one. Its time as a number: `infinity`, which
        // somebody may have written there, is no moment that could be read.
        let row = sqlx::query(
            "SELECT h.position - s.position AS events, s.seals, s.position, \
                    EXTRACT(EPOCH FROM e.recorded_at)::float8 AS oldest_s \
             FROM public.log_head h \
             CROSS JOIN (SELECT COALESCE(max(last_position), 0) AS position, COALESCE(max(number), 0) AS seals \
                         FROM audit.seals) s \
             LEFT JOIN public.events e ON e.global_position = s.position + 1 \
             WHERE h.id = 1",
        )
        .fetch_one(&self.surroundings.pool)
        .await?;
        let position: i64 = row.try_get("position")?;
        let unsealed =
            Unsealed { events: row.try_get::<i64, _>("events")?.max(0), seals: row.try_get("seals")? };
        self.oldest = (unsealed.events > 0).then_some(Oldest {
            position: position + 1,
            recorded_at_s: row.try_get("oldest_s")?,
            seen_at: match &self.oldest {
                Some(before) if before.position == position + 1 => before.seen_at,
                _ => Instant::now(),
            },
        });
        metrics::set_position(position);
        metrics::set_unsealed(unsealed.events);
        Ok(unsealed)
    }

    /// After each round, however it ended: the age grows while the database says nothing.
    fn tell_age(&self) {
        let age = self.oldest.as_ref().map_or(0.0, |oldest| oldest.age_s(self.surroundings.clock.now()));
        metrics::set_oldest_unsealed(age);
    }
}

struct Unsealed {
    events: i64,
    /// The number of the last seal.
    seals: i64,
}

struct Oldest {
    position: i64,
    /// Seconds since 1970; `None` where there is no event.
    recorded_at_s: Option<f64>,
    /// When this process first saw that it waits.
    seen_at: Instant,
}

impl Oldest {
    /// By its own time or by ours, whichever is more: an event that is gone has no time of its own, and one that was
    /// altered may have any.
    fn age_s(&self, now: DateTime<Utc>) -> f64 {
        let now_s = (now - DateTime::UNIX_EPOCH).as_seconds_f64();
        let own = self.recorded_at_s.map_or(0.0, |at_s| now_s - at_s);
        own.max(self.seen_at.elapsed().as_secs_f64())
    }
}
