//! `read.inventory`: one row per restaurant and product that was ever counted.
//!
//! No row has a whole inventory: which of its events are in is what the highest revision of its rows says, for each
//! event writes at least one.

use std::{collections::BTreeMap, sync::Arc};

use events::{
    Folded, RecordedEvent, StreamKind,
    fold::decode,
    inventory::{Inventory, InventoryEvent},
};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    keyed_fold::{States, apply_one, streams_of},
    projection::{Identity, ProjectError, Projecting, Projection, ReadTable},
    schema::SchemaName,
};

const TABLE: ReadTable = ReadTable { name: "inventory", key: "restaurant_id" };

/// Folds inventory streams.
#[derive(Debug)]
pub struct Inventories;

impl Projection for Inventories {
    fn identity(&self) -> &'static Identity {
        &Identity { name: "inventory", version: 1, kinds: &[StreamKind::Inventory], tables: &[TABLE] }
    }

    fn project_in_tx<'a>(
        &'a self,
        tx: &'a mut PgConnection,
        schema: &'a SchemaName,
        events: &'a [Arc<RecordedEvent>],
    ) -> Projecting<'a> {
        Box::pin(write_in_tx(tx, schema, events))
    }
}

/// What an event said of a product, and which event.
struct Said<'a> {
    quantity: i64,
    counted_at: chrono::DateTime<chrono::Utc>,
    event: &'a RecordedEvent,
}

async fn write_in_tx(
    tx: &mut PgConnection,
    schema: &SchemaName,
    events: &[Arc<RecordedEvent>],
) -> Result<(), ProjectError> {
    let mut inventories = revisions_in_tx(tx, schema, events).await?;
    // The last word on each product; sorted, so that rows are written in the order of their index.
    let mut said = BTreeMap::new();
    for event in events {
        apply_one(inventories.entry(event.stream_id).or_default(), event)?;
        let decoded = decode::<Inventory>(event);
        let decoded = decoded.map_err(|source| ProjectError::Fold { key: event.stream_id, source })?;
        let InventoryEvent::InventoryCounted { items, counted_at, .. } = decoded;
        for item in items {
            let key = (event.stream_id, item.product_id.0);
            said.insert(key, Said { quantity: item.quantity.0, counted_at, event });
        }
    }
    write_rows_in_tx(tx, schema, &said).await
}

/// How far each inventory is folded; what is in it no fold needs.
async fn revisions_in_tx(
    tx: &mut PgConnection,
    schema: &SchemaName,
    events: &[Arc<RecordedEvent>],
) -> Result<States<Inventory>, ProjectError> {
    let sql = format!(
        "SELECT restaurant_id, max(revision) FROM {schema}.inventory \
         WHERE restaurant_id = ANY($1) GROUP BY restaurant_id"
    );
    let rows: Vec<(Uuid, i64)> = sqlx::query_as(&sql).bind(streams_of(events)).fetch_all(tx).await?;
    let folded = |revision| Folded { revision, ..Folded::default() };
    Ok(rows.into_iter().map(|(id, revision)| (id, folded(revision))).collect())
}

async fn write_rows_in_tx(
    tx: &mut PgConnection,
    schema: &SchemaName,
    said: &BTreeMap<(Uuid, Uuid), Said<'_>>,
) -> Result<(), ProjectError> {
    let sql = format!(
        "INSERT INTO {schema}.inventory (restaurant_id, product_id, quantity, counted_at, position, revision) \
         SELECT r.restaurant_id, r.product_id, r.quantity, r.counted_at, r.position, r.revision \
         FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::timestamptz[], $5::bigint[], $6::bigint[]) \
              AS r(restaurant_id, product_id, quantity, counted_at, position, revision) \
         ON CONFLICT (restaurant_id, product_id) DO UPDATE \
         SET quantity = EXCLUDED.quantity, counted_at = EXCLUDED.counted_at, position = EXCLUDED.position, \
             revision = EXCLUDED.revision"
    );
    let written = sqlx::query(&sql)
        .bind(said.keys().map(|(restaurant, _)| *restaurant).collect::<Vec<_>>())
        .bind(said.keys().map(|(_, product)| *product).collect::<Vec<_>>())
        .bind(said.values().map(|said| said.quantity).collect::<Vec<_>>())
        .bind(said.values().map(|said| said.counted_at).collect::<Vec<_>>())
        .bind(said.values().map(|said| said.event.global_position).collect::<Vec<_>>())
        .bind(said.values().map(|said| said.event.sequence).collect::<Vec<_>>())
        .execute(tx)
        .await?
        .rows_affected();
    if usize::try_from(written) == Ok(said.len()) {
        return Ok(());
    }
    Err(ProjectError::RowsMissed { table: TABLE.name, expected: said.len(), written })
}
