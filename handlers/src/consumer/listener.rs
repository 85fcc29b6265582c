//! Listening to NATS: the whole stream from now on, and the relay's hints.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_nats::{
    HeaderMap,
    jetstream::{
        self,
        consumer::{DeliverPolicy, pull::OrderedConfig},
    },
};
use events::public::PublicEvent;
use futures::StreamExt as _;
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use crate::{
    Nats,
    wire::{HEAD_SUBJECT, Place, STREAM, event_id_of},
};

/// How much may wait in memory; the rest waits in the stream.
const WAITING_MAX: usize = 1_000;

/// What NATS brings.
#[derive(Debug)]
pub(super) enum Arrival {
    /// From here on nothing should be missing: whatever is in the log by now must be read from there.
    Attached,
    /// A public event.
    Event(Place, Box<PublicEvent>),
    /// A message of the relay's that this program cannot read: a newer one wrote it.
    Unreadable(Place),
    /// The relay has read the log to that position.
    Head(Place),
}

/// A task that listens, until dropped.
pub(super) struct Listener {
    arrivals: mpsc::Receiver<Arrival>,
    is_attached: Arc<AtomicBool>,
    nats: Nats,
    _task: AbortOnDropHandle<()>,
}

impl Listener {
    pub(super) fn start(nats: Nats, retry: Duration) -> Self {
        let (sender, arrivals) = mpsc::channel(WAITING_MAX);
        let is_attached = Arc::new(AtomicBool::new(false));
        let ears = Ears { nats: nats.clone(), sender, is_attached: Arc::clone(&is_attached) };
        let task = AbortOnDropHandle::new(tokio::spawn(ears.listen(retry)));
        Self { arrivals, is_attached, nats, _task: task }
    }

    /// What came next. Loses nothing if dropped while it waits.
    pub(super) async fn next(&mut self) -> Arrival {
        match self.arrivals.recv().await {
            Some(arrival) => arrival,
            // The task ends with the process only; then there is no news.
            None => std::future::pending().await,
        }
    }

    pub(super) fn try_next(&mut self) -> Option<Arrival> {
        self.arrivals.try_recv().ok()
    }

    /// True while what happens should arrive by itself.
    pub(super) fn is_live(&self) -> bool {
        self.is_attached.load(Ordering::Relaxed) && self.nats.is_connected()
    }
}

struct Ears {
    nats: Nats,
    sender: mpsc::Sender<Arrival>,
    is_attached: Arc<AtomicBool>,
}

impl Ears {
    async fn listen(self, retry: Duration) {
        loop {
            self.nats.connected().await;
            if let Err(error) = self.attach().await {
                tracing::debug!(%error, "not attached to {STREAM}; the log is read instead");
            }
            self.is_attached.store(false, Ordering::Relaxed);
            tokio::time::sleep(retry).await;
        }
    }

    /// An ordered consumer without a name or a state of its own: a durable one would be a second truth about
    /// how far we are, and one that the server loses or, worse, keeps while it loses messages. New messages
    /// only, for what is older is read from the log.
    async fn attach(&self) -> Result<(), async_nats::Error> {
        let client = self.nats.client();
        let stream = jetstream::new(client.clone()).get_stream_no_info(STREAM).await?;
        let config = OrderedConfig { deliver_policy: DeliverPolicy::New, ..OrderedConfig::default() };
        let mut messages = stream.create_consumer(config).await?.messages().await?;
        let mut hints = client.subscribe(HEAD_SUBJECT).await?;
        self.is_attached.store(true, Ordering::Relaxed);
        self.sender.send(Arrival::Attached).await?;
        loop {
            tokio::select! {
                message = messages.next() => {
                    let message = message.ok_or("the consumer ended")??;
                    if let Some(arrival) = arrival(message.headers.as_ref(), &message.payload) {
                        self.sender.send(arrival).await?;
                    }
                }
                hint = hints.next() => {
                    let hint = hint.ok_or("the subscription ended")?;
                    if let Some(place) = Place::of(hint.headers.as_ref()) {
                        self.sender.send(Arrival::Head(place)).await?;
                    }
                }
            }
        }
    }
}

fn arrival(headers: Option<&HeaderMap>, body: &[u8]) -> Option<Arrival> {
    let Some(place) = Place::of(headers) else {
        tracing::warn!("a message in {STREAM} is not Iris's; it is passed over");
        return None;
    };
    let event = match PublicEvent::from_cloud_event(body) {
        Ok(event) => event,
        Err(error) => {
            tracing::info!(position = place.position, %error, "a message cannot be read; the log is read instead");
            return Some(Arrival::Unreadable(place));
        }
    };
    // Header and body were written together; where they differ, somebody else wrote one of them.
    let is_whole = event.position == place.position && headers.and_then(event_id_of) == Some(event.event_id);
    Some(if is_whole { Arrival::Event(place, Box::new(event)) } else { Arrival::Unreadable(place) })
}
