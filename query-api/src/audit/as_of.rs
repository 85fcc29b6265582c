//! `GET /api/v1/audit/{orders,products,suppliers,restaurants}/{id}`: how a thing stood at a time.

use std::sync::Arc;

use axum::response::Response;
use chrono::{DateTime, TimeDelta, Utc};
use deserr::Deserr;
use events::{
    Fold, Folded,
    log::{position_at, read_stream_part, time_of},
    order::Order,
    product::Product,
    resource::{OrderResource, ProductResource, RestaurantResource, SupplierResource},
    restaurant::Restaurant,
    stock::Stock,
    supplier::Supplier,
    values::swedish_day,
};
use platform::{
    body::{Faults, Parsed, Path, Query},
    error::{ApiError, ErrorBody, Fault},
};
use serde::Serialize;
use serde_json::json;
use sqlx::PgConnection;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{expect_auditor, filter::Position, looked_at};
use crate::{
    access::{MEMBERSHIPS, Viewer},
    answer,
    failure::ReadFailure,
    freshness::{Seen, head},
    reader::Reader,
    refusals::{HistoryRefusals, ListRefusals, ReadHeaders, ReadRefusals, not_found},
    sight::Sight,
};

/// Events that are folded at a time.
const PART: i64 = 1_000;

/// When; at most one of the two, and now without either.
#[derive(Clone, Copy, Debug, Deserr, IntoParams)]
#[deserr(error = Faults, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct When {
    /// With everything that was recorded at that time or before.
    #[deserr(default)]
    #[param(example = "2026-11-20T09:00:00Z")]
    at: Option<DateTime<Utc>>,
    /// With everything up to that position of the log.
    #[deserr(default)]
    #[param(value_type = Option<i64>, minimum = 1)]
    at_position: Option<Parsed<Position>>,
}

/// What an answer has seen of the log, and no more.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub(crate) struct AsOf {
    /// The last position.
    position: i64,
    /// The time that was asked for, else when the event at that position was recorded.
    time: DateTime<Utc>,
}

/// An order as of a time.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OrderAsOf {
    as_of: AsOf,
    /// As `GET /orders/{id}` would have shown it then.
    order: OrderResource,
}

/// A product as of a time.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProductAsOf {
    as_of: AsOf,
    /// As `GET /products/{id}` would have shown it then, its stock and VAT rate included.
    product: ProductResource,
}

/// A supplier as of a time.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SupplierAsOf {
    as_of: AsOf,
    /// As `GET /suppliers/{id}` would have shown it then.
    supplier: SupplierResource,
}

/// A restaurant as of a time.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RestaurantAsOf {
    as_of: AsOf,
    /// As `GET /restaurants/{id}` would have shown it then.
    restaurant: RestaurantResource,
}

/// An order as it stood at a time; for the members and partners of both sides, `ADMIN` and `AUDITOR`.
///
/// Folded from the log by the code that answers `GET /orders/{id}`, so both say the same. Whether the caller is a
/// participant is asked of today: who has left a side no longer sees its past.
#[utoipa::path(
    get, path = "/api/v1/audit/orders/{id}", tag = "audit",
    params(("id" = Uuid, Path, description = "The order."), When, ReadHeaders),
    security(("bearer" = [])),
    responses(
        ReadRefusals, ListRefusals, HistoryRefusals,
        (status = 200, body = OrderAsOf),
        (status = 404, body = ErrorBody, description = "`order_not_found`: also where it did not exist then.")
    )
)]
pub(crate) async fn get_order_as_of(
    reader: Reader,
    Path(id): Path<Uuid>,
    Query(when): Query<When>,
) -> Result<Response, ApiError> {
    let as_of = as_of(&reader, when).await?;
    let seen = reader
        .one(
            &MEMBERSHIPS,
            || not_found("order", id),
            async |sight: Sight, viewer: Arc<Viewer>| {
                let position = head(&mut *sight.connection().await).await?;
                let order: Option<Folded<Order>> = folded(&sight, id, as_of.position).await?;
                let visible = |order: &Folded<Order>| {
                    viewer.sees_order_between(order.state.restaurant_id.0, order.state.supplier_id.0)
                };
                Ok(Seen { position, value: order.filter(visible) })
            },
        )
        .await?;
    looked_at(&reader, "order", id, json!({ "position": as_of.position })).await?;
    Ok(answer::json(seen.map(|order| OrderAsOf { as_of, order: OrderResource::of(id.into(), &order) })))
}

/// A product with its stock as it stood at a time; for `AUDITOR` and `ADMIN`.
#[utoipa::path(
    get, path = "/api/v1/audit/products/{id}", tag = "audit",
    params(("id" = Uuid, Path, description = "The product."), When, ReadHeaders),
    security(("bearer" = [])),
    responses(
        ReadRefusals, ListRefusals, HistoryRefusals,
        (status = 200, body = ProductAsOf),
        (status = 403, body = ErrorBody, description = "`auditor_only`."),
        (status = 404, body = ErrorBody, description = "`product_not_found`: also where it did not exist then.")
    )
)]
pub(crate) async fn get_product_as_of(
    reader: Reader,
    Path(id): Path<Uuid>,
    Query(when): Query<When>,
) -> Result<Response, ApiError> {
    let seen = stood::<Product>(&reader, "product", id, when).await?;
    let (as_of, product) = seen.value;
    let stock: Option<Folded<Stock>> = folded(&reader.sight().await?, id, as_of.position).await?;
    let stock = stock.unwrap_or_default().state;
    let product = ProductResource::of(id.into(), &product, &stock, swedish_day(as_of.time));
    Ok(answer::json(Seen { position: seen.position, value: ProductAsOf { as_of, product } }))
}

