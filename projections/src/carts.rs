//! `read.carts`: one row per cart.

use std::sync::Arc;

use events::{RecordedEvent, StreamKind, cart::Cart};
use sqlx::PgConnection;

use crate::{
    keyed_fold::{column, fold_in_tx, ids, states_json},
    projection::{Identity, ProjectError, Projecting, Projection, ReadTable},
    schema::SchemaName,
};

const TABLE: ReadTable = ReadTable { name: "carts", key: "cart_id" };

/// Folds cart streams.
#[derive(Debug)]
pub struct Carts;

impl Projection for Carts {
    fn identity(&self) -> &'static Identity {
        &Identity { name: "carts", version: 1, kinds: &[StreamKind::Cart], tables: &[TABLE] }
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
    let carts = fold_in_tx::<Cart>(tx, schema, TABLE, events).await?;
    let sql = format!(
        "INSERT INTO {schema}.carts (cart_id, restaurant_id, converted, created_at, state) \
         SELECT r.cart_id, r.restaurant_id, r.converted, r.created_at, r.state::json \
         FROM unnest($1::uuid[], $2::uuid[], $3::boolean[], $4::timestamptz[], $5::text[]) \
              AS r(cart_id, restaurant_id, converted, created_at, state) \
         ON CONFLICT (cart_id) DO UPDATE SET converted = EXCLUDED.converted, state = EXCLUDED.state"
    );
    sqlx::query(&sql)
        .bind(ids(&carts))
        .bind(column(&carts, |cart| cart.state.restaurant_id.0))
        .bind(column(&carts, |cart| cart.state.checkout_id.is_some()))
        .bind(column(&carts, |cart| cart.created_at))
        .bind(states_json(&carts))
        .execute(tx)
        .await?;
    Ok(())
}
