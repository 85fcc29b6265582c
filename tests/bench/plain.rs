//! The rows of the log in a table without its promises: what SQL alone can do.

use std::fmt::Write as _;

use events::NewEvent;
use sqlx::{Executor as _, PgConnection};
use uuid::Uuid;

/// An event with its hash, made beforehand.
pub type Hashed = ([u8; 32], NewEvent);

/// The log's columns and indexes; neither trigger nor head.
pub async fn create(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    connection.execute("CREATE SCHEMA plain").await?;
    connection.execute("CREATE TABLE plain.events (LIKE public.events INCLUDING ALL)").await?;
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

/// One COPY, as text.
pub async fn copy_in(connection: &mut PgConnection, batch: &[Hashed], first: &mut i64) -> anyhow::Result<()> {
    let mut text = String::with_capacity(batch.len() * 1_500);
    for (hash, event) in batch {
        *first += 1;
        write_row(&mut text, *first, hash, event);
    }
    let mut copy = connection
        .copy_in_raw(
            "COPY plain.events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, \
             metadata, global_position, event_id, recorded_at, command_id, actor, content_hash, supplier_id, \
             restaurant_id) FROM STDIN",
        )
        .await?;
    copy.send(text.as_bytes()).await?;
    copy.finish().await?;
    Ok(())
}

fn write_row(text: &mut String, position: i64, hash: &[u8], event: &NewEvent) {
    let id = |id: Option<Uuid>| id.map_or_else(|| "\\N".to_owned(), |id| id.to_string());
    let hash = hash.iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("a string takes any text");
        hex
    });
    writeln!(
        text,
        "{}\t{}\t{}\t{}\t{}\t{}\t{}\t{position}\t{}\t{}\t{}\t{}\t\\\\x{hash}\t{}\t{}",
        event.stream.kind.name(),
        event.stream.id,
        event.sequence,
        event.event_type,
        event.event_version,
        escaped(&event.payload),
        escaped(&event.metadata),
        event.event_id,
        event.recorded_at.to_rfc3339(),
        event.command_id,
        event.actor,
        id(event.supplier_id.map(Uuid::from)),
        id(event.restaurant_id.map(Uuid::from)),
    )
    .expect("a string takes any text");
}

/// JSON holds no raw tabs or newlines; its backslashes would be read as COPY's.
fn escaped(json: &str) -> String {
    json.replace('\\', "\\\\")
}

fn column<'a, T>(batch: &'a [Hashed], of: impl Fn(&'a NewEvent) -> T) -> Vec<T> {
    batch.iter().map(|(_, event)| of(event)).collect()
}
