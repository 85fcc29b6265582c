//! One attempt at a run, from its taking up to what became of it.

use std::{any::Any, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures::FutureExt as _;
use tokio::{sync::watch, time::Instant};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};
use uuid::Uuid;

use super::{
    hold::{Begun, Hold, Leaving},
    job::{Done, Job, JobError, Lost, Run, Tally},
    metrics,
};
use crate::Surroundings;

/// A lease is renewed so often while it lasts.
pub(super) const RENEWALS_PER_LEASE: u32 = 3;

/// What becomes of an attempt that failed.
#[derive(Clone, Copy, Debug)]
pub(super) enum OnFailure {
    /// Tried again, up to so many attempts in all; the wait doubles from `first` to `max`.
    TryAgain { attempts_max: i32, first: Duration, max: Duration },
    /// Whoever runs it by hand is told at once.
    GiveUp,
}

/// How long a lease lasts, what comes of a failure, and how long a job may take to stop.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    pub(super) lease: Duration,
    pub(super) on_failure: OnFailure,
    pub(super) grace: Duration,
}

/// What became of an attempt.
#[derive(Debug)]
pub(super) enum Ending {
    Succeeded(Done),
    Failed(String),
    Retrying(String),
    Stopped,
    /// Another process has the run, and says what becomes of it.
    Lost,
}

impl Ending {
    fn name(&self) -> &'static str {
        match self {
            Self::Succeeded(_) => "succeeded",
            Self::Failed(_) => "failed",
            Self::Retrying(_) => "retrying",
            Self::Stopped => "stopped",
            Self::Lost => "lost",
        }
    }
}

/// One attempt.
pub(super) struct Attempt {
    pub(super) job: Arc<dyn Job>,
    pub(super) begun: Begun,
    pub(super) holder: Uuid,
    pub(super) surroundings: Surroundings,
    pub(super) terms: Terms,
    pub(super) progress: watch::Sender<Tally>,
}

impl Attempt {
    /// Does it until it is done, fails, is lost, or `shutdown`; writes what became of it.
    pub(super) async fn perform(self, shutdown: &CancellationToken) -> Ending {
        let job = self.job.name();
        let began = Instant::now();
        metrics::set_running(job, true);
        let stop = shutdown.child_token();
        let hold = self.hold(&stop);
        tracing::info!(job, run_id = %hold.run_id, scheduled_for = %self.begun.scheduled_for,
            attempt = self.begun.attempt, "a run begins");
        let result = self.work(&hold, &stop).await;
        let ending = self.settle(&hold, result, shutdown).await;
        metrics::set_running(job, false);
        metrics::count_run(job, ending.name(), began.elapsed());
        self.tell(&ending);
        ending
    }

    fn hold(&self, stop: &CancellationToken) -> Hold {
        Hold {
            pool: self.surroundings.pool.clone(),
            run_id: self.begun.run_id,
            holder: self.holder,
            fence: self.begun.fence,
            lease: self.terms.lease,
            stop: stop.clone(),
            progress: self.progress.clone(),
        }
    }

    /// The job beside the keeping of its lease. A job that does not stop within its grace is dropped: its transaction
    /// is rolled back, and what it had saved stays.
    async fn work(&self, hold: &Hold, stop: &CancellationToken) -> Result<Done, JobError> {
        let run = Run {
            run_id: self.begun.run_id,
            scheduled_for: self.begun.scheduled_for,
            checkpoint: self.begun.checkpoint.clone(),
            stop: stop.clone(),
            surroundings: self.surroundings.clone(),
            record: Arc::new(hold.clone()),
        };
        // A panic of one job ends that run and nothing else.
        let working = AssertUnwindSafe(self.job.run(&run)).catch_unwind();
        // A task of its own: a job that computes for long without a pause keeps no lease by itself.
        let mut keeping = AbortOnDropHandle::new(tokio::spawn(keep(hold.clone())));
        let grace = self.terms.grace;
        let overdue = async {
            stop.cancelled().await;
            tokio::time::sleep(grace).await;
        };
        tokio::select! {
            worked = working => worked.unwrap_or_else(|panic| Err(JobError::Failed(words_of(&*panic)))),
            _ = &mut keeping => Err(JobError::Lost(Lost)),
            () = overdue => Err(JobError::Stopped),
        }
    }

