//! `read.invoiced_prices`, one row per invoice: how many of its lines cost more than was agreed.
//!
//! Not summed by day as orders are: a decision about an invoice may be taken again, and only the last one counts.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use events::{
    Fold, RecordedEvent, StreamKind,
    invoice::{InvoiceEvent, PricedLines},
    values::{SupplierId, swedish_day},
};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use crate::{
    keyed_fold::{column, fold_in_tx, ids, states_json},
    projection::{Identity, ProjectError, Projecting, Projection, ReadTable},
    schema::SchemaName,
};

const TABLE: ReadTable = ReadTable { name: "invoiced_prices", key: "invoice_id" };

/// Folds invoice streams, for what they say of prices.
#[derive(Debug)]
pub struct InvoicedPrices;

impl Projection for InvoicedPrices {
    fn identity(&self) -> &'static Identity {
        &Identity { name: "invoiced_prices", version: 1, kinds: &[StreamKind::Invoice], tables: &[TABLE] }
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

/// What an invoice adds to its supplier's price accuracy: a small part of what is known of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Prices {
    received_at: DateTime<Utc>,
    /// Known once an order is.
    supplier_id: Option<SupplierId>,
    lines: PricedLines,
}

impl Fold for Prices {
    type Event = InvoiceEvent;
    const KIND: StreamKind = StreamKind::Invoice;

    fn apply(&mut self, event: &InvoiceEvent) {
        match event {
            InvoiceEvent::InvoiceReceived { received_at, .. } => self.received_at = *received_at,
            InvoiceEvent::InvoiceMatched { trade, facts, outcome, .. } => {
                self.supplier_id = Some(trade.supplier_id);
                self.lines = facts.priced_lines(Some(outcome));
            }
            InvoiceEvent::InvoiceDisputed { trade, facts, outcome, .. } => {
                self.supplier_id = Some(trade.supplier_id);
                self.lines = facts.priced_lines(outcome.as_deref());
            }
            // What was decided holds no longer.
            InvoiceEvent::InvoiceExtracted { .. }
            | InvoiceEvent::InvoiceCorrected { .. }
            | InvoiceEvent::InvoiceHeld { .. }
            | InvoiceEvent::InvoiceRejected { .. } => self.lines = PricedLines::default(),
            // A credit makes good what was dear; it was dear nevertheless.
            InvoiceEvent::InvoiceCredited { .. } => {}
        }
    }
}

async fn write_in_tx(
    tx: &mut PgConnection,
    schema: &SchemaName,
    events: &[Arc<RecordedEvent>],
) -> Result<(), ProjectError> {
    let prices = fold_in_tx::<Prices>(tx, schema, TABLE, events).await?;
    let sql = format!(
        "INSERT INTO {schema}.invoiced_prices (invoice_id, supplier_id, day, lines, price_over, state) \
         SELECT r.invoice_id, r.supplier_id, r.day, r.lines, r.price_over, r.state::jsonb \
         FROM unnest($1::uuid[], $2::uuid[], $3::date[], $4::bigint[], $5::bigint[], $6::text[]) \
              AS r(invoice_id, supplier_id, day, lines, price_over, state) \
         ON CONFLICT (invoice_id) DO UPDATE SET supplier_id = EXCLUDED.supplier_id, \
             lines = EXCLUDED.lines, price_over = EXCLUDED.price_over, state = EXCLUDED.state"
    );
    sqlx::query(&sql)
        .bind(ids(&prices))
        .bind(column(&prices, |invoice| invoice.state.supplier_id.map(|id| id.0)))
        .bind(column(&prices, |invoice| swedish_day(invoice.state.received_at)))
        .bind(column(&prices, |invoice| invoice.state.lines.compared))
        .bind(column(&prices, |invoice| invoice.state.lines.above_agreed))
        .bind(states_json(&prices))
        .execute(tx)
        .await?;
    Ok(())
}
