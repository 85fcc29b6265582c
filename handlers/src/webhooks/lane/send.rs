//! What a lane begins, and how much of it at once.

use std::pin::Pin;

use chrono::{DateTime, Utc};
use tokio::{sync::OwnedSemaphorePermit, time::Instant};

use super::{Attempted, Lane};
use crate::webhooks::{
    health::Breaker,
    request::{DueDelivery, SignedRequest},
};

/// A place in the queue for a permit.
pub(super) type PermitWait = Pin<Box<dyn Future<Output = Option<OwnedSemaphorePermit>> + Send + Sync>>;

impl Lane {
    /// Sends what may be sent at this moment.
    pub(super) fn send(&mut self) {
        let now = self.running.clock.now();
        if self.queue.is_empty() {
            // A place in the queue that is of no use to this lane is one to another.
            (self.permit, self.permit_wait) = (None, None);
            return;
        }
        if self.paced_until.is_some_and(|until| Instant::now() < until) {
            return;
        }
        self.paced_until = None;
        while !self.queue.is_empty() && self.in_flight.len() < self.window(now) {
            let Some(permit) = self.take_permit() else { return };
            if let Err(wait) = self.pace.try_begin() {
                // The wait is by the clock, which a test may stand still or move: looked at again soon.
                let wait = wait.to_std().unwrap_or_default().min(self.running.settings.poll);
                self.paced_until = Some(Instant::now() + wait);
                return;
            }
            let Some(delivery) = self.queue.pop_front() else { return };
            self.begin_attempt(delivery, permit, now);
        }
    }

    fn begin_attempt(&mut self, delivery: DueDelivery, permit: OwnedSemaphorePermit, now: DateTime<Utc>) {
        let signed = SignedRequest::sign(&delivery, &self.held.endpoint, &self.secrets, now);
        let egress = self.running.egress.clone();
        let url = self.held.endpoint.details.url.clone();
        self.busy_at = Instant::now();
        self.in_flight.spawn(async move {
            let sent = match signed {
                Some(request) => Some(request.send(&egress).await),
                None => None,
            };
            drop(permit);
            Attempted { delivery, url, begun_at: now, sent }
        });
    }

    /// A permit out of those of this process. Who finds none queues up for one: lanes get them in turn.
    ///
    /// For more than one request at once, a lane takes only what leaves a quarter of them free. Otherwise a few
    /// endpoints that answer, but slowly, would hold them all, and the others would wait for a timeout each.
    fn take_permit(&mut self) -> Option<OwnedSemaphorePermit> {
        if let Some(permit) = self.permit.take() {
            return Some(permit);
        }
        let kept_free = self.running.settings.in_flight_max / 4;
        if !self.in_flight.is_empty() && self.running.permits.available_permits() <= kept_free {
            // Looked at again when one of its own is over, or soon.
            return None;
        }
        if self.permit_wait.is_some() {
            return None;
        }
        if let Ok(permit) = self.running.permits.clone().try_acquire_owned() {
            return Some(permit);
        }
        let permits = self.running.permits.clone();
        self.permit_wait = Some(Box::pin(async move { permits.acquire_owned().await.ok() }));
        None
    }

    /// Requests that may be under way at once.
    fn window(&self, now: DateTime<Utc>) -> usize {
        if self.parting.is_some() {
            return 0;
        }
        let settings = &self.running.settings;
        let wanted = usize::from(self.held.endpoint.details.in_flight_max.max(1));
        let most = wanted.min(settings.in_flight_per_lane_max).min(self.ramp).max(1);
        match self.held.health.breaker(settings, now) {
            Breaker::Open(_) => 0,
            Breaker::HalfOpen => 1,
            Breaker::Closed if self.pace.is_slowed(now) => (most / 2).max(1),
            Breaker::Closed => most,
        }
    }
}

/// Never, where nothing is waited for. The wait itself stays, so that its place in the queue does.
pub(super) async fn wait_for(wait: &mut Option<PermitWait>) -> Option<OwnedSemaphorePermit> {
    match wait {
        Some(wait) => wait.await,
        None => std::future::pending().await,
    }
}
