//! `read.orders`, one row per order, and `read.supplier_days`, the sums over them.

use std::{collections::BTreeMap, sync::Arc};

use events::{RecordedEvent, StreamKind, order::Order};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    keyed_fold::{self, States, column, ids, load_in_tx, states_json},
    projection::{Identity, ProjectError, Projecting, Projection, ReadTable},
    schema::SchemaName,
    supplier_days::{self, DayTotals, SupplierDay, add_in_tx},
};

const TABLE: ReadTable = ReadTable { name: "orders", key: "order_id" };

/// Folds order streams.
#[derive(Debug)]
pub struct Orders;

impl Projection for Orders {
    fn identity(&self) -> &'static Identity {
        &Identity {
            name: "orders",
            version: 1,
            kinds: &[StreamKind::Order],
            tables: &[TABLE, supplier_days::TABLE],
        }
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

async fn write_in_tx(
    tx: &mut PgConnection,
    schema: &SchemaName,
    events: &[Arc<RecordedEvent>],
) -> Result<(), ProjectError> {
    let mut orders = load_in_tx::<Order>(tx, schema, TABLE, events).await?;
    let totals_before: BTreeMap<Uuid, DayTotals> =
        orders.iter().map(|(id, order)| (*id, DayTotals::of(&order.state))).collect();
    keyed_fold::apply(&mut orders, events)?;
    upsert_in_tx(tx, schema, &orders).await?;
    add_in_tx(tx, schema, &changes(&totals_before, &orders)).await
}

/// What the events added to each day: totals of every order after them, less its totals before.
fn changes(before: &BTreeMap<Uuid, DayTotals>, orders: &States<Order>) -> BTreeMap<SupplierDay, DayTotals> {
    let mut changes: BTreeMap<SupplierDay, DayTotals> = BTreeMap::new();
    for (id, order) in orders {
        let before = before.get(id).copied().unwrap_or_default();
        *changes.entry(SupplierDay::of(&order.state)).or_default() += DayTotals::of(&order.state) - before;
    }
    changes
}

async fn upsert_in_tx(
    tx: &mut PgConnection,
    schema: &SchemaName,
    orders: &States<Order>,
) -> Result<(), ProjectError> {
    let sql = format!(
        "INSERT INTO {schema}.orders (order_id, restaurant_id, supplier_id, status, placed_at, state) \
         SELECT r.order_id, r.restaurant_id, r.supplier_id, r.status, r.placed_at, r.state::json \
         FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::timestamptz[], $6::text[]) \
              AS r(order_id, restaurant_id, supplier_id, status, placed_at, state) \
         ON CONFLICT (order_id) DO UPDATE SET status = EXCLUDED.status, state = EXCLUDED.state"
    );
    sqlx::query(&sql)
        .bind(ids(orders))
        .bind(column(orders, |order| order.state.restaurant_id.0))
        .bind(column(orders, |order| order.state.supplier_id.0))
        .bind(column(orders, |order| order.state.status.name()))
        .bind(column(orders, |order| order.state.placed_at))
        .bind(states_json(orders))
        .execute(tx)
        .await?;
    Ok(())
}
