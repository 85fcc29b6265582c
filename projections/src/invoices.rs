//! `read.invoices`: one row per invoice that came.

use std::sync::Arc;

use events::{RecordedEvent, StreamKind, invoice::Invoice};
use sqlx::PgConnection;

use crate::{
    keyed_fold::{column, fold_in_tx, ids, states_json},
    projection::{Identity, ProjectError, Projecting, Projection, ReadTable},
    schema::SchemaName,
};

const TABLE: ReadTable = ReadTable { name: "invoices", key: "invoice_id" };
/// A longer number is none that anybody would look for, and an index refuses what is some thousand bytes long:
/// a document must not keep its own row from being written.
const NUMBER_BYTES_MAX: usize = 200;

/// Folds invoice streams.
#[derive(Debug)]
pub struct Invoices;

impl Projection for Invoices {
    fn identity(&self) -> &'static Identity {
        &Identity { name: "invoices", version: 1, kinds: &[StreamKind::Invoice], tables: &[TABLE] }
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
    let invoices = fold_in_tx::<Invoice>(tx, schema, TABLE, events).await?;
    let sql = format!(
        "INSERT INTO {schema}.invoices (invoice_id, supplier_id, restaurant_id, order_id, received_by, status, \
                                        number, issue_date, received_at, state) \
         SELECT r.invoice_id, r.supplier_id, r.restaurant_id, r.order_id, r.received_by, r.status, \
                r.number, r.issue_date, r.received_at, r.state::json \
         FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::text[], \
                     $7::text[], $8::date[], $9::timestamptz[], $10::text[]) \
              AS r(invoice_id, supplier_id, restaurant_id, order_id, received_by, status, \
                   number, issue_date, received_at, state) \
         ON CONFLICT (invoice_id) DO UPDATE SET \
             supplier_id = EXCLUDED.supplier_id, restaurant_id = EXCLUDED.restaurant_id, \
             order_id = EXCLUDED.order_id, status = EXCLUDED.status, number = EXCLUDED.number, \
             issue_date = EXCLUDED.issue_date, state = EXCLUDED.state"
    );
    sqlx::query(&sql)
        .bind(ids(&invoices))
        .bind(column(&invoices, |invoice| invoice.state.supplier_id().map(|id| id.0)))
        .bind(column(&invoices, |invoice| invoice.state.restaurant_id().map(|id| id.0)))
        .bind(column(&invoices, |invoice| invoice.state.order_id().map(|id| id.0)))
        .bind(column(&invoices, |invoice| invoice.state.received_by.map(|id| id.0)))
        .bind(column(&invoices, |invoice| invoice.state.status.name()))
        .bind(column(&invoices, |invoice| number(&invoice.state)))
        .bind(column(&invoices, |invoice| {
            invoice.state.document()?.issue_date.as_ref().map(|date| date.value)
        }))
        .bind(column(&invoices, |invoice| invoice.state.received_at))
        .bind(states_json(&invoices))
        .execute(tx)
        .await?;
    Ok(())
}

fn number(invoice: &Invoice) -> Option<String> {
    let number = &invoice.document()?.number.as_ref()?.value;
    // Postgres takes no NUL in a text.
    let is_number = number.len() <= NUMBER_BYTES_MAX && !number.contains('\0');
    is_number.then(|| number.clone())
}
