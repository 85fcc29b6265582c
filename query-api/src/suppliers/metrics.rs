//! `GET /api/v1/suppliers/{id}/metrics`: how well a supplier delivers.

use axum::response::Response;
use chrono::{Days, NaiveDate};
use deserr::Deserr;
use events::values::{SupplierId, swedish_day};
use platform::{
    body::{Faults, Path, Query},
    error::{ApiError, ErrorBody, Fault},
};
use serde::Serialize;
use sqlx::FromRow;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{
    answer,
    failure::ReadFailure,
    freshness::{ReadModel, Seen, checkpoint, names},
    reader::Reader,
    refusals::{ListRefusals, ReadHeaders, ReadRefusals, not_found},
    sight::Sight,
};

const MODELS: [ReadModel; 3] = [ReadModel::Suppliers, ReadModel::Orders, ReadModel::InvoicedPrices];
/// The window where the caller names none: the last 30 days, today among them.
const WINDOW_DEFAULT: Days = Days::new(29);

/// The window, by the Swedish day that orders were placed on, and that invoices came on.
#[derive(Clone, Copy, Debug, Deserr, IntoParams)]
#[deserr(error = Faults, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Window {
    /// First day; default: 29 days before `to`.
    #[deserr(default)]
    #[param(example = "2026-10-22")]
    from: Option<NaiveDate>,
    /// Last day, itself included; default: today.
    #[deserr(default)]
    #[param(example = "2026-11-20")]
    to: Option<NaiveDate>,
}

/// What became of the orders that were placed with a supplier in a window, and of the invoices that came in it.
///
/// Rates are from 0 to 1, and null where there is nothing to divide by.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct SupplierMetrics {
    /// The supplier.
    supplier_id: SupplierId,
    /// First day of the window.
    from: NaiveDate,
    /// Last day of the window.
    to: NaiveDate,
    /// Orders placed.
    orders_placed: i64,
    /// Of these, confirmed by now.
    orders_confirmed: i64,
    /// Of these, delivered by now.
    orders_delivered: i64,
    /// Delivered quantity over ordered quantity, of delivered orders.
    #[schema(example = 0.982)]
    fill_rate: Option<f64>,
    /// Delivered orders that came on or before the day they were wanted, of those that named a day.
    #[schema(example = 0.95)]
    on_time_rate: Option<f64>,
    /// Mean seconds from placing to confirming.
    #[schema(example = 1260.5)]
    average_confirm_seconds: Option<f64>,
    /// Cancelled or rejected orders over placed ones.
    #[schema(example = 0.02)]
    cancellation_rate: Option<f64>,
    /// Orders that the supplier rejected or cancelled.
    cancelled_by_supplier: i64,
    /// Orders that the restaurant cancelled.
    cancelled_by_restaurant: i64,
    /// Lines of which less arrived in order than was delivered.
    claimed_lines: i64,
    /// Lines without a price above the agreed one (no variance `price_over`, whatever the policy lets pass), of all
    /// lines of invoices that came in the window and that are matched or disputed by now. Credit notes, and what was
    /// disputed without being compared, do not count.
    #[schema(example = 0.994)]
    price_accuracy: Option<f64>,
}

/// How well a supplier delivers, over a window; for every account.
#[utoipa::path(
    get, path = "/api/v1/suppliers/{id}/metrics", tag = "suppliers",
    params(("id" = Uuid, Path, description = "The supplier."), Window, ReadHeaders),
    security(("bearer" = [])),
    responses(
        (status = 200, body = SupplierMetrics, example = json!({
            "supplier_id": "0190a8f2-7c3e-7b1a-9f4d-1c2b3a4d5e10", "from": "2026-10-22",
            "to": "2026-11-20", "orders_placed": 50, "orders_confirmed": 49, "orders_delivered": 48,
            "fill_rate": 0.982, "on_time_rate": 0.95, "average_confirm_seconds": 1260.5,
            "cancellation_rate": 0.02, "cancelled_by_supplier": 1, "cancelled_by_restaurant": 0,
            "claimed_lines": 2, "price_accuracy": 0.994
        })),
        (status = 404, body = ErrorBody, description = "`supplier_not_found`."),
        ReadRefusals, ListRefusals
    )
)]
pub(crate) async fn get_supplier_metrics(
    reader: Reader,
    Path(id): Path<Uuid>,
    Query(window): Query<Window>,
) -> Result<Response, ApiError> {
    let (from, to) = window.days(swedish_day(reader.state.clock.now()))?;
    let read = async |sight: Sight, _| metrics(&sight, id, from, to).await;
    let seen = reader.one(&MODELS, || not_found("supplier", id), read).await?;
    Ok(answer::json(seen.map(|sums| sums.metrics(id, from, to))))
}

