//! Running a consumer: who holds it, and from errors back to work.

use std::{sync::Arc, time::Duration};

use platform::backoff::Backoff;
use tokio_util::sync::CancellationToken;

use super::{
    Consumer, HandleError,
    commit::Commit,
    follow::{Ended, Follow},
    gathering::Gathering,
    metrics,
};
use crate::{
    Nats, Surroundings,
    followers::{Claim, Hold},
};

/// A standby asks so often during a lease whether it has run out.
const LOOKS_PER_LEASE: u32 = 4;

/// How consumers run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How long a holder that says nothing remains the holder.
    pub lease: Duration,
    /// Positions that are read at once, at most: bounds memory.
    pub positions_max: i64,
    /// Public events per batch, at most: bounds how long a batch holds its rows.
    pub events_max: usize,
    /// How long the row may not tell of what was passed over because it held nothing for the consumer.
    pub save: Duration,
    /// How often the end of the log is looked at for what NATS did not bring.
    pub sweep: Duration,
    /// The same while NATS is away or not there at all.
    pub poll: Duration,
    /// How long a message may come later than the relay's word that it was sent.
    pub grace: Duration,
    /// The first wait after an error; doubles.
    pub backoff_first: Duration,
    /// The longest wait after an error.
    pub backoff_max: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(5),
            positions_max: 2_000,
            // Fanned out to a hundred endpoints, one transaction locks all their lanes for as long as it queues:
            // with 500 that was up to 0.7 s in which no result could be written.
            events_max: 100,
            save: Duration::from_millis(50),
            sweep: Duration::from_secs(1),
            poll: Duration::from_millis(200),
            grace: Duration::from_millis(100),
            backoff_first: Duration::from_millis(100),
            backoff_max: Duration::from_secs(5),
        }
    }
}

/// Runs a consumer until `shutdown`, whenever this process holds it; a batch in hand is finished first.
///
/// Without NATS, or while it is away, the log alone is read. A lost database is waited for, and a batch
/// that fails is tried again, however often. Uses one connection of the pool at a time.
pub async fn run(
    consumer: Arc<dyn Consumer>,
    surroundings: Surroundings,
    nats: Option<Nats>,
    shutdown: CancellationToken,
) {
    run_with(consumer, surroundings, nats, shutdown, Settings::default()).await;
}

/// [`run`] with other settings.
pub async fn run_with(
    consumer: Arc<dyn Consumer>,
    surroundings: Surroundings,
    nats: Option<Nats>,
    shutdown: CancellationToken,
    settings: Settings,
) {
    metrics::describe();
    let identity = consumer.identity();
    let claim = Claim {
        pool: surroundings.pool.clone(),
        name: identity.name,
        start: identity.start,
        holder: surroundings.ids.next(),
        lease: settings.lease,
    };
    let mut backoff = Backoff::new(settings.backoff_first, settings.backoff_max);
    let running = Running { consumer, claim, surroundings, nats, settings, shutdown };
    while let Some(taken) = running.shutdown.run_until_cancelled(running.claim.take()).await {
        let wait = match taken {
            Ok(Some(hold)) => {
                running.hold(hold, &mut backoff).await;
                Duration::ZERO
            }
            Ok(None) => running.settings.lease / LOOKS_PER_LEASE,
            Err(error) => running.failed(&mut backoff, &error.into()),
        };
        running.pause(wait).await;
    }
}

struct Running {
    consumer: Arc<dyn Consumer>,
    claim: Claim,
    surroundings: Surroundings,
    nats: Option<Nats>,
    settings: Settings,
    shutdown: CancellationToken,
}

impl Running {
    /// Follows under that hold; returns when it is lost, or given back at the end.
    async fn hold(&self, hold: Hold, backoff: &mut Backoff) {
        let consumer = self.name();
        tracing::info!(consumer, position = hold.position, "this process holds the consumer");
        let gathering =
            Gathering { surroundings: self.surroundings.clone(), consumer: Arc::clone(&self.consumer) };
        let commit = Commit {
            pool: self.surroundings.pool.clone(),
            consumer: Arc::clone(&self.consumer),
            claim: self.claim.clone(),
        };
        let wake = self.surroundings.wake.clone();
        let mut follow = Follow::new(commit, gathering, hold, wake, self.nats.clone(), self.settings.clone());
        loop {
            match follow.go_on(&self.shutdown, backoff).await {
                Ok(Ended::Stopped) => return self.release(&follow).await,
                Ok(Ended::Lost) => {
                    tracing::warn!(consumer, "another process holds the consumer from here on");
                    return;
                }
                Err(error) => {
                    let wait = self.failed(backoff, &error);
                    self.pause(wait).await;
                    // The batch may have been committed though its answer was lost: the row knows.
                    follow.is_unsure();
                }
            }
        }
    }

    async fn release(&self, follow: &Follow) {
        if let Err(error) = follow.release().await {
            tracing::debug!(consumer = self.name(), %error, "the lease was not given back; it runs out by itself");
        }
    }

    /// Tells of the first error of a row.
    fn failed(&self, backoff: &mut Backoff, error: &HandleError) -> Duration {
        let consumer = self.name();
        metrics::count_failure(consumer);
        if backoff.is_fresh() {
            tracing::warn!(consumer, %error, "cannot go on; trying again until it works");
        }
        backoff.failed()
    }

    async fn pause(&self, wait: Duration) {
        let _or_shutdown = self.shutdown.run_until_cancelled(tokio::time::sleep(wait)).await;
    }

    fn name(&self) -> &'static str {
        self.consumer.identity().name
    }
}
