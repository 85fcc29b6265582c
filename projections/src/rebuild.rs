//! Folding everything again, beside the live rows.

use std::{collections::BTreeSet, sync::Arc};

use events::log::read_head;
use platform::clock::Clock;
use sqlx::PgPool;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{
    family::Family,
    projection::{ProjectError, Projection},
    replay::{Replay, Target},
    schema::SchemaName,
    twin,
};

/// Batches and indexes that are under way at a time where nobody says otherwise.
pub const JOBS: usize = 4;
const POSITIONS_MAX: i64 = 5_000;

/// What a rebuild is at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Progress {
    /// It has not begun.
    #[default]
    Waiting,
    /// It folds.
    Folding {
        /// The last position that was read.
        position: i64,
        /// The last that will be.
        upto: i64,
    },
    /// It makes the indexes of a table.
    Indexing {
        /// Its name.
        table: &'static str,
    },
}

/// How a rebuild is done.
pub struct Rebuilding<'a> {
    /// As somebody who may create schemas.
    pub pool: &'a PgPool,
    /// For the checkpoints' times.
    pub clock: &'a dyn Clock,
    /// Batches and indexes that may be under way at a time; one connection more is used for reading.
    pub jobs: usize,
    /// Positions per read, and so per transaction of each projection: with the few of them that are in memory
    /// at a time, what bounds it.
    pub positions_max: i64,
    /// Told how far it is.
    pub progress: watch::Sender<Progress>,
    /// Ends it after the batches in hand.
    pub shutdown: CancellationToken,
}

/// Why a rebuild stopped. Calling it again goes on where it stopped.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// The schema is not one to throw away.
    #[error("{0} cannot be rebuilt into: the name must begin with read_")]
    NotScratch(String),
    /// The schema has rows of another version; drop it first.
    #[error("the schema has rows of another version of projection {0}: drop it first")]
    OtherVersion(&'static str),
    /// Another process rebuilds into the same schema.
    #[error("projection {0} is being rebuilt into the same schema by another process")]
    Contended(&'static str),
    /// It was asked to stop.
    #[error("interrupted in projection {name} at position {position}")]
    Interrupted {
        /// Which projection.
        name: &'static str,
        /// The last position folded.
        position: i64,
    },
    /// An event that cannot be folded, or the database. Nothing is parked in a rebuild.
    #[error("projection {name}: {source}")]
    Project {
        /// Which projection.
        name: &'static str,
        /// What is wrong.
        source: ProjectError,
    },
    /// A defect of the program.
    #[error("the reader of the log ended unexpectedly")]
    Died(#[source] tokio::task::JoinError),
    /// The database refused the schema or its tables.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Folds the log into tables of their own, from its first event to where it ended at the call. Returns
/// that position.
///
/// # Errors
/// [`RebuildError`].
pub async fn rebuild_into(
    pool: &PgPool,
    schema: &SchemaName,
    projections: &[Arc<dyn Projection>],
    clock: &dyn Clock,
    shutdown: &CancellationToken,
) -> Result<i64, RebuildError> {
    let head = read_head(&mut *pool.acquire().await?).await?.position;
    rebuild_upto(pool, schema, projections, head, clock, shutdown).await?;
    Ok(head)
}

/// Folds the log into tables of their own, from its first event to the one at `position`.
///
/// Live rows are neither read nor locked. Committed batch by batch: after an interruption, or with a later
/// position, the next call goes on from there. Needs the right to create a schema.
///
/// # Errors
/// [`RebuildError`].
pub async fn rebuild_upto(
    pool: &PgPool,
    schema: &SchemaName,
    projections: &[Arc<dyn Projection>],
    position: i64,
    clock: &dyn Clock,
    shutdown: &CancellationToken,
) -> Result<(), RebuildError> {
    let rebuilding = Rebuilding::new(pool, clock, shutdown.clone());
    rebuilding.run(&[(schema.clone(), projections)], position).await
}

/// Deletes a rebuilt schema with all that is in it; nothing happens where there is none.
///
/// # Errors
/// The schema is not one to throw away, or the database refuses.
pub async fn drop_scratch(pool: &PgPool, schema: &SchemaName) -> Result<(), RebuildError> {
    refuse_live(schema)?;
    sqlx::query(&format!("DROP SCHEMA IF EXISTS {schema} CASCADE")).execute(pool).await?;
    Ok(())
}

impl<'a> Rebuilding<'a> {
    /// With the usual numbers.
    pub fn new(pool: &'a PgPool, clock: &'a dyn Clock, shutdown: CancellationToken) -> Self {
        let progress = watch::Sender::default();
        Self { pool, clock, jobs: JOBS, positions_max: POSITIONS_MAX, progress, shutdown }
    }

    /// Builds each family in its `next_schema`, to where the log ended at the call; the log is read once for
    /// all. Returns that position. What was interrupted goes on at the next call.
    ///
    /// # Errors
    /// [`RebuildError`].
    pub async fn build(&self, families: &[Family]) -> Result<i64, RebuildError> {
        let head = read_head(&mut *self.pool.acquire().await?).await?.position;
        let wanted: Vec<_> =
            families.iter().map(|family| (family.next_schema(), family.projections())).collect();
        self.run(&wanted, head).await?;
        Ok(head)
    }

    async fn run(
        &self,
        wanted: &[(SchemaName, &[Arc<dyn Projection>])],
        upto: i64,
    ) -> Result<(), RebuildError> {
        let mut targets = Vec::new();
        for (schema, projections) in wanted {
            refuse_live(schema)?;
            twin::create(self.pool, schema, &tables_of(projections)).await?;
            targets.extend(projections.iter().map(|projection| Target {
                schema: schema.clone(),
                projection: Arc::clone(projection),
                upto,
            }));
        }
        self.replay().run(&targets).await?;
        for (schema, projections) in wanted {
            twin::finish(self.pool, schema, &tables_of(projections), self.jobs, &self.progress).await?;
        }
        Ok(())
    }

    pub(crate) fn replay(&self) -> Replay<'_> {
        let Self { pool, clock, jobs, positions_max, progress, shutdown } = self;
        Replay { pool, clock: *clock, jobs: *jobs, positions_max: *positions_max, progress, shutdown }
    }
}

fn tables_of(projections: &[Arc<dyn Projection>]) -> BTreeSet<&'static str> {
    projections.iter().flat_map(|projection| projection.identity().tables).map(|table| table.name).collect()
}

/// A mistyped name must not cost the live rows.
fn refuse_live(schema: &SchemaName) -> Result<(), RebuildError> {
    if schema.is_scratch() { Ok(()) } else { Err(RebuildError::NotScratch(schema.as_str().to_owned())) }
}
