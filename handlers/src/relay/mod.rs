//! The relay: public events from the log to NATS, in the order of positions, each once.
//!
//! The log is the outbox. One process publishes, by the lease in `fanout.followers`; the others stand by.
//! Where to go on is read from the stream's own last message, never from a stored number, so a stream
//! that was lost, shortened or made anew is refilled with the same events in the same order. Whatever two
//! relays do at once, the guard on each message keeps the stream in order (see `pipeline.rs`).

mod metrics;
mod pipeline;
mod publishing;
mod stream;
mod trouble;

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use platform::backoff::Backoff;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{
    Nats, Surroundings,
    consumer::Start,
    followers::{Claim, Distance, Hold},
};
use publishing::Publishing;

/// The relay's row in `fanout.followers`.
const NAME: &str = "relay";
/// The lease is renewed so often while it lasts.
const RENEWALS_PER_LEASE: u32 = 3;

/// How the relay runs.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How long a leader that says nothing remains the leader.
    pub lease: Duration,
    /// How often the log is read when nobody wakes us.
    pub poll: Duration,
    /// How long what comes is gathered after a round; the first event after a lull goes out at once.
    pub pace: Duration,
    /// How often the stream is compared with what this process left: bounds how long a lost stream stays
    /// lost while nothing is published.
    pub check: Duration,
    /// Positions read at a time at most: bounds memory.
    pub positions_max: i64,
    /// Messages without an acknowledgement at most.
    pub in_flight_max: usize,
    /// How long an acknowledgement, or any answer, is waited for.
    pub ack_timeout: Duration,
    /// How long the server remembers the ids of messages; used when the stream is made.
    pub duplicate_window: Duration,
    /// The first wait after trouble; doubles.
    pub backoff_first: Duration,
    /// The longest wait after trouble.
    pub backoff_max: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(5),
            poll: Duration::from_millis(50),
            pace: Duration::from_millis(5),
            check: Duration::from_secs(3),
            positions_max: 2_000,
            in_flight_max: 256,
            ack_timeout: Duration::from_secs(5),
            duplicate_window: Duration::from_mins(2),
            backoff_first: Duration::from_millis(50),
            backoff_max: Duration::from_secs(2),
        }
    }
}

/// Publishes until `shutdown`, whenever this process leads.
///
/// A lost database or a lost NATS is waited for, however long; nothing is skipped. Uses two connections
/// of the pool at a time at most.
pub async fn run(surroundings: Surroundings, nats: Nats, shutdown: CancellationToken) {
    run_with(surroundings, nats, shutdown, Settings::default()).await;
}

/// [`run`] with other settings.
pub async fn run_with(
    surroundings: Surroundings,
    nats: Nats,
    shutdown: CancellationToken,
    settings: Settings,
) {
    metrics::describe();
    let claim = Claim {
        pool: surroundings.pool.clone(),
        name: NAME,
        start: Start::Origin,
        holder: surroundings.ids.next(),
        lease: settings.lease,
    };
    let leadership = Leadership { claim, surroundings, nats, settings };
    leadership.seek(&shutdown).await;
}

/// One process's part in who leads.
struct Leadership {
    claim: Claim,
    surroundings: Surroundings,
    nats: Nats,
    settings: Settings,
}

impl Leadership {
    async fn seek(&self, shutdown: &CancellationToken) {
        let mut backoff = Backoff::new(self.settings.backoff_first, self.settings.backoff_max);
        while let Some(taken) = shutdown.run_until_cancelled(self.claim.take()).await {
            let wait = match taken {
                Ok(Some(hold)) => {
                    backoff.succeeded();
                    self.lead(hold, shutdown).await;
                    Duration::ZERO
                }
                Ok(None) => self.settings.lease / RENEWALS_PER_LEASE,
                Err(error) => {
                    if backoff.is_fresh() {
                        tracing::warn!(%error, "who leads the relay cannot be found out; trying again");
                    }
                    backoff.failed()
                }
            };
            metrics::set_leader(false);
            let _or_shutdown = shutdown.run_until_cancelled(tokio::time::sleep(wait)).await;
        }
    }

    /// Returns when the lease is lost, or given back.
    async fn lead(&self, hold: Hold, shutdown: &CancellationToken) {
        metrics::set_leader(true);
        tracing::info!(fence = hold.fence, "this process leads the relay");
        let published = Arc::new(AtomicI64::new(hold.position));
        let publishing = Publishing {
            surroundings: self.surroundings.clone(),
            nats: self.nats.clone(),
            settings: self.settings.clone(),
            published: Arc::clone(&published),
            last_seen: None,
            renamed_upto: 0,
            complained_upto: 0,
        };
        // Side by side, so that a server that does not answer costs no lease. What is under way when the
        // other side ends is dropped: the next leader asks the stream what became of it.
        tokio::select! {
            () = shutdown.cancelled() => self.resign(hold, &published).await,
            () = self.keep(hold, &published) => tracing::warn!("another process leads the relay from here on"),
            () = publishing.go_on() => {}
        }
    }

    /// Holds on to the lease; returns when it is lost.
    async fn keep(&self, hold: Hold, published: &AtomicI64) {
        let mut held_until = Instant::now() + self.settings.lease;
        loop {
            tokio::time::sleep(self.settings.lease / RENEWALS_PER_LEASE).await;
            let position = published.load(Ordering::Relaxed);
            match self.claim.renew(hold.fence, Some(position)).await {
                Ok(Some(_)) => held_until = Instant::now() + self.settings.lease,
                Ok(None) => return,
                Err(_) if Instant::now() >= held_until => return,
                Err(_) => {}
            }
            if let Ok(distance) = Distance::from(&self.claim.pool, position).await {
                metrics::set_distance(position, distance, self.surroundings.clock.now());
            }
        }
    }

    async fn resign(&self, hold: Hold, published: &AtomicI64) {
        let position = published.load(Ordering::Relaxed);
        if let Err(error) = self.claim.release(hold.fence, Some(position)).await {
            tracing::debug!(%error, "the relay's lease was not given back; it runs out by itself");
        }
    }
}
