//! Bringing an archive's events back.

use std::{path::Path, time::Duration};

use chrono::{DateTime, Utc};
use sqlx::{Connection as _, PgConnection};

use super::{
    check::{Check, Checked},
    exchange::{TakenAway, is_lock_timeout, make_table, partition_at, put_in_place},
    file::ArchiveError,
    partition::Partition,
    record::Archive,
};
use crate::{RecordedEvent, history_line::Routing};

/// Events per statement.
const BATCH: usize = 1_000;
/// Before the lock is tried again.
const LOCK_AGAIN: Duration = Duration::from_millis(100);

/// Reads the file, checks it against record and seals, fills a table, and puts that in the place of what was kept.
/// `progress` is told the position that was read, and says whether to go on.
///
/// # Errors
/// [`ArchiveError`]; then the events are away as before.
pub async fn restore(
    owner: &mut PgConnection,
    archive: &Archive,
    path: &Path,
    by: &str,
    now: DateTime<Utc>,
    mut progress: impl FnMut(i64) -> bool + Send,
) -> Result<(), ArchiveError> {
    let first = archive.first;
    let broken = |reason| ArchiveError::Broken { position: first, reason };
    let standing = partition_at(owner, first).await?.ok_or_else(|| broken("no partition begins there"))?;
    if !standing.is_archived() {
        // Marked, and never taken out: an archiving that was broken off.
        return put_on_record(owner, archive, by, now).await;
    }
    let name = format!("restored_{first}");
    let mut tx = owner.begin().await?;
    // An earlier attempt's.
    sqlx::raw_sql(&format!("DROP TABLE IF EXISTS log.{name}")).execute(&mut *tx).await?;
    make_table(&mut tx, &name, &standing).await?;
    let checked = fill(&mut tx, &standing, path, &name, &mut progress).await?;
    if checked.sha256[..] != archive.sha256[..] {
        return Err(broken("the file is not the one that is on record"));
    }
    tx.commit().await?;
    loop {
        match exchange(owner, archive, &standing, &name, by, now).await {
            Err(ArchiveError::Database(error)) if is_lock_timeout(&error) => {
                if !progress(archive.last) {
                    return Err(ArchiveError::Interrupted);
                }
                tokio::time::sleep(LOCK_AGAIN).await;
            }
            done => return done,
        }
    }
}

async fn exchange(
    owner: &mut PgConnection,
    archive: &Archive,
    standing: &Partition,
    name: &str,
    by: &str,
    now: DateTime<Utc>,
) -> Result<(), ArchiveError> {
    let mut tx = owner.begin().await?;
    put_in_place(&mut tx, standing, name, TakenAway::Dropped).await?;
    put_on_record(&mut tx, archive, by, now).await?;
    tx.commit().await?;
    Ok(())
}

async fn put_on_record(
    owner: &mut PgConnection,
    archive: &Archive,
    by: &str,
    now: DateTime<Utc>,
) -> Result<(), ArchiveError> {
    let sql = "UPDATE audit.archives SET is_away = false, restored_at = $2, restored_by = $3 WHERE first_position = $1";
    sqlx::query(sql).bind(archive.first).bind(now).bind(by).execute(owner).await?;
    Ok(())
}

async fn fill(
    tx: &mut PgConnection,
    partition: &Partition,
    path: &Path,
    name: &str,
    progress: &mut (impl FnMut(i64) -> bool + Send),
) -> Result<Checked, ArchiveError> {
    let mut check = Check::open(partition, path)?;
    let mut batch: Vec<(RecordedEvent, Routing)> = Vec::with_capacity(BATCH);
    loop {
        let next = check.next(&mut *tx).await?;
        let is_over = next.is_none();
        batch.extend(next);
        if is_over || batch.len() == BATCH {
            insert(tx, name, &batch).await?;
            if let Some((last, _)) = batch.last()
                && !progress(last.global_position)
            {
                return Err(ArchiveError::Interrupted);
            }
            batch.clear();
        }
        if is_over {
            return check.finish();
        }
    }
}

async fn insert(
    tx: &mut PgConnection,
    name: &str,
    batch: &[(RecordedEvent, Routing)],
) -> Result<(), ArchiveError> {
    let sql = format!(
        "INSERT INTO log.{name} (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata, \
             global_position, event_id, recorded_at, command_id, actor, content_hash, supplier_id, restaurant_id) \
         SELECT e.kind, e.id, e.sequence, e.event_type, e.event_version, e.payload::json, e.metadata::json, e.position, \
                e.event_id, e.recorded_at, e.command_id, e.actor, e.content_hash, e.supplier_id, e.restaurant_id \
         FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], \
             $8::bigint[], $9::uuid[], $10::timestamptz[], $11::uuid[], $12::text[], $13::bytea[], $14::uuid[], \
             $15::uuid[]) \
             AS e(kind, id, sequence, event_type, event_version, payload, metadata, position, event_id, recorded_at, \
                  command_id, actor, content_hash, supplier_id, restaurant_id)"
    );
    let inserted = sqlx::query(&sql)
        .bind(column(batch, |event| event.stream_kind.as_str()))
        .bind(column(batch, |event| event.stream_id.to_string()))
        .bind(column(batch, |event| event.sequence))
        .bind(column(batch, |event| event.event_type.as_str()))
        .bind(column(batch, |event| event.event_version.as_str()))
        .bind(column(batch, |event| event.payload.as_str()))
        .bind(column(batch, |event| event.metadata.as_str()))
        .bind(column(batch, |event| event.global_position))
        .bind(column(batch, |event| event.event_id))
        .bind(column(batch, |event| event.recorded_at))
        .bind(column(batch, |event| event.command_id))
        .bind(column(batch, |event| event.actor.as_str()))
        .bind(column(batch, |event| event.content_hash.as_slice()))
        .bind(batch.iter().map(|(_, routing)| routing.supplier_id).collect::<Vec<_>>())
        .bind(batch.iter().map(|(_, routing)| routing.restaurant_id).collect::<Vec<_>>())
        .execute(tx)
        .await?
        .rows_affected();
    if inserted == batch.len() as u64 {
        return Ok(());
    }
    Err(ArchiveError::Broken { position: 0, reason: "not every event came back" })
}

fn column<'a, T>(batch: &'a [(RecordedEvent, Routing)], of: impl Fn(&'a RecordedEvent) -> T) -> Vec<T> {
    batch.iter().map(|(event, _)| of(event)).collect()
}
