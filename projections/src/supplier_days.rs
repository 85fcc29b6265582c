//! `read.supplier_days`: how a supplier does, summed by the Swedish day that orders were placed on.

use std::{
    collections::BTreeMap,
    ops::{AddAssign, Sub},
};

use chrono::NaiveDate;
use events::{
    order::{Order, Party},
    values::{Quantity, swedish_day},
};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    projection::{ProjectError, ReadTable},
    schema::SchemaName,
};

pub(crate) const TABLE: ReadTable = ReadTable { name: "supplier_days", key: "supplier_id" };

/// The columns that are summed, in the order of [`DayTotals`].
const COLUMNS: [&str; 12] = [
    "placed",
    "confirmed",
    "cancelled_by_restaurant",
    "cancelled_by_supplier",
    "delivered",
    "delivered_on_time",
    "delivered_with_date",
    "ordered_qty",
    "delivered_qty",
    "received_qty",
    "claimed_lines",
    "confirm_seconds",
];

/// A row's key. An order never changes its own: both parts are of its first event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SupplierDay {
    supplier_id: Uuid,
    day: NaiveDate,
}

impl SupplierDay {
    pub(crate) fn of(order: &Order) -> Self {
        Self { supplier_id: order.supplier_id.0, day: swedish_day(order.placed_at) }
    }
}

/// What one order, or the change of several, adds to each of [`COLUMNS`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct DayTotals([i64; COLUMNS.len()]);

impl DayTotals {
    /// What the order adds as it stands.
    pub(crate) fn of(order: &Order) -> Self {
        let delivered_at = order.delivered_at;
        let has_date = delivered_at.is_some() && order.requested_delivery_date.is_some();
        let on_time = delivered_at
            .zip(order.requested_delivery_date)
            .is_some_and(|(delivered_at, requested)| swedish_day(delivered_at) <= requested);
        // Fill rate compares like with like: what was ordered counts once something was delivered.
        let ordered = if delivered_at.is_some() {
            order.lines.iter().map(|line| line.ordered.quantity).sum()
        } else {
            Quantity::ZERO
        };
        let delivered: Quantity =
            order.lines.iter().filter_map(|line| line.delivered).map(|line| line.quantity).sum();
        let received: Quantity =
            order.lines.iter().filter_map(|line| line.received.as_ref()).map(|line| line.quantity).sum();
        Self([
            1,
            i64::from(order.confirmed_at.is_some()),
            i64::from(order.cancelled_by == Some(Party::Restaurant)),
            // An administrator's cancellation is neither party's doing.
            i64::from(order.cancelled_by == Some(Party::Supplier)),
            i64::from(delivered_at.is_some()),
            i64::from(on_time),
            i64::from(has_date),
            ordered.0,
            delivered.0,
            received.0,
            claimed_lines(order),
            order.confirmed_at.map_or(0, |confirmed_at| (confirmed_at - order.placed_at).num_seconds()),
        ])
    }
}

/// Lines of which less arrived than the supplier says it delivered.
fn claimed_lines(order: &Order) -> i64 {
    order
        .lines
        .iter()
        .filter_map(|line| line.delivered.zip(line.received.as_ref()))
        .map(|(delivered, received)| i64::from(received.quantity < delivered.quantity))
        .sum()
}

impl Sub for DayTotals {
    type Output = Self;

    fn sub(mut self, before: Self) -> Self {
        self.0.iter_mut().zip(before.0).for_each(|(total, before)| *total -= before);
        self
    }
}

impl AddAssign for DayTotals {
    fn add_assign(&mut self, more: Self) {
        self.0.iter_mut().zip(more.0).for_each(|(total, more)| *total += more);
    }
}

/// Adds to the rows. Sums do not depend on the order of what is summed nor on how it was batched, so a
/// rebuild arrives at the same rows.
pub(crate) async fn add_in_tx(
    tx: &mut PgConnection,
    schema: &SchemaName,
    changes: &BTreeMap<SupplierDay, DayTotals>,
) -> Result<(), ProjectError> {
    let changes: Vec<_> = changes.iter().filter(|(_, totals)| **totals != DayTotals::default()).collect();
    if changes.is_empty() {
        return Ok(());
    }
    let sql = add_statement(schema);
    let mut query = sqlx::query(&sql)
        .bind(changes.iter().map(|(key, _)| key.supplier_id).collect::<Vec<_>>())
        .bind(changes.iter().map(|(key, _)| key.day).collect::<Vec<_>>());
    for place in 0..COLUMNS.len() {
        query = query.bind(changes.iter().map(|(_, totals)| totals.0[place]).collect::<Vec<_>>());
    }
    query.execute(tx).await?;
    Ok(())
}

fn add_statement(schema: &SchemaName) -> String {
    let columns = COLUMNS.join(", ");
    let arrays: Vec<String> = (3..3 + COLUMNS.len()).map(|place| format!("${place}::bigint[]")).collect();
    let sums: Vec<String> =
        COLUMNS.iter().map(|column| format!("{column} = held.{column} + EXCLUDED.{column}")).collect();
    format!(
        "INSERT INTO {schema}.supplier_days AS held (supplier_id, day, {columns}) \
         SELECT r.supplier_id, r.day, {columns} \
         FROM unnest($1::uuid[], $2::date[], {arrays}) AS r(supplier_id, day, {columns}) \
         ON CONFLICT (supplier_id, day) DO UPDATE SET {sums}",
        arrays = arrays.join(", "),
        sums = sums.join(", "),
    )
}
