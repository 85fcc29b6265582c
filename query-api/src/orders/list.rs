//! `GET /api/v1/orders`.

use std::sync::Arc;

use axum::response::Response;
use chrono::{DateTime, Utc};
use deserr::Deserr;
use events::{
    order::{Order, OrderStatus},
    resource::OrderResource,
    values::Role,
};
use platform::{
    body::{Faults, FromText, Invalid, Parsed},
    error::{ApiError, ErrorBody},
    paging::{List, Page, PageParams, Paged},
};
use sqlx::{Postgres, QueryBuilder};
use utoipa::IntoParams;
use uuid::Uuid;

use crate::{
    access::{OrganisationKind, Viewer},
    answer,
    failure::ReadFailure,
    freshness::{ReadModel, Seen},
    listing::{Newest, SortColumns, Take, after, count, envelope, fetch, open_in, push_window, state},
    read_schema::ReadSchema,
    reader::Reader,
    refusals::{ListRefusals, ReadHeaders, ReadRefusals, not_found},
    restaurants::get::visible_restaurant_in,
    sight::Sight,
};

const LIST: &str = "orders";
const MODELS: [ReadModel; 1] = [ReadModel::Orders];
const RESTAURANTS: [ReadModel; 2] = [ReadModel::Restaurants, ReadModel::Orders];
const RESTAURANT: &str = "o.restaurant_id";
const SUPPLIER: &str = "o.supplier_id";
const SORT: SortColumns = SortColumns { at: "o.placed_at", id: "o.order_id" };

/// Which orders.
#[derive(Clone, Copy, Debug, Deserr, IntoParams)]
#[deserr(error = Faults, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OrderFilter {
    /// Of this buyer.
    #[deserr(default)]
    restaurant_id: Option<Uuid>,
    /// With this seller.
    #[deserr(default)]
    supplier_id: Option<Uuid>,
    /// That have come so far.
    #[deserr(default)]
    #[param(value_type = Option<OrderStatus>, inline)]
    status: Option<Parsed<Status>>,
    /// Placed at this time or later.
    #[deserr(default)]
    #[param(example = "2026-11-01T00:00:00Z")]
    placed_from: Option<DateTime<Utc>>,
    /// Placed before this time.
    #[deserr(default)]
    #[param(example = "2026-12-01T00:00:00Z")]
    placed_to: Option<DateTime<Utc>>,
}

/// A status as a parameter.
#[derive(Clone, Copy, Debug)]
struct Status(OrderStatus);

impl FromText for Status {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        let known = text.parse().map(Self);
        known.map_err(|unknown| Invalid::new("unknown_value", format!("Status {unknown}.")))
    }
}

/// The orders that the caller may see, newest first.
#[utoipa::path(
    get, path = "/api/v1/orders", tag = "orders", params(OrderFilter, PageParams, ReadHeaders),
    security(("bearer" = [])),
    responses(
        (status = 200, body = List<OrderResource>),
        (status = 404, body = ErrorBody, description = "`restaurant_not_found`: the filter names one that the \
            caller may not see."),
        ReadRefusals, ListRefusals
    )
)]
pub(crate) async fn list_orders(
    reader: Reader,
    Paged { page, filter }: Paged<OrderFilter>,
) -> Result<Response, ApiError> {
    let after = after(&page, LIST)?;
    let reader = if filter.has_its_index(reader.role) { reader.planning_once() } else { reader };
    if let Some(id) = filter.restaurant_id {
        let read =
            async |sight: Sight, viewer| visible_restaurant_in(reader.schema(), &sight, viewer, id).await;
        reader.one(&RESTAURANTS, || not_found("restaurant", id), read).await?;
    }
    let read =
        async |sight: Sight, viewer| orders((&sight, reader.schema()), viewer, filter, &page, after).await;
    Ok(answer::json(reader.many(&MODELS, read).await?))
}

async fn orders(
    (sight, schema): (&Sight, ReadSchema),
    viewer: Arc<Viewer>,
    filter: OrderFilter,
    page: &Page,
    after: Option<Newest>,
) -> Result<Seen<List<OrderResource>>, ReadFailure> {
    let mut sql = open_in(schema, &MODELS);
    if let Some(filter) = narrowed(&viewer, filter) {
        sql.push(format_args!(
            "SELECT o.order_id AS id, o.placed_at AS at, o.state FROM {schema}.orders o WHERE true"
        ));
        filter.push(&mut sql);
        push_window(&mut sql, SORT, after, page, Take::Page);
    } else {
        push_sides(&mut sql, &viewer, filter, page, after);
    }
    let rows = fetch(sight, sql, state::<Order>).await?;
    let total = if page.count { Some(total((sight, schema), &viewer, filter).await?) } else { None };
    Ok(rows
        .map(|rows| envelope(rows, page, LIST, total, |row| OrderResource::of(row.key.id.into(), &row.item))))
}

