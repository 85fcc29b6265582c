//! `read.order_billing`: what has been invoiced and credited of each order.

use std::sync::Arc;

use events::{RecordedEvent, StreamKind, billing::Billing};
use sqlx::PgConnection;

use crate::{
    keyed_fold::{fold_in_tx, ids, states_json},
    projection::{Identity, ProjectError, Projecting, Projection, ReadTable},
    schema::SchemaName,
};

const TABLE: ReadTable = ReadTable { name: "order_billing", key: "order_id" };

/// Folds the ledgers of orders.
#[derive(Debug)]
pub struct OrderBilling;

impl Projection for OrderBilling {
    fn identity(&self) -> &'static Identity {
        &Identity { name: "billing", version: 1, kinds: &[StreamKind::Billing], tables: &[TABLE] }
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
    let billings = fold_in_tx::<Billing>(tx, schema, TABLE, events).await?;
    let sql = format!(
        "INSERT INTO {schema}.order_billing (order_id, state) \
         SELECT r.order_id, r.state::json FROM unnest($1::uuid[], $2::text[]) AS r(order_id, state) \
         ON CONFLICT (order_id) DO UPDATE SET state = EXCLUDED.state"
    );
    sqlx::query(&sql).bind(ids(&billings)).bind(states_json(&billings)).execute(tx).await?;
    Ok(())
}
