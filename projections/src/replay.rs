//! Folding the log again: read once, handed to all projections that fold.
//!
//! One task reads ahead; each projection commits its own batches at its own pace, some at a time. So both
//! Postgres and this process always have something to do. What is in memory are the few stretches between
//! the reader and the slowest projection, however long the log is.

use std::{sync::Arc, time::Duration};

use events::StreamKind;
use futures::future::join_all;
use platform::clock::Clock;
use sqlx::PgPool;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::{
    batch::{Batch, Batches, OnPoison, Stretch},
    checkpoint::{Hold, seize},
    projection::{Identity, ProjectError, Projection},
    rebuild::{Progress, RebuildError},
    replay_reader::{Reader, Shared},
    schema::SchemaName,
};

/// Stretches that a projection may be behind the reader: bounds memory.
const AHEAD_MAX: usize = 2;
/// A stretch without its events moves no checkpoint, until it has come to so many stretches: an interrupted
/// replay then reads little again.
const EMPTY_STRETCHES_MAX: i64 = 5;
/// How long another's batch is waited for: that of a process which was killed may be under way on the server.
const BUSY_TRIES: u32 = 500;
const BUSY_PAUSE: Duration = Duration::from_millis(20);

/// A projection to be folded, and how far.
pub(crate) struct Target {
    pub(crate) schema: SchemaName,
    pub(crate) projection: Arc<dyn Projection>,
    pub(crate) upto: i64,
}

/// What replays run on.
#[derive(Clone, Copy)]
pub(crate) struct Replay<'a> {
    pub(crate) pool: &'a PgPool,
    pub(crate) clock: &'a dyn Clock,
    /// Batches that may be under way at a time, each on a connection; the reader has one more.
    pub(crate) jobs: usize,
    pub(crate) positions_max: i64,
    pub(crate) progress: &'a watch::Sender<Progress>,
    pub(crate) shutdown: &'a CancellationToken,
}

impl Replay<'_> {
    /// Folds each target on from its checkpoint to its end, or to that of the log.
    pub(crate) async fn run(&self, targets: &[Target]) -> Result<(), RebuildError> {
        let mut folders = Vec::new();
        for target in targets {
            let folder = self.folder(target).await?;
            folders.extend((folder.hold.position < target.upto).then_some(folder));
        }
        let Some(after) = folders.iter().map(|folder| folder.hold.position).min() else { return Ok(()) };
        let upto = targets.iter().map(|target| target.upto).max().unwrap_or(after);
        let portions = portions(&mut folders);
        let (senders, receivers): (Vec<_>, Vec<_>) = folders.iter().map(|_| mpsc::channel(AHEAD_MAX)).unzip();
        let (pool, progress, stop) = (self.pool.clone(), self.progress.clone(), self.shutdown.clone());
        let positions_max = self.positions_max.max(1);
        let reader = Reader { pool, portions, upto, positions_max, senders, progress, stop };
        let reading = tokio::spawn(reader.read(after));
        let turns = Semaphore::new(self.jobs.max(1));
        let mut folding = Vec::new();
        for (folder, shared) in folders.into_iter().zip(receivers) {
            folding.push(folder.fold(shared, &turns));
        }
        let folded = join_all(folding).await;
        let read = reading.await.map_err(RebuildError::Died)?;

        // A projection's own error first: it is why the reader stopped.
        let folded = folded.into_iter().collect::<Result<Vec<_>, _>>()?;
        let read = read?;
        // Never a shorter success: whoever did not get there says so.
        let short = folded.iter().filter(|(target, hold)| hold.position < target.upto.min(read.end));
        match short.min_by_key(|(_, hold)| hold.position) {
            None => Ok(()),
            Some((target, hold)) => Err(RebuildError::Interrupted {
                name: target.projection.identity().name,
                position: hold.position,
            }),
        }
    }

    async fn folder<'a>(&'a self, target: &'a Target) -> Result<Folder<'a>, RebuildError> {
        let Target { schema, projection, .. } = target;
        let identity: &'static Identity = projection.identity();
        let mut connection = self.pool.acquire().await?;
        let seized = seize(&mut connection, schema, identity, self.clock.now()).await?;
        let hold = seized.ok_or(RebuildError::OtherVersion(identity.name))?;
        let batches = Batches {
            pool: self.pool,
            schema,
            projection: &**projection,
            clock: self.clock,
            on_poison: OnPoison::Stop,
        };
        let empty_positions_max = self.positions_max.saturating_mul(EMPTY_STRETCHES_MAX);
        Ok(Folder { target, batches, hold, portion: 0, empty_positions_max })
    }
}

/// The distinct sets of kinds that the folders want; each is told which is its own.
fn portions(folders: &mut [Folder<'_>]) -> Vec<&'static [StreamKind]> {
    let mut portions: Vec<&'static [StreamKind]> = Vec::new();
    for folder in folders {
        let kinds = folder.target.projection.identity().kinds;
        folder.portion = portions.iter().position(|known| *known == kinds).unwrap_or_else(|| {
            portions.push(kinds);
            portions.len() - 1
        });
    }
    portions
}

struct Folder<'a> {
    target: &'a Target,
    batches: Batches<'a>,
    hold: Hold,
    portion: usize,
    empty_positions_max: i64,
}

impl<'a> Folder<'a> {
    /// Folds what comes, until nothing does.
    async fn fold(
        mut self,
        mut shared: mpsc::Receiver<Arc<Shared>>,
        turns: &Semaphore,
    ) -> Result<(&'a Target, Hold), RebuildError> {
        while let Some(shared) = shared.recv().await {
            let upto = shared.upto.min(self.target.upto);
            let stretch = self.own(&shared, upto);
            let is_due = shared.is_last
                || upto == self.target.upto
                || upto - self.hold.position >= self.empty_positions_max;
            if upto <= self.hold.position || (stretch.events.is_empty() && !is_due) {
                continue;
            }
            let _turn = turns.acquire().await.expect("the semaphore is never closed");
            self.take(stretch).await?;
            self.hold.position = upto;
        }
        Ok((self.target, self.hold))
    }

    /// Its own events after what it holds.
    fn own<'b>(&self, shared: &'b Shared, upto: i64) -> Stretch<'b> {
        let events = &shared.portions[self.portion];
        let first = events.partition_point(|event| event.global_position <= self.hold.position);
        let end = events.partition_point(|event| event.global_position <= upto).max(first);
        Stretch { events: &events[first..end], upto, ends_with: None, is_last: shared.is_last }
    }

    async fn take(&self, stretch: Stretch<'_>) -> Result<(), RebuildError> {
        let name = self.target.projection.identity().name;
        let failed = |source: ProjectError| RebuildError::Project { name, source };
        let mut connection = self.batches.pool.acquire().await?;
        for _ in 0..BUSY_TRIES {
            match self.batches.take(&mut connection, self.hold, stretch).await.map_err(failed)? {
                Batch::Done { .. } | Batch::Empty => return Ok(()),
                Batch::Busy => tokio::time::sleep(BUSY_PAUSE).await,
                Batch::Missed | Batch::Shrunk => break,
            }
        }
        Err(RebuildError::Contended(name))
    }
}