    async fn settle(
        &self,
        hold: &Hold,
        result: Result<Done, JobError>,
        shutdown: &CancellationToken,
    ) -> Ending {
        let leaving = match result {
            Ok(done) => Leaving::Succeeded(done),
            Err(JobError::Lost(_)) => return Ending::Lost,
            // Whatever a job says that was asked to stop, it says because of that.
            Err(_) if shutdown.is_cancelled() => self.stopped(),
            Err(_) if hold.stop.is_cancelled() => return Ending::Lost,
            Err(error) => self.failed(error.to_string()),
        };
        match hold.leave(&leaving, self.surroundings.clock.now()).await {
            Ok(true) => match leaving {
                Leaving::Succeeded(done) => {
                    metrics::set_last_success(self.job.name(), self.surroundings.clock.now());
                    Ending::Succeeded(done)
                }
                Leaving::Failed(error) => Ending::Failed(error),
                Leaving::Retrying(error, _) => Ending::Retrying(error),
                Leaving::GivenBack | Leaving::StoppedByHand => Ending::Stopped,
            },
            Ok(false) => Ending::Lost,
            Err(error) => {
                // The lease runs out by itself, and the run is taken up again.
                tracing::warn!(job = self.job.name(), %error, "what became of a run could not be written");
                Ending::Lost
            }
        }
    }

    /// The scheduler's is for the next leader; one that was run by hand is for whoever ran it.
    fn stopped(&self) -> Leaving {
        match self.terms.on_failure {
            OnFailure::TryAgain { .. } => Leaving::GivenBack,
            OnFailure::GiveUp => Leaving::StoppedByHand,
        }
    }

    fn failed(&self, error: String) -> Leaving {
        match self.terms.on_failure {
            OnFailure::TryAgain { attempts_max, first, max } if self.begun.attempt < attempts_max => {
                let doublings = u32::try_from(self.begun.attempt - 1).unwrap_or_default().min(16);
                Leaving::Retrying(error, (first * 2_u32.pow(doublings)).min(max))
            }
            OnFailure::TryAgain { .. } | OnFailure::GiveUp => Leaving::Failed(error),
        }
    }

    fn tell(&self, ending: &Ending) {
        let (job, run_id) = (self.job.name(), self.begun.run_id);
        match ending {
            Ending::Succeeded(_) => tracing::info!(job, %run_id, "a run is done"),
            Ending::Failed(error) => tracing::error!(job, %run_id, error, "a run failed for good"),
            Ending::Retrying(error) => tracing::warn!(job, %run_id, error, "a run failed; it is tried again"),
            Ending::Stopped => {
                tracing::info!(job, %run_id, "a run was stopped; it goes on from what it saved");
            }
            Ending::Lost => tracing::warn!(job, %run_id, "a run is another process's by now"),
        }
    }
}

/// Holds on to the lease; returns when it is lost, or can no longer be known to be held.
async fn keep(hold: Hold) {
    let mut held_until = Instant::now() + hold.lease;
    loop {
        tokio::time::sleep(hold.lease / RENEWALS_PER_LEASE).await;
        match hold.renew().await {
            Ok(true) => held_until = Instant::now() + hold.lease,
            Ok(false) => return hold.stop.cancel(),
            Err(_) if Instant::now() >= held_until => return hold.stop.cancel(),
            Err(_) => {}
        }
    }
}

fn words_of(panic: &(dyn Any + Send)) -> String {
    let words =
        panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("panicked: {}", words.unwrap_or("without a word"))
}
