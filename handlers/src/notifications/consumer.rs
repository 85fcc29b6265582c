//! The consumer: events become notifications and messages, in the transaction that moves its position.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use events::StreamKind;
use sqlx::PgConnection;
use tokio::sync::Notify;

use super::{
    facts::{Directory, Facts, is_told},
    forget, metrics, recipients, schedule,
    tell::{Teller, ToTell},
};
use crate::consumer::{Batch, Consumer, ConsumerIdentity, Durability, HandleError, Handling, Start};

/// Tells people of events.
pub struct NotificationConsumer {
    teller: Arc<Teller>,
    wake: Arc<Notify>,
    /// A batch that is not known to be committed yet has something for the senders.
    has_told: AtomicBool,
    kept: Mutex<Kept>,
}

/// What is known from the batches before.
///
/// Whatever changes any of it is an event of an account, a supplier or a restaurant, and each of those is given to the
/// consumer in its place: then all of it is forgotten, and read from read models that have come as far. So it is never
/// older than the batch that it is used for.
#[derive(Default)]
struct Kept {
    /// No event up to here has made it untrue.
    upto: i64,
    directory: Directory,
}

impl std::fmt::Debug for NotificationConsumer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NotificationConsumer")
    }
}

static IDENTITY: ConsumerIdentity = ConsumerIdentity {
    name: "notifications",
    start: Start::Head,
    read_models: &["accounts", "suppliers", "restaurants", "orders", "catalogue"],
    // That somebody was erased is the house's own affair; and what is kept of all three goes by their events.
    inner_kinds: &[StreamKind::Account, StreamKind::Supplier, StreamKind::Restaurant],
    // A mail takes longer, and whoever asks for notifications as of a position waits for it.
    pace: Duration::from_millis(15),
    // A message is sent under its id, and must be found under it again: sent under another, it would arrive
    // twice.
    durability: Durability::Flushed,
};

impl Consumer for NotificationConsumer {
    fn identity(&self) -> &'static ConsumerIdentity {
        &IDENTITY
    }

    fn concerns(&self, batch: &Batch) -> bool {
        !batch.inner.is_empty() || batch.public.iter().any(is_told)
    }

    fn handle_in_tx<'a>(&'a self, tx: &'a mut PgConnection, batch: &'a Batch) -> Handling<'a> {
        Box::pin(self.tell_in_tx(tx, batch))
    }

    fn handled(&self, upto: i64) {
        self.lock().upto = upto;
        if self.has_told.swap(false, Ordering::Relaxed) {
            self.wake.notify_waiters();
        }
    }
}

impl NotificationConsumer {
    pub(super) fn new(teller: Arc<Teller>, wake: Arc<Notify>) -> Self {
        Self { teller, wake, has_told: AtomicBool::new(false), kept: Mutex::default() }
    }

    async fn tell_in_tx(&self, tx: &mut PgConnection, batch: &Batch) -> Result<(), HandleError> {
        let kept = self.take_kept(batch);
        let facts = Facts::load_in_tx(tx, &batch.public, kept, self.teller.configured).await?;
        let mut told = Vec::new();
        for event in &batch.public {
            let tellings = recipients::tellings(event, |id| facts.order(id)).unwrap_or_else(|error| {
                tracing::error!(%error, position = event.position, "an event cannot be told");
                metrics::event_passed_over();
                Vec::new()
            });
            for telling in tellings {
                match telling.not_before {
                    Some(due) => schedule::keep_in_tx(tx, event, telling.kind, due).await?,
                    None => told.push(ToTell { event, telling }),
                }
            }
        }
        if self.teller.tell_in_tx(tx, &told, &facts, batch.now).await? > 0 {
            self.has_told.store(true, Ordering::Relaxed);
        }
        // Last: what the batch itself told goes with the rest.
        forget::erased_in_tx(tx, &batch.inner).await?;
        *self.lock() = Kept { upto: batch.after, directory: facts.into_directory() };
        Ok(())
    }

    /// What is still true of what was known before that batch.
    fn take_kept(&self, batch: &Batch) -> Directory {
        let kept = std::mem::take(&mut *self.lock());
        if kept.upto == batch.after && batch.inner.is_empty() { kept.directory } else { Directory::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
