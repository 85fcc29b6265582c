//! Writing a history into the log in bulk: as events, as they would stand there, but without commands.

use std::{thread, time::Instant};

use anyhow::{anyhow, ensure};
use chrono::{DateTime, TimeDelta, Utc};
use cqrs_es::DomainEvent as _;
use events::{
    Actor, Fold, NewEvent,
    canonical::{canonical_json, content_hash},
    log::{lock_head, make_partitions, read_head},
    values::{RestaurantId, SupplierId},
};
use indicatif::{ProgressBar, ProgressStyle};
use sqlx::{Connection as _, PgConnection, postgres::PgConnectOptions};
use tokio::sync::mpsc;
use uuid::{Builder, Uuid};

use crate::{dice::Dice, log_rows::LogRows};

/// Events per transaction: large enough that the round trips do not count.
const BATCH: usize = 5_000;
/// Made and not yet written: no more, or ten million orders would wait in memory.
const BATCHES_AHEAD: usize = 4;
/// Events after which partitions are looked after: a partition has more, and one is always made ahead.
const PARTITIONS_EVERY: i64 = 1_000_000;
const PROGRESS: &str = "{spinner} {human_pos} events written, {per_sec}";
/// As long as a real one: request id, correlation id and trace.
const METADATA: &str = r#"{"correlation_id":"019a9e4e-8b1c-7c3e-9d1f-2b6a5f4e3d2c","request_id":"019a9e4e-8b1c-7c3e-9d1f-2b6a5f4e3d2c","traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}"#;

/// Whom an event concerns.
#[derive(Clone, Copy, Default)]
pub struct Parties {
    pub supplier_id: Option<SupplierId>,
    pub restaurant_id: Option<RestaurantId>,
}

/// Makes events, in the order in which they are to stand in the log.
pub struct Writer {
    pub dice: Dice,
    /// When the next event happens.
    pub now: DateTime<Utc>,
    sink: mpsc::Sender<Vec<NewEvent>>,
    batch: Vec<NewEvent>,
}

impl Writer {
    /// A `UUIDv7` of the writer's present.
    pub fn id(&mut self) -> Uuid {
        let mut random = [0; 10];
        random[..8].copy_from_slice(&self.dice.next().to_be_bytes());
        random[8..].copy_from_slice(&self.dice.next().to_be_bytes()[..2]);
        let millis = u64::try_from(self.now.timestamp_millis()).expect("after 1970");
        Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }

    /// Lets time pass.
    pub fn wait(&mut self, micros: i64) {
        self.now += TimeDelta::microseconds(micros);
    }

    /// Adds an event to a stream.
    pub fn add<F: Fold>(&mut self, id: impl Into<Uuid>, sequence: i64, event: &F::Event, parties: Parties) {
        let event_id = self.id();
        self.batch.push(NewEvent {
            event_id,
            stream: F::stream(id),
            sequence,
            event_type: event.event_type(),
            event_version: event.event_version(),
            payload: canonical_json(event),
            metadata: METADATA.to_owned(),
            recorded_at: self.now,
            command_id: event_id,
            actor: Actor::System("bench").to_string(),
            supplier_id: parties.supplier_id,
            restaurant_id: parties.restaurant_id,
        });
        if self.batch.len() == BATCH {
            self.flush();
        }
    }

    fn flush(&mut self) {
        let batch = std::mem::replace(&mut self.batch, Vec::with_capacity(BATCH));
        // Whoever took the batches failed, and says why.
        let _failed_there = self.sink.blocking_send(batch);
    }
}

/// What a fill came to.
#[derive(Clone, Copy, Debug)]
pub struct Filled {
    pub events: usize,
    pub seconds: f64,
}

/// Writes what `write` makes into the log; the making, and turning it into rows, have a thread each. The same seed makes
/// the same events.
///
/// By COPY, and still as an append does it: under the head's lock, at dense positions, with their hashes, and the head
/// moves in the same transaction.
pub async fn fill<T: Send + 'static>(
    options: &PgConnectOptions,
    began: DateTime<Utc>,
    seed: u64,
    write: impl FnOnce(&mut Writer) -> T + Send + 'static,
) -> anyhow::Result<(T, Filled)> {
    let started = Instant::now();
    let mut connection = PgConnection::connect_with(options).await?;
    let before = read_head(&mut connection).await?.position;
    let (made, batches) = made(began, seed, write);
    let mut batches = rendered(before, batches);
    let bar = ProgressBar::new_spinner().with_style(ProgressStyle::with_template(PROGRESS)?);
    let (mut position, mut partitions_until) = (before, before);
    while let Some(rows) = batches.recv().await {
        if rows.last > partitions_until {
            make_partitions(&mut connection, 0).await?;
            partitions_until = position + PARTITIONS_EVERY;
        }
        let last = rows.last;
        copy_in(&mut connection, position, rows).await?;
        position = last;
        bar.set_position(u64::try_from(position - before)?);
    }
    bar.finish_and_clear();
    let made = made.join().map_err(|_| anyhow!("the making of events panicked"))?;
    connection.close().await?;
    let events = usize::try_from(position - before)?;
    Ok((made, Filled { events, seconds: started.elapsed().as_secs_f64() }))
}

/// Rows of the log, up to that position.
struct Rows {
    last: i64,
    rows: LogRows,
}

async fn copy_in(
    connection: &mut PgConnection,
    before: i64,
    Rows { last, rows }: Rows,
) -> anyhow::Result<()> {
    let mut tx = connection.begin().await?;
    let head = lock_head(&mut tx).await?;
    ensure!(head.position == before, "somebody else writes to the database that is being filled");
    let copied = rows.copy_into("public.events", &mut tx).await?;
    ensure!(i64::try_from(copied)? == last - before, "{copied} rows were copied");
    sqlx::query("UPDATE public.log_head SET position = $1 WHERE id = 1").bind(last).execute(&mut *tx).await?;
    Ok(tx.commit().await?)
}

/// The batches as rows, from the position after that one on.
fn rendered(mut position: i64, mut batches: mpsc::Receiver<Vec<NewEvent>>) -> mpsc::Receiver<Rows> {
    let (sink, rows) = mpsc::channel(BATCHES_AHEAD);
    thread::spawn(move || {
        while let Some(batch) = batches.blocking_recv() {
            let mut rows = LogRows::with_capacity(batch.len());
            for event in &batch {
                position += 1;
                rows.add(position, &content_hash(event), event);
            }
            if !batch.is_empty() && sink.blocking_send(Rows { last: position, rows }).is_err() {
                return; // whoever took them failed, and says why
            }
        }
    });
    rows
}

/// The same events, kept.
pub async fn collect<T: Send + 'static>(
    began: DateTime<Utc>,
    seed: u64,
    write: impl FnOnce(&mut Writer) -> T + Send + 'static,
) -> Vec<NewEvent> {
    let (_made, mut batches) = made(began, seed, write);
    let mut events = Vec::new();
    while let Some(batch) = batches.recv().await {
        events.extend(batch);
    }
    events
}

fn made<T: Send + 'static>(
    began: DateTime<Utc>,
    seed: u64,
    write: impl FnOnce(&mut Writer) -> T + Send + 'static,
) -> (thread::JoinHandle<T>, mpsc::Receiver<Vec<NewEvent>>) {
    let (sink, batches) = mpsc::channel(BATCHES_AHEAD);
    let making = thread::spawn(move || {
        let mut writer = Writer { dice: Dice::new(seed), now: began, sink, batch: Vec::with_capacity(BATCH) };
        let made = write(&mut writer);
        writer.flush();
        made
    });
    (making, batches)
}
