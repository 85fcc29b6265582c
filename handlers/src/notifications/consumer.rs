//! The consumer: events become notifications and messages, in the transaction that moves its position.

use std::sync::Arc;

use events::StreamKind;
use sqlx::PgConnection;
use tokio::sync::Notify;

use super::{
    facts::Facts,
    forget, metrics, recipients, schedule,
    tell::{Teller, ToTell},
};
use crate::consumer::{Batch, Consumer, ConsumerIdentity, HandleError, Handling, Start};

/// Tells people of events.
pub struct NotificationConsumer {
    pub(super) teller: Arc<Teller>,
    pub(super) wake: Arc<Notify>,
}

impl std::fmt::Debug for NotificationConsumer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NotificationConsumer")
    }
}

impl Consumer for NotificationConsumer {
    fn identity(&self) -> &'static ConsumerIdentity {
        &ConsumerIdentity {
            name: "notifications",
            start: Start::Head,
            read_models: &["accounts", "suppliers", "restaurants", "orders", "catalogue"],
            // That somebody was erased is the house's own affair.
            inner_kinds: &[StreamKind::Account],
        }
    }

    fn handle_in_tx<'a>(&'a self, tx: &'a mut PgConnection, batch: &'a Batch) -> Handling<'a> {
        Box::pin(self.tell_in_tx(tx, batch))
    }

    fn handled(&self, _upto: i64) {
        self.wake.notify_waiters();
    }
}

impl NotificationConsumer {
    async fn tell_in_tx(&self, tx: &mut PgConnection, batch: &Batch) -> Result<(), HandleError> {
        let facts = Facts::load_in_tx(tx, &batch.public).await?;
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
        self.teller.tell_in_tx(tx, &told, &facts, batch.now).await?;
        // Last: what the batch itself told goes with the rest.
        forget::erased_in_tx(tx, &batch.inner).await
    }
}