/// A supplier as it stood at a time; for `AUDITOR` and `ADMIN`.
#[utoipa::path(
    get, path = "/api/v1/audit/suppliers/{id}", tag = "audit",
    params(("id" = Uuid, Path, description = "The supplier."), When, ReadHeaders),
    security(("bearer" = [])),
    responses(
        ReadRefusals, ListRefusals, HistoryRefusals,
        (status = 200, body = SupplierAsOf),
        (status = 403, body = ErrorBody, description = "`auditor_only`."),
        (status = 404, body = ErrorBody, description = "`supplier_not_found`: also where it did not exist then.")
    )
)]
pub(crate) async fn get_supplier_as_of(
    reader: Reader,
    Path(id): Path<Uuid>,
    Query(when): Query<When>,
) -> Result<Response, ApiError> {
    let seen = stood::<Supplier>(&reader, "supplier", id, when).await?;
    Ok(answer::json(
        seen.map(|(as_of, folded)| SupplierAsOf {
            as_of,
            supplier: SupplierResource::of(id.into(), &folded),
        }),
    ))
}

/// A restaurant as it stood at a time; for `AUDITOR` and `ADMIN`.
#[utoipa::path(
    get, path = "/api/v1/audit/restaurants/{id}", tag = "audit",
    params(("id" = Uuid, Path, description = "The restaurant."), When, ReadHeaders),
    security(("bearer" = [])),
    responses(
        ReadRefusals, ListRefusals, HistoryRefusals,
        (status = 200, body = RestaurantAsOf),
        (status = 403, body = ErrorBody, description = "`auditor_only`."),
        (status = 404, body = ErrorBody, description = "`restaurant_not_found`: also where it did not exist \
            then.")
    )
)]
pub(crate) async fn get_restaurant_as_of(
    reader: Reader,
    Path(id): Path<Uuid>,
    Query(when): Query<When>,
) -> Result<Response, ApiError> {
    let seen = stood::<Restaurant>(&reader, "restaurant", id, when).await?;
    Ok(answer::json(seen.map(|(as_of, folded)| RestaurantAsOf {
        as_of,
        restaurant: RestaurantResource::of(id.into(), &folded),
    })))
}

/// The state of a stream as of then, for those who see everything.
async fn stood<S: Fold>(
    reader: &Reader,
    what: &'static str,
    id: Uuid,
    when: When,
) -> Result<Seen<(AsOf, Folded<S>)>, ApiError> {
    expect_auditor(reader.role)?;
    let position = reader.log_head().await?;
    let as_of = as_of(reader, when).await?;
    let folded = folded::<S>(&reader.sight().await?, id, as_of.position).await?;
    let folded = folded.ok_or_else(|| not_found(what, id))?;
    looked_at(reader, what, id, json!({ "position": as_of.position })).await?;
    Ok(Seen { position: position.max(as_of.position), value: (as_of, folded) })
}

/// The position that is meant, and its time.
async fn as_of(reader: &Reader, when: When) -> Result<AsOf, ApiError> {
    let head = reader.log_head().await?;
    if when.at.is_some() && when.at_position.is_some() {
        let message = "Give either a time or a position.";
        let fault = Fault::new("at_position", "time_given", message);
        return Err(ApiError::validation(vec![fault]));
    }
    if when.at_position.is_some_and(|position| position.0.0 > head) {
        let message = format!("The log ends at {head}.");
        return Err(ApiError::validation(vec![Fault::new("at_position", "out_of_range", message)]));
    }
    let sight = reader.sight().await?;
    let as_of = resolve(&mut *sight.connection().await, when, head).await.map_err(ReadFailure::from)?;
    Ok(as_of)
}

async fn resolve(connection: &mut PgConnection, when: When, head: i64) -> Result<AsOf, sqlx::Error> {
    if let Some(time) = when.at {
        // Times are kept to the microsecond: what was recorded at that very time had happened.
        let later = time.checked_add_signed(TimeDelta::microseconds(1)).unwrap_or(time);
        let first = position_at(connection, later).await?;
        return Ok(AsOf { position: first.map_or(head, |first| (first - 1).min(head)), time });
    }
    let position = when.at_position.map_or(head, |position| position.0.0);
    let time = time_of(connection, position).await?.unwrap_or(DateTime::UNIX_EPOCH);
    Ok(AsOf { position, time })
}

/// The fold of a stream's events up to a position; `None` where there was none. Costs the stream's length, for
/// snapshots are of the present.
async fn folded<S: Fold>(sight: &Sight, id: Uuid, upto: i64) -> Result<Option<Folded<S>>, ReadFailure> {
    let mut connection = sight.connection().await;
    let mut folded = Folded::<S>::default();
    loop {
        let part = read_stream_part(&mut connection, S::stream(id), folded.revision, upto, PART).await?;
        for event in &part {
            folded.apply_recorded(event)?;
        }
        if i64::try_from(part.len()).unwrap_or(i64::MAX) < PART {
            return Ok(Some(folded).filter(Folded::exists));
        }
    }
}
