//! While nothing is at hand: waiting, looking at the log's end, and holding on to the lease.

use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::Follow;
use crate::{
    consumer::{
        HandleError,
        commit::READ_MODEL_POLL,
        listener::{Arrival, Listener},
        metrics,
    },
    followers::{Distance, Hold},
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
        metrics::set_distance(self.name(), position, distance, self.gathering.surroundings.clock.now());
        // Where NATS brings nothing, the log is read; where it brings something, what is missing shows by
        // itself when the next message comes.
        if !self.is_live() || self.line.end() == self.swept_end {
            self.line.read_log(distance.head);
        }
        self.swept_end = self.line.end();
        self.is_flushing = true;
        let pace = self.commit.consumer.identity().pace;
        let every = if self.is_live() { self.settings.sweep } else { self.settings.poll.max(pace) };
        self.sweep_at = Instant::now() + every;
        Ok(())
    }

    /// Something of the row is to be read or written.
    pub(super) fn must_renew(&self) -> bool {
        let now = Instant::now();
        self.is_unsure || now >= self.renew_at || self.save_at.is_some_and(|save_at| now >= save_at)
    }

    /// Holds on to the lease, and tells the row where the consumer is, or learns it from the row.
    pub(super) async fn renew(&mut self) -> Result<bool, HandleError> {
        let passed = self.position();
        let hold = Hold { position: self.saved, fence: self.fence };
        let renewed = match passed {
            Some(to) => self.commit.claim.pass(hold, to).await?,
            None => self.commit.claim.renew(self.fence, None).await?,
        };
        let Some(position) = renewed else { return Ok(false) };
        // Unsure, or the database has lost what was thought to be done.
        if passed != Some(position) {
            self.gathered = None;
            self.line.begin_again(position);
            self.is_unsure = false;
        }
        self.is_saved(position);
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
        if let Some(save_at) = self.save_at {
            until = until.min(save_at);
        }
        if self.line.end() > self.line.position() && self.rests() {
            until = until.min(self.paced_until);
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
