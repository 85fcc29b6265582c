//! The consumer that keeps `demand.months` up.

use std::{sync::Arc, time::Duration};

use events::{RecordedEvent, StreamKind, log::read_origins};
use sqlx::PgConnection;

use super::{
    Changes,
    write::{self, Rows},
};
use crate::consumer::{Batch, Consumer, ConsumerIdentity, Durability, HandleError, Handling, Hearing, Start};

/// Its name in `fanout.followers`; never changes.
pub const CONSUMER: &str = "demand";

/// Adds what happens to orders to the months that it concerns.
///
/// It takes the inner events: what an order asked for is in its first event, which the log gives by its key and never
/// changes. A read model would say the same, but only once it has come that far.
pub struct DemandConsumer;

impl DemandConsumer {
    /// To be run by [`crate::consumer::run`].
    pub fn shared() -> Arc<dyn Consumer> {
        Arc::new(Self)
    }
}

static IDENTITY: ConsumerIdentity = ConsumerIdentity {
    name: CONSUMER,
    start: Start::Origin,
    read_models: &[],
    inner_kinds: &[StreamKind::Order],
    // Nobody waits for it: prices ask for it by the hour, forecasts by the night.
    pace: Duration::from_millis(500),
    // Rows and position come back together from the log.
    durability: Durability::Derived,
};

impl Consumer for DemandConsumer {
    fn identity(&self) -> &'static ConsumerIdentity {
        &IDENTITY
    }

    fn hearing(&self, _after: i64) -> Hearing {
        Hearing::InnerAlone
    }

    fn handle_in_tx<'a>(&'a self, tx: &'a mut PgConnection, batch: &'a Batch) -> Handling<'a> {
        Box::pin(async move {
            let changes = changes_of(tx, &batch.inner).await?;
            Ok::<(), HandleError>(write::add_in_tx(tx, Rows::Live, &changes).await?)
        })
    }
}

/// What these events of orders change, with the first events of their orders from the log.
pub(super) async fn changes_of(
    connection: &mut PgConnection,
    events: &[RecordedEvent],
) -> Result<Changes, sqlx::Error> {
    let later: Vec<_> = events.iter().filter(|event| event.sequence > 1).collect();
    let origins = read_origins(connection, &later).await?;
    // One whose first event is in the stretch as well is found there.
    Ok(Changes::of(events, &origins))
}
