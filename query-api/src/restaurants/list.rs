//! `GET /api/v1/restaurants`.

use std::sync::Arc;

use axum::response::Response;
use events::{resource::RestaurantResource, restaurant::Restaurant};
use platform::{
    error::ApiError,
    paging::{List, NoFilter, Page, PageParams, Paged},
};
use sqlx::{Postgres, QueryBuilder};

use crate::{
    access::{OrganisationKind, Viewer},
    answer,
    failure::ReadFailure,
    freshness::{ReadModel, Seen},
    listing::{Newest, SortColumns, Take, after, count, envelope, fetch, open_in, push_window, state},
    read_schema::ReadSchema,
    reader::Reader,
    refusals::{ListRefusals, ReadHeaders, ReadRefusals},
    sight::Sight,
};

const LIST: &str = "restaurants";
const MODELS: [ReadModel; 2] = [ReadModel::Restaurants, ReadModel::Orders];

/// The restaurants that the caller may see, newest first.
#[utoipa::path(
    get, path = "/api/v1/restaurants", tag = "restaurants", params(PageParams, ReadHeaders),
    security(("bearer" = [])),
    responses((status = 200, body = List<RestaurantResource>), ReadRefusals, ListRefusals)
)]
pub(crate) async fn list_restaurants(
    reader: Reader,
    Paged { page, .. }: Paged<NoFilter>,
) -> Result<Response, ApiError> {
    let after = after(&page, LIST)?;
    let schema = reader.schema();
    let read = async |sight: Sight, viewer| restaurants((&sight, schema), viewer, &page, after).await;
    Ok(answer::json(reader.many(&MODELS, read).await?))
}

async fn restaurants(
    (sight, schema): (&Sight, ReadSchema),
    viewer: Arc<Viewer>,
    page: &Page,
    after: Option<Newest>,
) -> Result<Seen<List<RestaurantResource>>, ReadFailure> {
    let mut sql = open_in(schema, &MODELS);
    sql.push("SELECT r.restaurant_id AS id, r.created_at AS at, r.state");
    push_visible(&mut sql, schema, &viewer);
    push_window(&mut sql, SortColumns { at: "r.created_at", id: "r.restaurant_id" }, after, page, Take::Page);
    let rows = fetch(sight, sql, state::<Restaurant>).await?;
    let total = if page.count { Some(total((sight, schema), &viewer).await?) } else { None };
    Ok(rows.map(|rows| {
        envelope(rows, page, LIST, total, |row| RestaurantResource::of(row.key.id.into(), &row.item))
    }))
}

async fn total((sight, schema): (&Sight, ReadSchema), viewer: &Viewer) -> Result<u64, ReadFailure> {
    let mut sql = QueryBuilder::new("SELECT count(*)");
    push_visible(&mut sql, schema, viewer);
    count(sight, sql).await
}

/// Own restaurants, those that granted the viewer so, and those that ordered from own suppliers: one probe of an index for each restaurant
/// looked at, never a scan of orders.
fn push_visible(sql: &mut QueryBuilder<'static, Postgres>, schema: ReadSchema, viewer: &Viewer) {
    sql.push(format_args!(" FROM {schema}.restaurants r WHERE "));
    if viewer.sees_everything() {
        sql.push("true");
        return;
    }
    sql.push("(r.restaurant_id = ANY(").push_bind(viewer.trading_as(OrganisationKind::Restaurant)).push(")");
    let suppliers = viewer.suppliers();
    if !suppliers.is_empty() {
        sql.push(
            " OR EXISTS (SELECT 1 FROM read.orders o
                         WHERE o.restaurant_id = r.restaurant_id AND o.supplier_id = ANY(",
        );
        sql.push_bind(suppliers).push("))");
    }
    sql.push(")");
}
