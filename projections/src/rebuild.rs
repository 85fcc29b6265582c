//! Folding everything again, beside the live rows.

use std::{collections::BTreeSet, sync::Arc};

use events::log::read_head;
use platform::clock::Clock;
use sqlx::{PgConnection, PgPool};
use tokio_util::sync::CancellationToken;

use crate::{
    batch::{Batch, Batches, OnPoison},
    checkpoint::seize,
    projection::{Identity, ProjectError, Projection},
    schema::SchemaName,
};

const POSITIONS_MAX: i64 = 5_000;
/// Tables that every projection needs beside its own.
const BOOKKEEPING: [&str; 2] = ["checkpoints", "parked"];

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
    refuse_live(schema)?;
    create_scratch(pool, schema, projections).await?;
    for projection in projections {
        let batches = Batches { pool, schema, projection: &**projection, clock, on_poison: OnPoison::Stop };
        fold(&batches, position, shutdown).await?;
    }
    Ok(())
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

async fn fold(batches: &Batches<'_>, head: i64, shutdown: &CancellationToken) -> Result<(), RebuildError> {
    let identity: &'static Identity = batches.projection.identity();
    let name = identity.name;
    let failed = |source: ProjectError| RebuildError::Project { name, source };

    let mut connection = batches.pool.acquire().await?;
    let seized = seize(&mut connection, batches.schema, identity, batches.clock.now()).await?;
    drop(connection);
    let mut hold = seized.ok_or(RebuildError::OtherVersion(name))?;
    while hold.position < head {
        if shutdown.is_cancelled() {
            return Err(RebuildError::Interrupted { name, position: hold.position });
        }
        let positions = POSITIONS_MAX.min(head - hold.position);
        match batches.next(hold, positions).await.map_err(failed)? {
            Batch::Done { upto, .. } => hold.position = upto,
            Batch::Busy | Batch::Missed => return Err(RebuildError::Contended(name)),
            // The log does not shrink.
            Batch::Empty => return Ok(()),
        }
    }
    Ok(())
}

async fn create_scratch(
    pool: &PgPool,
    schema: &SchemaName,
    projections: &[Arc<dyn Projection>],
) -> Result<(), sqlx::Error> {
    let own = projections.iter().flat_map(|projection| projection.identity().tables);
    let tables: BTreeSet<&str> = own.map(|table| table.name).chain(BOOKKEEPING).collect();
    let mut tx = pool.begin().await?;
    execute(&mut tx, &format!("CREATE SCHEMA IF NOT EXISTS {schema}")).await?;
    for table in tables {
        // Table names are constants of this crate; on the schema's, see SchemaName.
        let live = SchemaName::live();
        let sql = format!("CREATE TABLE IF NOT EXISTS {schema}.{table} (LIKE {live}.{table} INCLUDING ALL)");
        execute(&mut tx, &sql).await?;
    }
    tx.commit().await
}

async fn execute(tx: &mut PgConnection, sql: &str) -> Result<(), sqlx::Error> {
    sqlx::query(sql).execute(tx).await?;
    Ok(())
}

/// A mistyped name must not cost the live rows.
fn refuse_live(schema: &SchemaName) -> Result<(), RebuildError> {
    if schema.is_scratch() { Ok(()) } else { Err(RebuildError::NotScratch(schema.as_str().to_owned())) }
}
