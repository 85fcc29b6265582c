//! `GET /api/v1/carts`.

use std::sync::Arc;

use axum::response::Response;
use deserr::Deserr;
use events::{cart::Cart, resource::CartResource};
use platform::{
    body::Faults,
    error::{ApiError, ErrorBody},
    paging::{List, Page, PageParams, Paged},
};
use sqlx::{Postgres, QueryBuilder};
use utoipa::IntoParams;
use uuid::Uuid;

use crate::{
    access::Viewer,
    answer,
    failure::ReadFailure,
    freshness::{ReadModel, Seen},
    listing::{Newest, SortColumns, Take, after, count, envelope, fetch, open, push_window, state},
    reader::Reader,
    refusals::{ListRefusals, ReadHeaders, ReadRefusals, not_found},
    restaurants::get::visible_restaurant,
    sight::Sight,
};

const LIST: &str = "carts";
const MODELS: [ReadModel; 1] = [ReadModel::Carts];
const RESTAURANTS: [ReadModel; 2] = [ReadModel::Restaurants, ReadModel::Orders];
const ROWS: &str = "SELECT cart_id AS id, created_at AS at, state FROM read.carts WHERE ";
const SORT: SortColumns = SortColumns { at: "created_at", id: "cart_id" };

/// Which carts.
#[derive(Clone, Copy, Debug, Deserr, IntoParams)]
#[deserr(error = Faults, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CartFilter {
    /// Of this restaurant.
    #[deserr(default)]
    restaurant_id: Option<Uuid>,
}

/// The carts that the caller may see, newest first.
#[utoipa::path(
    get, path = "/api/v1/carts", tag = "carts", params(CartFilter, PageParams, ReadHeaders),
    security(("bearer" = [])),
    responses(
        (status = 200, body = List<CartResource>),
        (status = 404, body = ErrorBody, description = "`restaurant_not_found`: the filter names one that the \
            caller may not see."),
        ReadRefusals, ListRefusals
    )
)]
pub(crate) async fn list_carts(
    reader: Reader,
    Paged { page, filter }: Paged<CartFilter>,
) -> Result<Response, ApiError> {
    let after = after(&page, LIST)?;
    if let Some(id) = filter.restaurant_id {
        let read = async |sight: Sight, viewer| visible_restaurant(&sight, viewer, id).await;
        reader.one(&RESTAURANTS, || not_found("restaurant", id), read).await?;
    }
    let read = async |sight: Sight, viewer| carts(&sight, viewer, filter, &page, after).await;
    Ok(answer::json(reader.many(&MODELS, read).await?))
}

async fn carts(
    sight: &Sight,
    viewer: Arc<Viewer>,
    filter: CartFilter,
    page: &Page,
    after: Option<Newest>,
) -> Result<Seen<List<CartResource>>, ReadFailure> {
    let restaurants = filter.restaurants(&viewer);
    let mut sql = open(&MODELS);
    match &restaurants {
        None => {
            sql.push(ROWS).push("true");
            push_window(&mut sql, SORT, after, page, Take::Page);
        }
        Some(ids) => push_merged(&mut sql, ids.clone(), after, page),
    }
    let rows = fetch(sight, sql, state::<Cart>).await?;
    let total = if page.count { Some(total(sight, restaurants).await?) } else { None };
    Ok(rows
        .map(|rows| envelope(rows, page, LIST, total, |row| CartResource::of(row.key.id.into(), &row.item))))
}

impl CartFilter {
    /// The restaurants whose carts are listed; `None` for all there are.
    fn restaurants(self, viewer: &Viewer) -> Option<Vec<Uuid>> {
        match (viewer.sees_everything(), self.restaurant_id) {
            (true, None) => None,
            (true, Some(id)) => Some(vec![id]),
            (false, None) => Some(viewer.restaurants()),
            (false, Some(id)) => Some(viewer.restaurants().into_iter().filter(|own| *own == id).collect()),
        }
    }
}

/// One index scan per restaurant, each no longer than the page, merged: no cart beyond is touched.
fn push_merged(
    sql: &mut QueryBuilder<'static, Postgres>,
    restaurants: Vec<Uuid>,
    after: Option<Newest>,
    page: &Page,
) {
    sql.push("SELECT b.* FROM unnest(").push_bind(restaurants).push(") AS own(id) CROSS JOIN LATERAL (");
    sql.push(ROWS).push("restaurant_id = own.id");
    push_window(sql, SORT, after, page, Take::Branch);
    sql.push(") b WHERE true");
    push_window(sql, SortColumns { at: "b.at", id: "b.id" }, None, page, Take::Page);
}

async fn total(sight: &Sight, restaurants: Option<Vec<Uuid>>) -> Result<u64, ReadFailure> {
    let mut sql = QueryBuilder::new("SELECT count(*) FROM read.carts");
    if let Some(ids) = restaurants {
        sql.push(" WHERE restaurant_id = ANY(").push_bind(ids).push(")");
    }
    count(sight, sql).await
}
