//! While nothing is at hand: waiting, looking at the log's end, and holding on to the lease.

use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::{Follow, RENEWALS_PER_LEASE};
use crate::{
    consumer::{
        HandleError,
        commit::READ_MODEL_POLL,
        listener::{Arrival, Listener},
        metrics,
    },
    followers::Distance,
    surroundings::woken,
};

/// What ended a wait.
pub(super) enum Woken {
    Arrival(Arrival),
    Log(i64),
    Time,
    Stop,
}

impl Follow {
    /// Looks for what NATS did not bring, and for how far behind we are.
    pub(super) async fn sweep(&mut self) -> Result<(), HandleError> {
        let position = self.line.position();
        let distance = Distance::from(&self.commit.pool, position).await?;
        metrics::set_distance(self.name(), position, distance, self.commit.clock.now());
        // Where NATS brings nothing, the log is read; where it brings something, what is missing shows by
        // itself when the next message comes.
        if !self.is_live() || self.line.end() == self.swept_end {
            self.line.read_log(distance.head);
        }
        self.swept_end = self.line.end();
        self.is_flushing = true;
        let every = if self.is_live() { self.settings.sweep } else { self.settings.poll };
        self.sweep_at = Instant::now() + every;
        Ok(())
    }

    /// Holds on to the lease, and learns where the row is.
    pub(super) async fn renew(&mut self) -> Result<bool, HandleError> {
        let Some(position) = self.commit.claim.renew(self.fence, None).await? else { return Ok(false) };
        if self.is_unsure {
            self.line.begin_again(position);
            self.is_unsure = false;
        }
        self.renew_at = Instant::now() + self.settings.lease / RENEWALS_PER_LEASE;
        Ok(true)
    }

    pub(super) async fn wait(&mut self, shutdown: &CancellationToken) -> Result<Woken, HandleError> {
        let has_room = self.has_room();
        let is_live = self.is_live();
        let until = self.wait_until();
        let woken = tokio::select! {
            () = shutdown.cancelled() => Woken::Stop,
            arrival = next(&mut self.listener), if has_room => Woken::Arrival(arrival),
            // While NATS brings the events, the log's own news would only be faster than they are.
            position = woken(&mut self.wake), if !is_live => Woken::Log(position),
            () = sleep_until(until) => Woken::Time,
        };
        match woken {
            Woken::Arrival(arrival) => {
                self.arrived(arrival).await?;
                return Ok(Woken::Time);
            }
            Woken::Log(position) => self.line.read_log(position),
            Woken::Time => self.give_up_waiting(),
            Woken::Stop => {}
        }
        Ok(woken)
    }

    fn wait_until(&self) -> Instant {
        let mut until = self.renew_at.min(self.sweep_at);
        if let Some((_, overdue)) = self.overdue {
            until = until.min(overdue);
        }
        if self.is_limited { until.min(Instant::now() + READ_MODEL_POLL) } else { until }
    }
}

/// What NATS brings next; never anything where there is no NATS.
async fn next(listener: &mut Option<Listener>) -> Arrival {
    match listener {
        Some(listener) => listener.next().await,
        None => std::future::pending().await,
    }
}
