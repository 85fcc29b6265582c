//! A consumer whose effect is a row per event.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use events::StreamKind;
use handlers::consumer::{Batch, Consumer, ConsumerIdentity, Durability, HandleError, Handling, Start};
use sqlx::PgConnection;
use tokio::sync::{Notify, watch};

use crate::world::World;

const BASE: ConsumerIdentity = ConsumerIdentity {
    name: "plain",
    start: Start::Origin,
    read_models: &[],
    inner_kinds: &[],
    pace: Duration::ZERO,
    durability: Durability::Flushed,
};
/// Follows from the first event, public ones only.
pub static PLAIN: ConsumerIdentity = BASE;
/// Begins with what happens from now on.
pub static FROM_NOW: ConsumerIdentity = ConsumerIdentity { name: "from_now", start: Start::Head, ..BASE };
/// Looks things up in a read model.
pub static READER: ConsumerIdentity = ConsumerIdentity { name: "reader", read_models: &["orders"], ..BASE };
/// Is given suppliers' inner events, too.
pub static INSIDER: ConsumerIdentity =
    ConsumerIdentity { name: "insider", inner_kinds: &[StreamKind::Supplier], ..BASE };
/// Takes its time between two batches.
pub static PATIENT: ConsumerIdentity =
    ConsumerIdentity { name: "patient", pace: Duration::from_mins(10), ..BASE };

/// Writes `effects`.
pub struct Recorder {
    identity: &'static ConsumerIdentity,
    /// While true, it stops after its effect, inside the transaction.
    halts: watch::Sender<bool>,
    /// Told when it has stopped.
    pub halted: Notify,
    fails: AtomicBool,
    dies: AtomicBool,
    is_indifferent: AtomicBool,
    /// How often it was given a batch.
    pub attempts: AtomicU32,
    pub handled: watch::Sender<i64>,
}

impl Recorder {
    pub async fn new(world: &World, identity: &'static ConsumerIdentity) -> Arc<Self> {
        world
            .execute(
                "CREATE TABLE IF NOT EXISTS public.effects \
                 (number bigint GENERATED ALWAYS AS IDENTITY, position bigint, kind text, batch_after bigint, batch_upto bigint)",
            )
            .await;
        world.execute("GRANT SELECT, INSERT ON public.effects TO iris_handler").await;
        Arc::new(Self {
            identity,
            halts: watch::channel(false).0,
            halted: Notify::new(),
            fails: AtomicBool::new(false),
            dies: AtomicBool::new(false),
            is_indifferent: AtomicBool::new(false),
            attempts: AtomicU32::new(0),
            handled: watch::channel(0).0,
        })
    }

    /// From the next batch on, it stops between effect and commit; or goes on.
    pub fn halt(&self, halts: bool) {
        self.halts.send_replace(halts);
    }

    /// Batches fail after their effect; or no longer.
    pub fn fail(&self, fails: bool) {
        self.fails.store(fails, Ordering::SeqCst);
    }

    /// Nothing concerns it; or all does.
    pub fn is_indifferent(&self, is_indifferent: bool) {
        self.is_indifferent.store(is_indifferent, Ordering::SeqCst);
    }

    /// It dies after the next commit.
    pub fn die_after_commit(&self) {
        self.dies.store(true, Ordering::SeqCst);
    }

    async fn record(&self, tx: &mut PgConnection, batch: &Batch) -> Result<(), HandleError> {
        self.attempts.fetch_add(1, Ordering::SeqCst);
        let public = batch.public.iter().map(|event| (event.position, "public"));
        let inner = batch.inner.iter().map(|event| (event.global_position, "inner"));
        for (position, kind) in public.chain(inner) {
            sqlx::query(
                "INSERT INTO public.effects (position, kind, batch_after, batch_upto) VALUES ($1, $2, $3, $4)",
            )
            .bind(position)
            .bind(kind)
            .bind(batch.after)
            .bind(batch.upto)
            .execute(&mut *tx)
            .await?;
        }
        if *self.halts.borrow() {
            self.halted.notify_one();
            let mut halts = self.halts.subscribe();
            halts.wait_for(|halts| !halts).await.expect("the sender lives");
        }
        if self.fails.load(Ordering::SeqCst) {
            return Err(HandleError::Corrupt("as told".to_owned()));
        }
        Ok(())
    }
}

impl Consumer for Recorder {
    fn identity(&self) -> &'static ConsumerIdentity {
        self.identity
    }

    fn concerns(&self, batch: &Batch) -> bool {
        !batch.is_empty() && !self.is_indifferent.load(Ordering::SeqCst)
    }

    fn handle_in_tx<'a>(&'a self, tx: &'a mut PgConnection, batch: &'a Batch) -> Handling<'a> {
        Pin::from(Box::new(self.record(tx, batch)))
    }

    fn handled(&self, upto: i64) {
        self.handled.send_replace(upto);
        assert!(!self.dies.swap(false, Ordering::SeqCst), "it was told to die");
    }
}

/// The positions that had their effect, in the order in which they had it.
pub async fn effects(world: &World, kind: &str) -> Vec<i64> {
    let sql = "SELECT position FROM public.effects WHERE kind = $1 ORDER BY number";
    sqlx::query_scalar(sql).bind(kind).fetch_all(&world.pool).await.unwrap()
}

/// Each public event after `after` had its effect once, in order.
pub async fn assert_exactly_once(world: &World, after: i64) {
    let public = world.public().await;
    let expected: Vec<i64> =
        public.iter().map(|event| event.position).filter(|position| *position > after).collect();
    assert_eq!(effects(world, "public").await, expected);
}
