//! Fanning out: from what happened to what is to be sent to whom.
//!
//! Runs in the consumer's transaction: deliveries exist exactly once per event and endpoint, whatever dies.
//! Inner events of endpoints and public events are taken in the order of their positions, so that an
//! endpoint hears exactly of what happened while it was active.

mod endpoints;
mod plan;
mod queue;
mod revoked;

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use events::{StreamKind, public::PublicEvent, webhook_endpoint::EndpointStatus};
use platform::clock::Ids;
use sqlx::PgConnection;
use uuid::Uuid;

use self::{endpoints::Endpoints, plan::Plan};
pub(super) use self::{
    plan::WantedEvent,
    queue::{Origin, Queue},
};
use super::{
    audience::{Grants, may_hear},
    bell::Bell,
};
use crate::consumer::{Batch, Consumer, ConsumerIdentity, Durability, HandleError, Handling, Hearing, Start};

/// The consumer that queues deliveries.
pub(super) struct Fanout {
    ids: Arc<dyn Ids>,
    bell: Arc<Bell>,
    /// Whose lanes a batch that is not known to be committed yet has something for.
    touched: Mutex<BTreeSet<Uuid>>,
    /// Endpoints as they were committed when last looked at: reading them all for each event would make
    /// the cost of an event grow with the number of endpoints that do not want it.
    seen: Mutex<Option<Seen>>,
}

#[derive(Clone)]
struct Seen {
    endpoints: Arc<Endpoints>,
    /// No event up to here has changed them: they are the fan-out's, which changes them with its position.
    upto: i64,
}

impl Fanout {
    pub(super) fn new(ids: Arc<dyn Ids>, bell: Arc<Bell>) -> Self {
        Self { ids, bell, touched: Mutex::default(), seen: Mutex::new(None) }
    }

    async fn fan_out(&self, tx: &mut PgConnection, batch: &Batch) -> Result<(), HandleError> {
        if batch.public.is_empty() && batch.inner.is_empty() {
            return Ok(());
        }
        let mut endpoints = self.endpoints_in_tx(tx, batch).await?;
        let grants = if !batch.inner.is_empty() || endpoints.has_partners() {
            Grants::load_in_tx(tx, &batch.public).await?
        } else {
            Grants::default()
        };
        let mut plan = Plan::default();
        let mut inner = batch.inner.iter().peekable();
        for public in &batch.public {
            // An endpoint's own event first: what was disabled at that position hears of it no more.
            while let Some(event) = inner.next_if(|event| event.global_position <= public.position) {
                plan.take_inner(Arc::make_mut(&mut endpoints), event, batch.now, &*self.ids);
            }
            self.queue_public(&mut plan, &endpoints, public, &grants, batch);
        }
        for event in inner {
            plan.take_inner(Arc::make_mut(&mut endpoints), event, batch.now, &*self.ids);
        }
        plan.write_in_tx(tx, &endpoints, batch.now).await?;
        if plan.has_changed() {
            *self.lock_seen() = None;
        }
        self.touched.lock().unwrap_or_else(PoisonError::into_inner).extend(plan.touched(&endpoints));
        Ok(())
    }

    fn queue_public(
        &self,
        plan: &mut Plan,
        endpoints: &Endpoints,
        public: &PublicEvent,
        grants: &Grants,
        batch: &Batch,
    ) {
        let mut event = WantedEvent::new(public);
        for (endpoint_id, endpoint) in endpoints.iter() {
            let state = &endpoint.folded.state;
            let hears = state.status == EndpointStatus::Active
                && endpoint.registered_position < public.position
                && may_hear(&state.owner, public, grants);
            if hears && event.is_wanted_by(&state.details) {
                let style = state.details.payload_style;
                plan.queue.push(&mut event, *endpoint_id, style, Origin::Live, self.ids.next(), batch.now);
            }
        }
    }

    /// The endpoints as this transaction sees them.
    async fn endpoints_in_tx(
        &self,
        tx: &mut PgConnection,
        batch: &Batch,
    ) -> Result<Arc<Endpoints>, HandleError> {
        let seen = self.lock_seen().clone();
        let endpoints = match seen {
            Some(seen) if seen.upto == batch.after || seen.endpoints.is_current_in_tx(tx).await? => {
                seen.endpoints
            }
            Some(_) => Arc::new(Endpoints::load_in_tx(tx).await?),
            None => {
                let is_new = Endpoints::adopt_in_tx(tx, batch.after, batch.now).await?;
                let endpoints = Arc::new(Endpoints::load_in_tx(tx).await?);
                if is_new {
                    // Not committed yet: were they remembered and this transaction lost, nobody would look again.
                    return Ok(endpoints);
                }
                endpoints
            }
        };
        *self.lock_seen() = Some(Seen { endpoints: endpoints.clone(), upto: batch.after });
        Ok(endpoints)
    }

    /// The endpoints as of that position, where they are known without asking.
    fn known_at(&self, position: i64) -> Option<Arc<Endpoints>> {
        self.lock_seen().as_ref().filter(|seen| seen.upto == position).map(|seen| seen.endpoints.clone())
    }

    fn lock_seen(&self) -> MutexGuard<'_, Option<Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

static IDENTITY: ConsumerIdentity = ConsumerIdentity {
    name: "webhooks",
    start: Start::Head,
    read_models: &["suppliers", "restaurants"],
    inner_kinds: &[StreamKind::WebhookEndpoint, StreamKind::Supplier, StreamKind::Restaurant],
    // Part of every delivery's way, so no more than what makes a batch of a burst.
    pace: Duration::from_millis(5),
    // A result is flushed after what it is a result of. What else a crash of the database takes back is
    // queued, and sent, again under the same `webhook-id`.
    durability: Durability::Derived,
};

impl Consumer for Fanout {
    fn identity(&self) -> &'static ConsumerIdentity {
        &IDENTITY
    }

    fn hearing(&self, after: i64) -> Hearing {
        match self.known_at(after) {
            Some(endpoints) if endpoints.want_nothing() => Hearing::NobodyListens,
            Some(_) | None => Hearing::All,
        }
    }

    fn concerns(&self, batch: &Batch) -> bool {
        let Some(endpoints) = self.known_at(batch.after) else { return !batch.is_empty() };
        !batch.inner.is_empty() || batch.public.iter().any(|public| endpoints.want(public.public_type().name))
    }

    /// What partners may hear is asked of the read models, and so is what a retry or a grant taken back is about. Who
    /// listens to its own trade need not wait for them.
    fn leans_on_read_models(&self, batch: &Batch) -> bool {
        !batch.inner.is_empty() || self.known_at(batch.after).is_none_or(|endpoints| endpoints.has_partners())
    }

    fn handle_in_tx<'a>(&'a self, tx: &'a mut PgConnection, batch: &'a Batch) -> Handling<'a> {
        Box::pin(self.fan_out(tx, batch))
    }

    fn handled(&self, upto: i64) {
        if let Some(seen) = &mut *self.lock_seen() {
            seen.upto = upto;
        }
        let touched = std::mem::take(&mut *self.touched.lock().unwrap_or_else(PoisonError::into_inner));
        if !touched.is_empty() {
            self.bell.ring_replays();
            self.bell.ring(touched);
        }
    }
}