/// A filter that leaves nothing but what the viewer sees, where there is one: it names an organisation of the viewer's, or
/// can, as the viewer has no other. Its rows come out of one index as they are, and none is looked up twice.
fn narrowed(viewer: &Viewer, filter: OrderFilter) -> Option<OrderFilter> {
    let restaurants = viewer.trading_as(OrganisationKind::Restaurant);
    let suppliers = viewer.trading_as(OrganisationKind::Supplier);
    if viewer.sees_everything()
        || filter.restaurant_id.is_some_and(|id| restaurants.contains(&id))
        || filter.supplier_id.is_some_and(|id| suppliers.contains(&id))
    {
        return Some(filter);
    }
    match (&*restaurants, &*suppliers) {
        (&[own], []) if filter.restaurant_id.is_none() => {
            Some(OrderFilter { restaurant_id: Some(own), ..filter })
        }
        ([], &[own]) if filter.supplier_id.is_none() => {
            Some(OrderFilter { supplier_id: Some(own), ..filter })
        }
        _ => None,
    }
}

/// One index scan per organisation of the viewer, each no longer than the page, merged.
///
/// Of the live rows alone: views are for those who see everything.
///
/// Both sides of an order may be the viewer's: `UNION` lets it stand once. States are fetched for the rows
/// of the page alone.
fn push_sides(
    sql: &mut QueryBuilder<'static, Postgres>,
    viewer: &Viewer,
    filter: OrderFilter,
    page: &Page,
    after: Option<Newest>,
) {
    sql.push("SELECT u.id, u.at, o.state FROM (SELECT * FROM (");
    push_side(
        sql,
        Side { column: RESTAURANT, own: viewer.trading_as(OrganisationKind::Restaurant) },
        filter,
        page,
        after,
    );
    sql.push(" UNION ");
    push_side(
        sql,
        Side { column: SUPPLIER, own: viewer.trading_as(OrganisationKind::Supplier) },
        filter,
        page,
        after,
    );
    sql.push(") sides WHERE true");
    push_window(sql, SortColumns { at: "at", id: "id" }, None, page, Take::Page);
    sql.push(") u JOIN read.orders o ON o.order_id = u.id");
}

/// The organisations of one kind whose orders the viewer sees.
struct Side {
    column: &'static str,
    own: Vec<Uuid>,
}

fn push_side(
    sql: &mut QueryBuilder<'static, Postgres>,
    side: Side,
    filter: OrderFilter,
    page: &Page,
    after: Option<Newest>,
) {
    sql.push("SELECT b.id, b.at FROM unnest(").push_bind(side.own).push(") AS own(id) CROSS JOIN LATERAL (");
    sql.push("SELECT o.order_id AS id, o.placed_at AS at FROM read.orders o WHERE ");
    sql.push(side.column).push(" = own.id");
    filter.push(sql);
    push_window(sql, SORT, after, page, Take::Branch);
    sql.push(") b");
}

async fn total(
    (sight, schema): (&Sight, ReadSchema),
    viewer: &Viewer,
    filter: OrderFilter,
) -> Result<u64, ReadFailure> {
    let mut sql = QueryBuilder::new(format!("SELECT count(*) FROM {schema}.orders o WHERE true"));
    if !viewer.sees_everything() {
        sql.push(" AND (o.restaurant_id = ANY(").push_bind(viewer.trading_as(OrganisationKind::Restaurant));
        sql.push(") OR o.supplier_id = ANY(")
            .push_bind(viewer.trading_as(OrganisationKind::Supplier))
            .push("))");
    }
    filter.push(&mut sql);
    count(sight, sql).await
}

impl OrderFilter {
    /// Whether an index has what is asked for, the side that such a caller is of included, in the list's order: there is
    /// one for any two of both sides and the status. Then no value can make another plan better.
    fn has_its_index(self, role: Role) -> bool {
        let named = [self.restaurant_id.is_some(), self.supplier_id.is_some(), self.status.is_some()];
        match role {
            Role::Admin | Role::Auditor => named != [true; 3],
            Role::Restaurant => self.supplier_id.is_none(),
            Role::Supplier => self.restaurant_id.is_none(),
            Role::Partner => named.iter().filter(|named| **named).count() <= 1,
        }
    }

    /// Pushes ` AND …` for each filter given; each has its index, so none is left to a scan.
    fn push(self, sql: &mut QueryBuilder<'static, Postgres>) {
        if let Some(id) = self.restaurant_id {
            sql.push(" AND o.restaurant_id = ").push_bind(id);
        }
        if let Some(id) = self.supplier_id {
            sql.push(" AND o.supplier_id = ").push_bind(id);
        }
        if let Some(Parsed(Status(status))) = self.status {
            sql.push(" AND o.status = ").push_bind(status.name());
        }
        if let Some(from) = self.placed_from {
            sql.push(" AND o.placed_at >= ").push_bind(from);
        }
        if let Some(to) = self.placed_to {
            sql.push(" AND o.placed_at < ").push_bind(to);
        }
    }
}