impl Window {
    fn days(self, today: NaiveDate) -> Result<(NaiveDate, NaiveDate), ApiError> {
        let to = self.to.unwrap_or(today);
        let from = self.from.or_else(|| to.checked_sub_days(WINDOW_DEFAULT)).unwrap_or(to);
        if from > to {
            let fault = Fault::new("from", "after_to", "Must not be after to.");
            return Err(ApiError::validation(vec![fault]));
        }
        Ok((from, to))
    }
}

async fn metrics(
    sight: &Sight,
    id: Uuid,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<Seen<Option<Sums>>, ReadFailure> {
    let sql = concat!(
        "SELECT c.position, s.supplier_id IS NOT NULL AS exists, d.*, i.* FROM ",
        checkpoint!(),
        " c LEFT JOIN read.suppliers s ON s.supplier_id = $2
          CROSS JOIN LATERAL (
            SELECT COALESCE(sum(placed), 0)::bigint AS placed,
                   COALESCE(sum(confirmed), 0)::bigint AS confirmed,
                   COALESCE(sum(cancelled_by_restaurant), 0)::bigint AS cancelled_by_restaurant,
                   COALESCE(sum(cancelled_by_supplier), 0)::bigint AS cancelled_by_supplier,
                   COALESCE(sum(delivered), 0)::bigint AS delivered,
                   COALESCE(sum(delivered_on_time), 0)::bigint AS delivered_on_time,
                   COALESCE(sum(delivered_with_date), 0)::bigint AS delivered_with_date,
                   COALESCE(sum(ordered_qty), 0)::bigint AS ordered_qty,
                   COALESCE(sum(delivered_qty), 0)::bigint AS delivered_qty,
                   COALESCE(sum(claimed_lines), 0)::bigint AS claimed_lines,
                   COALESCE(sum(confirm_seconds), 0)::bigint AS confirm_seconds
            FROM read.supplier_days WHERE supplier_id = $2 AND day BETWEEN $3 AND $4
          ) d
          CROSS JOIN LATERAL (
            SELECT COALESCE(sum(lines), 0)::bigint AS invoiced_lines,
                   COALESCE(sum(price_over), 0)::bigint AS price_over
            FROM read.invoiced_prices WHERE supplier_id = $2 AND day BETWEEN $3 AND $4 AND lines > 0
          ) i"
    );
    let found: Found = sqlx::query_as(sql)
        .bind(names(&MODELS))
        .bind(id)
        .bind(from)
        .bind(to)
        .fetch_one(&mut *sight.connection().await)
        .await?;
    Ok(Seen { position: found.position, value: found.exists.then_some(found.sums) })
}

#[derive(FromRow)]
struct Found {
    position: i64,
    exists: bool,
    #[sqlx(flatten)]
    sums: Sums,
}

/// Sums of `read.supplier_days` and of `read.invoiced_prices` over the window.
#[derive(FromRow)]
struct Sums {
    placed: i64,
    confirmed: i64,
    cancelled_by_restaurant: i64,
    cancelled_by_supplier: i64,
    delivered: i64,
    delivered_on_time: i64,
    delivered_with_date: i64,
    ordered_qty: i64,
    delivered_qty: i64,
    claimed_lines: i64,
    confirm_seconds: i64,
    invoiced_lines: i64,
    price_over: i64,
}

impl Sums {
    fn metrics(&self, id: Uuid, from: NaiveDate, to: NaiveDate) -> SupplierMetrics {
        let cancelled = self.cancelled_by_restaurant + self.cancelled_by_supplier;
        SupplierMetrics {
            supplier_id: id.into(),
            from,
            to,
            orders_placed: self.placed,
            orders_confirmed: self.confirmed,
            orders_delivered: self.delivered,
            fill_rate: ratio(self.delivered_qty, self.ordered_qty),
            on_time_rate: ratio(self.delivered_on_time, self.delivered_with_date),
            average_confirm_seconds: ratio(self.confirm_seconds, self.confirmed),
            cancellation_rate: ratio(cancelled, self.placed),
            cancelled_by_supplier: self.cancelled_by_supplier,
            cancelled_by_restaurant: self.cancelled_by_restaurant,
            claimed_lines: self.claimed_lines,
            price_accuracy: ratio(self.invoiced_lines - self.price_over, self.invoiced_lines),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a rate for display; sums stay far below 2^53")]
fn ratio(part: i64, whole: i64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}
