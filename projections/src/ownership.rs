//! Who runs a projection: one process at a time, without sessions, leases or clocks.
//!
//! - Starting takes over: the fence is raised, and the former owner's next batch finds it changed. A
//!   deployment's new process so relieves the old one at once, and nobody has to be asked.
//! - Whoever lost the fence stands by. It takes over only when the checkpoint has stayed where it is for
//!   some seconds, though the log goes on and no batch is under way: the owner is dead or cannot reach the
//!   database. A long batch is told from a dead owner by the advisory lock that the batch holds.
//! - Seconds are only about who should; what may happen is decided by the checkpoint row alone. Two that
//!   both believe to own it lose nothing and count nothing twice: one commit wins, the other does nothing.
//!
//! Rejected: a session-level advisory lock (behind a transaction pooler the session is not ours), and a
//! lease with an expiry time (needs clocks that agree, and a heartbeat while nothing happens).

use std::time::Duration;

use platform::clock::Clock;
use sqlx::PgPool;
use tokio::time::Instant;

use crate::{
    checkpoint::{self, Hold, Sighting},
    projection::{Identity, ProjectError},
    schema::SchemaName,
};

/// How this process stands to a projection.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stance {
    /// Just started.
    Arriving,
    /// Its rows are of another version, as it was said before.
    Waiting,
    /// The next batch is ours.
    Owner(Hold),
    /// Ours, but where the checkpoint is has to be read again: a commit's outcome is unknown.
    Unsure { fence: i64 },
    /// Somebody else's; `since` when it has been as it was seen.
    Standby { seen: Option<Hold>, since: Instant },
}

impl Stance {
    /// After an error or a missed checkpoint: what was believed is not to be believed any more.
    pub(crate) fn shaken(self) -> Self {
        match self {
            Self::Owner(hold) => Self::Unsure { fence: hold.fence },
            other => other,
        }
    }

    fn standby(seen: Option<Hold>) -> Self {
        Self::Standby { seen, since: Instant::now() }
    }
}

/// Whose checkpoints.
pub(crate) struct Claimant<'a> {
    pub(crate) pool: &'a PgPool,
    pub(crate) schema: &'a SchemaName,
    pub(crate) identity: &'static Identity,
    pub(crate) clock: &'a dyn Clock,
    /// How long a checkpoint must stand still before a standby takes it.
    pub(crate) patience: Duration,
}

impl Claimant<'_> {
    /// Takes the projection over. `None` where its rows are of another version.
    pub(crate) async fn take_over(&self) -> Result<Option<Stance>, ProjectError> {
        let mut connection = self.pool.acquire().await?;
        let hold = checkpoint::seize(&mut connection, self.schema, self.identity, self.clock.now()).await?;
        Ok(hold.map(Stance::Owner))
    }

    /// Reads the checkpoint again: still ours, or no more.
    pub(crate) async fn make_sure(&self, fence: i64) -> Result<Stance, ProjectError> {
        let seen = self.sight().await?.map(|sighting| sighting.hold);
        match seen {
            Some(hold) if hold.fence == fence => Ok(Stance::Owner(hold)),
            _ => {
                tracing::info!(projection = self.identity.name, "taken over by another process; standing by");
                Ok(Stance::standby(seen))
            }
        }
    }

    /// Looks whether whoever owns it still moves.
    pub(crate) async fn look(&self, seen: Option<Hold>, since: Instant) -> Result<Stance, ProjectError> {
        let Some(Sighting { hold, version, head }) = self.sight().await? else {
            return Ok(Stance::standby(None));
        };
        // Rows of another version are left to programs of that version.
        let is_idle = hold.position >= head || version != self.identity.version;
        if is_idle || seen != Some(hold) {
            return Ok(Stance::standby(Some(hold)));
        }
        if since.elapsed() < self.patience {
            return Ok(Stance::Standby { seen, since });
        }
        let mut connection = self.pool.acquire().await?;
        let (schema, name) = (self.schema, self.identity.name);
        let taken =
            checkpoint::seize_abandoned(&mut connection, schema, name, hold, self.clock.now()).await?;
        let Some(hold) = taken else { return Ok(Stance::standby(Some(hold))) };
        tracing::warn!(projection = name, position = hold.position, "its owner stands still; taken over");
        Ok(Stance::Owner(hold))
    }

    /// The version that the stored rows are of.
    pub(crate) async fn stored_version(&self) -> Result<Option<i32>, ProjectError> {
        Ok(self.sight().await?.map(|sighting| sighting.version))
    }

    async fn sight(&self) -> Result<Option<Sighting>, ProjectError> {
        let mut connection = self.pool.acquire().await?;
        Ok(checkpoint::sight(&mut connection, self.schema, self.identity.name).await?)
    }
}
