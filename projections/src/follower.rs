//! One projection following the log: batch after batch, from errors back to work.

use std::{sync::Arc, time::Duration};

use platform::{backoff::Backoff, clock::Clock};
use sqlx::PgPool;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{
    batch::{Batch, Batches, Company, OnPoison},
    checkpoint::Hold,
    ownership::{Claimant, Stance},
    projection::{ProjectError, Projection},
    runner::{OnOtherVersion, RunError, Settings},
    schema::SchemaName,
};

/// A standby looks at the checkpoint so often before it loses patience.
const LOOKS_PER_PATIENCE: u32 = 4;
/// An owner with nothing to do asks for itself after so many polls of the log's end.
const IDLE_POLLS: u32 = 20;

/// A projection and what it needs.
pub(crate) struct Follower {
    pub(crate) pool: PgPool,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) projection: Arc<dyn Projection>,
    pub(crate) head: watch::Receiver<i64>,
    pub(crate) company: Company,
    pub(crate) settings: Settings,
    pub(crate) schema: SchemaName,
}

/// What to do after a step.
enum Next {
    /// Another step at once; this one settled who owns what, but proved nothing else.
    Settled,
    /// Another step at once: there is more to do.
    More,
    /// Nothing to do: wait for news of the log, this long at most.
    Wait(Duration),
}

/// Why a step failed.
#[derive(Debug, thiserror::Error)]
enum StepError {
    /// To be tried again.
    #[error(transparent)]
    Project(#[from] ProjectError),
    /// Not to be tried again.
    #[error(transparent)]
    Stop(#[from] RunError),
}

impl Follower {
    /// Follows until `shutdown`.
    pub(crate) async fn run(mut self, shutdown: CancellationToken) -> Result<(), RunError> {
        let mut backoff = Backoff::new(self.settings.backoff_first, self.settings.backoff_max);
        let mut stance = Stance::Arriving;
        while !shutdown.is_cancelled() {
            // Marked as seen before the step reads the log: what comes later ends the wait below.
            self.head.borrow_and_update();
            match self.step(stance).await {
                Ok((after, next)) => {
                    stance = after;
                    self.proceed(&mut backoff, next, &shutdown).await;
                }
                Err(StepError::Stop(error)) => return Err(error),
                Err(StepError::Project(error)) => {
                    stance = stance.shaken();
                    self.retreat(&mut backoff, &error, &shutdown).await;
                }
            }
        }
        Ok(())
    }

    async fn step(&self, stance: Stance) -> Result<(Stance, Next), StepError> {
        let claimant = self.claimant();
        match stance {
            Stance::Arriving => match claimant.take_over().await? {
                Some(stance) => Ok((stance, Next::Settled)),
                None => self.wait_or_stop(&claimant).await,
            },
            // Looked at first: taking over would queue behind the batches of those who fold these rows.
            Stance::Waiting => {
                if claimant.stored_version().await? == Some(self.projection.identity().version) {
                    return Ok((Stance::Arriving, Next::Settled));
                }
                Ok((Stance::Waiting, Next::Wait(self.settings.patience / LOOKS_PER_PATIENCE)))
            }
            Stance::Unsure { fence } => Ok((claimant.make_sure(fence).await?, Next::Settled)),
            Stance::Standby { seen, since } => {
                let next = Next::Wait(self.settings.patience / LOOKS_PER_PATIENCE);
                Ok((claimant.look(seen, since).await?, next))
            }
            Stance::Owner(hold) => self.take_batch(hold).await,
        }
    }

    async fn take_batch(&self, hold: Hold) -> Result<(Stance, Next), StepError> {
        let owner = Stance::Owner(hold);
        // Only a net under the net: news of the log comes by the watch.
        let idle = Next::Wait(self.settings.poll * IDLE_POLLS);
        Ok(match self.batches().next(hold, self.settings.positions_max, &self.company).await? {
            Batch::Done { upto, is_last } => {
                let next = if is_last { idle } else { Next::More };
                (Stance::Owner(Hold { position: upto, ..hold }), next)
            }
            Batch::Empty => (owner, idle),
            Batch::Busy => (owner, Next::Wait(self.settings.poll)),
            Batch::Missed => (self.after_miss(hold).await?, Next::Settled),
            Batch::Shrunk => (owner.shaken(), Next::Wait(self.settings.poll)),
        })
    }

    /// Reads the checkpoint again.
    async fn after_miss(&self, hold: Hold) -> Result<Stance, ProjectError> {
        let stance = self.claimant().make_sure(hold.fence).await?;
        // It is where it was believed: so it was the log that is not as it was remembered.
        if matches!(stance, Stance::Owner(found) if found == hold) {
            self.company.feed.forget();
        }
        Ok(stance)
    }

    async fn proceed(&mut self, backoff: &mut Backoff, next: Next, shutdown: &CancellationToken) {
        if !matches!(next, Next::Settled) {
            if !backoff.is_fresh() {
                tracing::info!(projection = self.projection.identity().name, "going on");
            }
            backoff.succeeded();
        }
        let Next::Wait(at_most) = next else { return };
        let news = async {
            // An error: nobody tells news any more, so the wait ends by its time.
            if self.head.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = tokio::time::sleep(at_most) => {}
            () = news => {}
        }
    }

    /// Tells of the first error of a row, and waits.
    async fn retreat(&self, backoff: &mut Backoff, error: &ProjectError, shutdown: &CancellationToken) {
        let is_first = backoff.is_fresh();
        let wait = backoff.failed();
        if is_first {
            let projection = self.projection.identity().name;
            tracing::warn!(projection, %error, "cannot go on; trying again until it works");
        }
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = tokio::time::sleep(wait) => {}
        }
    }

    async fn wait_or_stop(&self, claimant: &Claimant<'_>) -> Result<(Stance, Next), StepError> {
        let error = self.other_version(claimant).await?;
        match self.settings.on_other_version {
            OnOtherVersion::Stop => Err(error.into()),
            OnOtherVersion::Wait => {
                tracing::warn!(%error, "waiting for its rows to be exchanged");
                Ok((Stance::Waiting, Next::Settled))
            }
        }
    }

    async fn other_version(&self, claimant: &Claimant<'_>) -> Result<RunError, ProjectError> {
        let identity = self.projection.identity();
        let stored = claimant.stored_version().await?.unwrap_or_default();
        Ok(RunError::OtherVersion { name: identity.name, stored, ours: identity.version })
    }

    fn claimant(&self) -> Claimant<'_> {
        Claimant {
            pool: &self.pool,
            schema: &self.schema,
            identity: self.projection.identity(),
            clock: &*self.clock,
            patience: self.settings.patience,
        }
    }

    fn batches(&self) -> Batches<'_> {
        Batches {
            pool: &self.pool,
            schema: &self.schema,
            projection: &*self.projection,
            clock: &*self.clock,
            on_poison: OnPoison::Park,
        }
    }
}
