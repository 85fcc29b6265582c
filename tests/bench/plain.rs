//! The rows of the log in a table without its promises: what SQL alone can do.

use events::NewEvent;
use sqlx::{Executor as _, PgConnection};
use uuid::Uuid;

use crate::log_rows::LogRows;

/// An event with its hash, made beforehand.
pub type Hashed = ([u8; 32], NewEvent);

/// The log's columns and indexes; neither trigger nor head.
pub async fn create(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    connection.execute("CREATE SCHEMA plain").await?;
    // The indexes by name: the log may keep its own on the parts that it consists of.
    connection
        .execute(
            "CREATE TABLE plain.events (LIKE public.events INCLUDING CONSTRAINTS, \
                 PRIMARY KEY (aggregate_type, aggregate_id, sequence), UNIQUE (global_position)) \
             WITH (toast_tuple_target = 8160)",
        )
        .await?;
    Ok(())
}

/// One INSERT, columns as arrays.
pub async fn insert(
    connection: &mut PgConnection,
    batch: &[Hashed],
    first: &mut i64,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO plain.events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, \
             metadata, global_position, event_id, recorded_at, command_id, actor, content_hash, supplier_id, \
             restaurant_id) \
         SELECT e.kind, e.id, e.sequence, e.event_type, e.event_version, e.payload::json, e.metadata::json, \
                $1 + e.place, e.event_id, e.recorded_at, e.command_id, e.actor, e.content_hash, e.supplier_id, \
                e.restaurant_id \
         FROM unnest($2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::text[], \
             $9::uuid[], $10::timestamptz[], $11::uuid[], $12::text[], $13::bytea[], $14::uuid[], $15::uuid[]) \
             WITH ORDINALITY AS e(kind, id, sequence, event_type, event_version, payload, metadata, event_id, \
                 recorded_at, command_id, actor, content_hash, supplier_id, restaurant_id, place)",
    )
    .bind(*first)
    .bind(column(batch, |event| event.stream.kind.name()))
    .bind(column(batch, |event| event.stream.id.to_string()))
    .bind(column(batch, |event| event.sequence))
    .bind(column(batch, |event| event.event_type.as_str()))
    .bind(column(batch, |event| event.event_version.as_str()))
    .bind(column(batch, |event| event.payload.as_str()))
    .bind(column(batch, |event| event.metadata.as_str()))
    .bind(column(batch, |event| event.event_id))
    .bind(column(batch, |event| event.recorded_at))
    .bind(column(batch, |event| event.command_id))
    .bind(column(batch, |event| event.actor.as_str()))
    .bind(batch.iter().map(|(hash, _)| hash.to_vec()).collect::<Vec<_>>())
    .bind(column(batch, |event| event.supplier_id.map(Uuid::from)))
    .bind(column(batch, |event| event.restaurant_id.map(Uuid::from)))
    .execute(connection)
    .await?;
    *first += i64::try_from(batch.len()).expect("a batch is small");
    Ok(())
}

/// One COPY.
pub async fn copy_in(connection: &mut PgConnection, batch: &[Hashed], first: &mut i64) -> anyhow::Result<()> {
    let mut rows = LogRows::with_capacity(batch.len());
    for (hash, event) in batch {
        *first += 1;
        rows.add(*first, hash, event);
    }
    rows.copy_into("plain.events", connection).await?;
    Ok(())
}

fn column<'a, T>(batch: &'a [Hashed], of: impl Fn(&'a NewEvent) -> T) -> Vec<T> {
    batch.iter().map(|(_, event)| of(event)).collect()
}
