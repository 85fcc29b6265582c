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
    sync::{Arc, Mutex, PoisonError},
};

use events::{
    StreamKind,
    public::PublicEvent,
    webhook_endpoint::{EndpointOwner, EndpointStatus},
};
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
use crate::consumer::{Batch, Consumer, ConsumerIdentity, HandleError, Handling, Start};

/// The consumer that queues deliveries.
pub(super) struct Fanout {
    ids: Arc<dyn Ids>,
    bell: Arc<Bell>,
    /// Whose lanes a batch that is not known to be committed yet has something for.
    touched: Mutex<BTreeSet<Uuid>>,
    /// Endpoints as they were committed when last looked at: reading them all for each event would make
    /// the cost of an event grow with the number of endpoints that do not want it.
    seen: Mutex<Option<Arc<Endpoints>>>,
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
        let is_partner = |owner: &EndpointOwner| matches!(owner, EndpointOwner::Partner(_));
        let grants = if !batch.inner.is_empty() || endpoints.owners().any(is_partner) {
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
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let endpoints = match seen {
            Some(seen) if seen.is_current_in_tx(tx).await? => return Ok(seen),
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
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(endpoints.clone());
        Ok(endpoints)
    }
}

impl Consumer for Fanout {
    fn identity(&self) -> &'static ConsumerIdentity {
        &ConsumerIdentity {
            name: "webhooks",
            start: Start::Head,
            read_models: &["suppliers", "restaurants"],
            inner_kinds: &[StreamKind::WebhookEndpoint, StreamKind::Supplier, StreamKind::Restaurant],
        }
    }

    fn handle_in_tx<'a>(&'a self, tx: &'a mut PgConnection, batch: &'a Batch) -> Handling<'a> {
        Box::pin(self.fan_out(tx, batch))
    }

    fn handled(&self, _upto: i64) {
        let touched = std::mem::take(&mut *self.touched.lock().unwrap_or_else(PoisonError::into_inner));
        if !touched.is_empty() {
            self.bell.ring_replays();
            self.bell.ring(touched);
        }
    }
}
