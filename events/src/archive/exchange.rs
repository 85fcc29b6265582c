//! Taking a partition's events out of the table.
//!
//! 1. `audit.archives` says that they are away. From here on whoever reads the range is refused.
//! 2. Every transaction that began before that has ended: none is left that could read the range on the word of an older
//!    snapshot and miss it.
//! 3. What is kept is put into a table of its own.
//! 4. In one transaction of some milliseconds that takes the partition's place, and the partition is dropped.
//!
//! Not DETACH … CONCURRENTLY: between that and the attaching of what is kept, accounts and the first events of orders
//! would be nowhere, and a login would fail that is right. The lock of step 4 is waited for a second at a time, so that
//! nobody waits behind it for longer.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::{Connection as _, PgConnection};

use super::{
    file::ArchiveError,
    partition::{KEPT, Partition, partitions},
};

/// How often is looked whether others are done.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What became of the table that had the events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TakenAway {
    /// It is gone.
    Dropped,
    /// It is kept beside the log, under its name in schema `log`, until somebody drops it.
    Detached,
}

/// Takes the events of a partition out of the table whose archive is on record. `goes_on` is asked while it waits for
/// others.
///
/// # Errors
/// [`ArchiveError`]; then all of them are there, and refused to readers until this has succeeded or [`super::restore`].
pub async fn take_away(
    owner: &mut PgConnection,
    partition: &Partition,
    table: TakenAway,
    now: DateTime<Utc>,
    mut goes_on: impl FnMut() -> bool + Send,
) -> Result<(), ArchiveError> {
    let marked: Option<String> = sqlx::query_scalar(
        "UPDATE audit.archives SET is_away = true WHERE first_position = $1 AND last_position = $2 \
         RETURNING pg_current_xact_id()::xid::text",
    )
    .bind(partition.first)
    .bind(partition.last)
    .fetch_optional(&mut *owner)
    .await?;
    let marked = marked
        .ok_or(ArchiveError::Broken { position: partition.first, reason: "no archive is on record" })?;
    while is_seen_by_older(owner, &marked).await? {
        wait(&mut goes_on).await?;
    }
    let kept = format!("{KEPT}{}", partition.first);
    fill_kept(owner, partition, &kept).await?;
    loop {
        match exchange(owner, partition, &kept, table, now).await {
            Ok(()) => return Ok(()),
            Err(error) if is_lock_timeout(&error) => wait(&mut goes_on).await?,
            Err(error) => return Err(error.into()),
        }
    }
}

async fn wait(goes_on: &mut (impl FnMut() -> bool + Send)) -> Result<(), ArchiveError> {
    if !goes_on() {
        return Err(ArchiveError::Interrupted);
    }
    tokio::time::sleep(LOOK_EVERY).await;
    Ok(())
}

/// Whether any transaction has a snapshot from before that one.
async fn is_seen_by_older(owner: &mut PgConnection, transaction: &str) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM pg_stat_activity \
         WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid() \
           AND age(backend_xmin) >= age($1::text::xid))",
    )
    .bind(transaction)
    .fetch_one(owner)
    .await
}

/// What is asked for by its key, whoever else has gone: whole accounts, for logins rest on them, and whole webhook
/// endpoints; of what later events lean on, the first one.
async fn fill_kept(owner: &mut PgConnection, partition: &Partition, kept: &str) -> Result<(), sqlx::Error> {
    let mut tx = owner.begin().await?;
    // An earlier attempt's, from before the exchange.
    sqlx::raw_sql(&format!("DROP TABLE IF EXISTS log.{kept}")).execute(&mut *tx).await?;
    make_table(&mut tx, kept, partition).await?;
    let rows = format!(
        "INSERT INTO log.{kept} SELECT * FROM log.{} \
         WHERE aggregate_type IN ('account', 'webhook_endpoint') \
            OR sequence = 1 AND aggregate_type IN ('order', 'product', 'invoice', 'trade_relation')",
        partition.name
    );
    sqlx::raw_sql(&rows).execute(&mut *tx).await?;
    tx.commit().await
}

/// An empty table like the partition, not attached.
pub(super) async fn make_table(
    owner: &mut PgConnection,
    name: &str,
    partition: &Partition,
) -> Result<(), sqlx::Error> {
    sqlx::query("SELECT log.make_table($1, $2, $3)")
        .bind(name)
        .bind(partition.first)
        .bind(partition.last + 1)
        .execute(owner)
        .await?;
    Ok(())
}

async fn exchange(
    owner: &mut PgConnection,
    partition: &Partition,
    kept: &str,
    table: TakenAway,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let mut tx = owner.begin().await?;
    put_in_place(&mut tx, partition, kept, table).await?;
    sqlx::query("UPDATE audit.archives SET archived_at = $2, restored_at = NULL, restored_by = NULL WHERE first_position = $1")
        .bind(partition.first)
        .bind(now)
        .execute(&mut *tx)
        .await?;
    tx.commit().await
}

/// Another table in the place of the partition. All names are ours: letters, underscores and numbers.
pub(super) async fn put_in_place(
    tx: &mut PgConnection,
    partition: &Partition,
    other: &str,
    table: TakenAway,
) -> Result<(), sqlx::Error> {
    let Partition { name, first, last } = partition;
    let drop = match table {
        TakenAway::Dropped => format!("DROP TABLE log.{name};"),
        TakenAway::Detached => String::new(),
    };
    let statements = format!(
        "SET LOCAL lock_timeout = '1s'; \
         LOCK TABLE public.events IN ACCESS EXCLUSIVE MODE; \
         ALTER TABLE public.events DETACH PARTITION log.{name}; {drop} \
         ALTER TABLE public.events ATTACH PARTITION log.{other} FOR VALUES FROM ({first}) TO ({});",
        last + 1
    );
    sqlx::raw_sql(&statements).execute(tx).await?;
    Ok(())
}

pub(super) fn is_lock_timeout(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| error.code().as_deref() == Some("55P03"))
}

/// The partition that begins there, whatever stands in for it.
pub(super) async fn partition_at(
    owner: &mut PgConnection,
    first: i64,
) -> Result<Option<Partition>, sqlx::Error> {
    Ok(partitions(owner).await?.into_iter().find(|partition| partition.first == first))
}
