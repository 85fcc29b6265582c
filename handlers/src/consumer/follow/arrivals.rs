//! What NATS brings, on its way to the line.

use tokio::time::Instant;

use super::Follow;
use crate::{
    consumer::{
        HandleError,
        line::Fit,
        listener::{Arrival, Listener},
        metrics,
    },
    followers::Distance,
};

impl Follow {
    /// Takes what has arrived, as much as a batch may hold.
    pub(super) async fn drain(&mut self) -> Result<(), HandleError> {
        while self.has_room()
            && let Some(arrival) = self.listener.as_mut().and_then(Listener::try_next)
        {
            self.arrived(arrival).await?;
        }
        Ok(())
    }

    pub(super) fn has_room(&self) -> bool {
        self.line.pending() < self.settings.events_max
    }

    pub(super) async fn arrived(&mut self, arrival: Arrival) -> Result<(), HandleError> {
        match arrival {
            // Attached first, the head asked then: what is in neither cannot be.
            Arrival::Attached => {
                let distance = Distance::from(&self.commit.pool, self.line.position()).await?;
                self.line.read_log(distance.head);
            }
            Arrival::Event(place, event) => {
                if self.line.event(place, *event) == Fit::Hole {
                    metrics::count_hole(self.name());
                }
            }
            Arrival::Unreadable(place) => self.line.read_log(place.position),
            Arrival::Head(place) => {
                // It travels beside the messages and may overtake them.
                if self.line.head(place) == Fit::Hole && self.overdue.is_none() {
                    self.overdue = Some((place, Instant::now() + self.settings.grace));
                }
            }
        }
        if self.overdue.is_some_and(|(place, _)| place.previous <= self.line.end()) {
            self.overdue = None;
        }
        Ok(())
    }

    /// What was sent did not come in time: it is read from the log. The subscription may be waiting for
    /// sequences that its stream no longer counts up to, which nats-server does in silence, so it is made anew.
    pub(super) fn give_up_waiting(&mut self) {
        let Some((place, _)) = self.overdue.take_if(|(_, until)| Instant::now() >= *until) else { return };
        metrics::count_hole(self.name());
        self.line.read_log(place.position);
        self.listener = self.nats.clone().map(|nats| Listener::start(nats, self.settings.poll));
    }
}
