//! Webhooks: public events, sent to whoever asked for them, signed, in order, until they have arrived.
//!
//! The walk of an event: [`Webhooks::consumer`] (`fanout/`) makes of it a row per endpoint that wants it, in
//! the transaction that moves the consumer's position → `dispatcher.rs` claims the lanes of endpoints that
//! have something due → `lane/` sends, judges (`outcome.rs`, `health.rs`, `schedule.rs`: pure) → `writer.rs`
//! commits the results of all lanes together. All state is rows: any number of processes may run this at
//! once, and each may die at any moment. What then was under way is sent again with the same `webhook-id`.

mod audience;
mod bell;
mod dispatcher;
mod fanout;
mod filter;
mod handshake;
mod health;
mod lane;
mod metrics;
mod outcome;
mod pace;
mod replay;
mod request;
mod schedule;
mod secrets;
mod settings;
mod writer;

use std::{
    collections::HashMap,
    pin::pin,
    sync::{Arc, atomic::AtomicBool},
};

use platform::{
    clock::{Clock, Ids},
    egress::Egress,
    secrets::Keyring,
};
use sqlx::PgPool;
use tokio::{
    sync::{Semaphore, mpsc, watch},
    task::JoinSet,
    time::Instant,
};
use tokio_util::sync::CancellationToken;

pub use self::settings::WebhookSettings;
use self::{bell::Bell, dispatcher::Running, fanout::Fanout, replay::Replays};
use crate::{commands::Commands, consumer::Consumer};

/// Results that wait for the writer; lanes wait when it is full.
const RESULTS_MAX: usize = 1_024;

/// Webhooks of this process.
pub struct Webhooks {
    pool: PgPool,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    egress: Egress,
    seal: Arc<Keyring>,
    commands: Arc<dyn Commands>,
    settings: WebhookSettings,
    bell: Arc<Bell>,
}

impl Webhooks {
    /// Nothing happens before [`Self::run`], and nothing is queued before the consumer is run.
    pub fn new(
        pool: PgPool,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        egress: Egress,
        seal: Arc<Keyring>,
        commands: Arc<dyn Commands>,
        settings: WebhookSettings,
    ) -> Arc<Self> {
        metrics::describe();
        Arc::new(Self { pool, clock, ids, egress, seal, commands, settings, bell: Arc::default() })
    }

    /// What queues deliveries.
    pub fn consumer(&self) -> Arc<dyn Consumer> {
        Arc::new(Fanout::new(self.ids.clone(), self.bell.clone()))
    }

    /// Sends what is due, queues replays and asks receivers whether they agree, until `shutdown`. Requests
    /// under way are then waited for, at most [`WebhookSettings::drain`], and their results as long again; what is dropped instead is sent again
    /// by whoever finds its lease run out. A lost database is waited for, however long,
    /// until then. Ends before `shutdown` only where a task of it has: then nothing more would be sent.
    pub async fn run(self: Arc<Self>, shutdown: CancellationToken) {
        let (writer, records) = mpsc::channel(RESULTS_MAX);
        let mut aside = JoinSet::new();
        let mut writing = JoinSet::new();
        writing.spawn(writer::write_results(self.pool.clone(), records, self.settings.commit_max));
        let running = Arc::new(Running {
            pool: self.pool.clone(),
            clock: self.clock.clone(),
            egress: self.egress.clone(),
            seal: self.seal.clone(),
            commands: self.commands.clone(),
            settings: self.settings.clone(),
            holder: self.ids.next(),
            bell: self.bell.clone(),
            writer,
            permits: Arc::new(Semaphore::new(self.settings.in_flight_max)),
            handshakes: Arc::new(Semaphore::new(self.settings.handshakes_max)),
            is_full: AtomicBool::new(false),
            renewed: watch::channel(Instant::now()).0,
            paces: HashMap::new().into(),
        });
        aside.spawn(dispatcher::renew(running.clone()));
        aside.spawn(self.replays().run());
        let (pool, clock) = (self.pool.clone(), self.clock.clone());
        aside.spawn(metrics::keep_gauges(pool, clock, self.settings.clone()));

        // Without one of the others nothing would come of what is sent: then this ends, too, and whoever runs it
        // notices.
        let stop = shutdown.child_token();
        let mut dispatching = pin!(dispatcher::dispatch(running, stop.clone()));
        tokio::select! {
            () = &mut dispatching => {}
            ended = writing.join_next() => {
                tracing::error!(?ended, "the writer of webhook results has ended");
                stop.cancel();
                dispatching.await;
            }
            ended = aside.join_next() => {
                tracing::error!(?ended, "a task that webhooks need has ended");
                stop.cancel();
                dispatching.await;
            }
        }
        aside.shutdown().await;
        // With the last holder of its channel gone, the writer writes what it has and ends: unless the database is
        // away. Then what it has is lost, and sent again.
        if tokio::time::timeout(self.settings.drain, writing.join_next()).await.is_err() {
            tracing::warn!("webhook results are left unwritten, and will be sent again");
        }
    }

    fn replays(&self) -> Replays {
        Replays {
            pool: self.pool.clone(),
            clock: self.clock.clone(),
            ids: self.ids.clone(),
            settings: self.settings.clone(),
            bell: self.bell.clone(),
        }
    }
}
