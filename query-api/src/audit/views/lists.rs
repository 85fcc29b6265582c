//! `GET /api/v1/audit/views/{id}/orders` and the like: the live lists, by their own code, on the rows of a view.

use axum::response::Response;
use chrono::TimeDelta;
use events::resource::{
    InvoiceSummary, OrderResource, ProductResource, RestaurantResource, SupplierResource,
};
use platform::{
    access_log::Kind,
    body::Path,
    error::{ApiError, ErrorBody},
    paging::{List, NoFilter, PageParams, Paged},
};
use serde_json::json;
use sqlx::Row;
use utoipa::IntoResponses;
use uuid::Uuid;

use super::{ViewModel, WHAT, get::view};
use crate::{
    audit::expect_auditor,
    failure::ReadFailure,
    invoices::list::{InvoiceFilter, list_invoices},
    orders::list::{OrderFilter, list_orders},
    products::list::{ProductFilter, list_products},
    reader::{AsOf, Reader},
    refusals::{ListRefusals, ReadRefusals, not_found},
    restaurants::list::list_restaurants,
    suppliers::list::list_suppliers,
};

/// What a list of a view may answer, too.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "describes answers; ApiError is what carries them")]
enum ViewRefusals {
    /// `view_not_found`: it never was, or is over; `view_without_list`: it does not hold this one.
    #[response(status = 404)]
    NotFound(ErrorBody),
    /// `view_not_ready`: it is being built; `view_failed`.
    #[response(status = 409)]
    NotReady(ErrorBody),
}

/// `GET /orders` as of the view's position.
#[utoipa::path(
    get, path = "/api/v1/audit/views/{id}/orders", tag = "audit",
    params(("id" = Uuid, Path, description = "The view."), OrderFilter, PageParams), security(("bearer" = [])),
    responses((status = 200, body = List<OrderResource>), ReadRefusals, ListRefusals, ViewRefusals)
)]
pub(crate) async fn list_orders_as_of(
    reader: Reader,
    Path(id): Path<Uuid>,
    paged: Paged<OrderFilter>,
) -> Result<Response, ApiError> {
    list_orders(looking_at(reader, id, ViewModel::Orders).await?, paged).await
}

/// `GET /products` as of the view's position, with the stock of then and the rates of that day.
#[utoipa::path(
    get, path = "/api/v1/audit/views/{id}/products", tag = "audit",
    params(("id" = Uuid, Path, description = "The view."), ProductFilter, PageParams), security(("bearer" = [])),
    responses((status = 200, body = List<ProductResource>), ReadRefusals, ListRefusals, ViewRefusals)
)]
pub(crate) async fn list_products_as_of(
    reader: Reader,
    Path(id): Path<Uuid>,
    paged: Paged<ProductFilter>,
) -> Result<Response, ApiError> {
    list_products(looking_at(reader, id, ViewModel::Products).await?, paged).await
}

/// `GET /suppliers` as of the view's position.
#[utoipa::path(
    get, path = "/api/v1/audit/views/{id}/suppliers", tag = "audit",
    params(("id" = Uuid, Path, description = "The view."), PageParams), security(("bearer" = [])),
    responses((status = 200, body = List<SupplierResource>), ReadRefusals, ListRefusals, ViewRefusals)
)]
pub(crate) async fn list_suppliers_as_of(
    reader: Reader,
    Path(id): Path<Uuid>,
    paged: Paged<NoFilter>,
) -> Result<Response, ApiError> {
    list_suppliers(looking_at(reader, id, ViewModel::Suppliers).await?, paged).await
}

/// `GET /restaurants` as of the view's position.
#[utoipa::path(
    get, path = "/api/v1/audit/views/{id}/restaurants", tag = "audit",
    params(("id" = Uuid, Path, description = "The view."), PageParams), security(("bearer" = [])),
    responses((status = 200, body = List<RestaurantResource>), ReadRefusals, ListRefusals, ViewRefusals)
)]
pub(crate) async fn list_restaurants_as_of(
    reader: Reader,
    Path(id): Path<Uuid>,
    paged: Paged<NoFilter>,
) -> Result<Response, ApiError> {
    list_restaurants(looking_at(reader, id, ViewModel::Restaurants).await?, paged).await
}

/// `GET /invoices` as of the view's position.
#[utoipa::path(
    get, path = "/api/v1/audit/views/{id}/invoices", tag = "audit",
    params(("id" = Uuid, Path, description = "The view."), InvoiceFilter, PageParams), security(("bearer" = [])),
    responses((status = 200, body = List<InvoiceSummary>), ReadRefusals, ListRefusals, ViewRefusals)
)]
pub(crate) async fn list_invoices_as_of(
    reader: Reader,
    Path(id): Path<Uuid>,
    paged: Paged<InvoiceFilter>,
) -> Result<Response, ApiError> {
    list_invoices(looking_at(reader, id, ViewModel::Invoices).await?, paged).await
}

/// The reader, looking at that view, which is kept for another while.
async fn looking_at(reader: Reader, id: Uuid, model: ViewModel) -> Result<Reader, ApiError> {
    expect_auditor(reader.role)?;
    let now = reader.state.clock.now();
    let kept = TimeDelta::from_std(reader.state.view_kept).unwrap_or(TimeDelta::MAX);
    let mut transaction = reader.writing().await?;
    let row = sqlx::query(
        "UPDATE audit.views SET expires_at = GREATEST(expires_at, $3) \
         WHERE view_id = $1 AND status = 'ready' AND expires_at > $2 \
         RETURNING number, position, moment, models",
    )
    .bind(id)
    .bind(now)
    .bind(now + kept)
    .fetch_optional(&mut *transaction)
    .await
    .map_err(ReadFailure::from)?;
    transaction.commit().await.map_err(ReadFailure::from)?;
    let Some(row) = row else { return Err(unreadable(&reader, id).await?) };
    let models: Vec<String> = row.try_get("models").map_err(ReadFailure::from)?;
    if !models.iter().any(|held| held == model.name()) {
        let message =
            format!("View {id} does not hold {}; it was asked for with {}.", model.name(), models.join(", "));
        return Err(ApiError::not_found("view_without_list", message));
    }
    let as_of = AsOf {
        number: row.try_get("number").map_err(ReadFailure::from)?,
        position: row.try_get("position").map_err(ReadFailure::from)?,
        moment: row.try_get("moment").map_err(ReadFailure::from)?,
    };
    let told = json!({ "list": model.name(), "position": as_of.position });
    reader.record(reader.access(Kind::HISTORY_READ).of(WHAT, id).with(told)).await?;
    Ok(reader.looking_at(as_of))
}

/// Why there is nothing to read.
async fn unreadable(reader: &Reader, id: Uuid) -> Result<ApiError, ReadFailure> {
    Ok(match view(&reader.sight().await?, id).await? {
        Some(view) if view.status == "building" => {
            let message =
                format!("View {id} is being built: {} of {}.", view.progress.position, view.progress.of);
            ApiError::conflict("view_not_ready", message)
        }
        Some(view) if view.status == "failed" => {
            ApiError::conflict("view_failed", format!("View {id} could not be built."))
        }
        _ => not_found(WHAT, id),
    })
}
