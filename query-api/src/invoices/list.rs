//! `GET /api/v1/invoices`.

use std::sync::Arc;

use axum::response::Response;
use deserr::Deserr;
use events::{
    invoice::{Invoice, InvoiceStatus},
    resource::InvoiceSummary,
};
use platform::{
    body::{Faults, FromText, Invalid, Parsed},
    error::{ApiError, ErrorBody},
    paging::{List, Page, PageParams, Paged},
};
use sqlx::{Postgres, QueryBuilder};
use utoipa::IntoParams;
use uuid::Uuid;

use super::sight::{MODELS, as_shown_to};
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

const LIST: &str = "invoices";
const RESTAURANTS: [ReadModel; 2] = [ReadModel::Restaurants, ReadModel::Orders];
const SORT: SortColumns = SortColumns { at: "i.received_at", id: "i.invoice_id" };

/// Which invoices.
#[derive(Clone, Debug, Deserr, IntoParams)]
#[deserr(error = Faults, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct InvoiceFilter {
    /// Of this seller.
    #[deserr(default)]
    supplier_id: Option<Uuid>,
    /// To this buyer.
    #[deserr(default)]
    restaurant_id: Option<Uuid>,
    /// For this order.
    #[deserr(default)]
    order_id: Option<Uuid>,
    /// That have come so far.
    #[deserr(default)]
    #[param(value_type = Option<InvoiceStatus>, inline)]
    status: Option<Parsed<Status>>,
    /// With exactly this number of the supplier's.
    #[deserr(default)]
    #[param(example = "F2026-10877")]
    number: Option<String>,
}

/// A status as a parameter.
#[derive(Clone, Copy, Debug)]
struct Status(InvoiceStatus);

impl FromText for Status {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        let known = text.parse().map(Self);
        known.map_err(|unknown| Invalid::new("unknown_value", format!("Status {unknown}.")))
    }
}

/// The invoices that the caller may see, the one that came last first.
#[utoipa::path(
    get, path = "/api/v1/invoices", tag = "invoices", params(InvoiceFilter, PageParams, ReadHeaders),
    security(("bearer" = [])),
    responses(
        (status = 200, body = List<InvoiceSummary>),
        (status = 404, body = ErrorBody, description = "`restaurant_not_found`: the filter names one that the \
            caller may not see."),
        ReadRefusals, ListRefusals
    )
)]
pub(crate) async fn list_invoices(
    reader: Reader,
    Paged { page, filter }: Paged<InvoiceFilter>,
) -> Result<Response, ApiError> {
    let after = after(&page, LIST)?;
    if let Some(id) = filter.restaurant_id {
        let read =
            async |sight: Sight, viewer| visible_restaurant_in(reader.schema(), &sight, viewer, id).await;
        reader.one(&RESTAURANTS, || not_found("restaurant", id), read).await?;
    }
    let read =
        async |sight: Sight, viewer| invoices((&sight, reader.schema()), viewer, &filter, &page, after).await;
    Ok(answer::json(reader.many(&MODELS, read).await?))
}

async fn invoices(
    (sight, schema): (&Sight, ReadSchema),
    viewer: Arc<Viewer>,
    filter: &InvoiceFilter,
    page: &Page,
    after: Option<Newest>,
) -> Result<Seen<List<InvoiceSummary>>, ReadFailure> {
    let mut sql = open_in(schema, &MODELS);
    if viewer.sees_everything() || filter.names_one_of(&viewer) {
        sql.push(format_args!(
            "SELECT i.invoice_id AS id, i.received_at AS at, i.state FROM {schema}.invoices i WHERE true"
        ));
        filter.push(&mut sql);
        push_window(&mut sql, SORT, after, page, Take::Page);
    } else {
        push_visible(&mut sql, &viewer, filter, page, after);
    }
    let rows = fetch(sight, sql, state::<Invoice>).await?;
    let total = if page.count { Some(total((sight, schema), &viewer, filter).await?) } else { None };
    Ok(rows.map(|rows| {
        envelope(rows, page, LIST, total, |row| {
            InvoiceSummary::of(row.key.id.into(), &as_shown_to(&viewer, row.item))
        })
    }))
}

/// One index scan per organisation of the viewer and one of what it sent itself, each no longer than the page,
/// merged.
///
/// Of the live rows alone: views are for those who see everything.
///
/// An invoice may be the viewer's in several ways: `UNION` lets it stand once. States are fetched for the rows
/// of the page alone.
fn push_visible(
    sql: &mut QueryBuilder<'static, Postgres>,
    viewer: &Viewer,
    filter: &InvoiceFilter,
    page: &Page,
    after: Option<Newest>,
) {
    sql.push("SELECT u.id, u.at, i.state FROM (SELECT * FROM (");
    for (index, (column, own)) in places(viewer).into_iter().enumerate() {
        sql.push(if index == 0 { "" } else { " UNION " });
        sql.push("SELECT b.id, b.at FROM unnest(").push_bind(own).push(") AS own(id) CROSS JOIN LATERAL (");
        sql.push("SELECT i.invoice_id AS id, i.received_at AS at FROM read.invoices i WHERE ");
        sql.push(column).push(" = own.id");
        filter.push(sql);
        push_window(sql, SORT, after, page, Take::Branch);
        sql.push(") b");
    }
    sql.push(") places WHERE true");
    push_window(sql, SortColumns { at: "at", id: "id" }, None, page, Take::Page);
    sql.push(") u JOIN read.invoices i ON i.invoice_id = u.id");
}

/// What makes an invoice the viewer's.
fn places(viewer: &Viewer) -> [(&'static str, Vec<Uuid>); 3] {
    [
        ("i.restaurant_id", viewer.trading_as(OrganisationKind::Restaurant)),
        ("i.supplier_id", viewer.trading_as(OrganisationKind::Supplier)),
        ("i.received_by", vec![viewer.account_id]),
    ]
}

async fn total(
    (sight, schema): (&Sight, ReadSchema),
    viewer: &Viewer,
    filter: &InvoiceFilter,
) -> Result<u64, ReadFailure> {
    let mut sql = QueryBuilder::new(format!("SELECT count(*) FROM {schema}.invoices i WHERE true"));
    if !viewer.sees_everything() {
        sql.push(" AND (false");
        for (column, own) in places(viewer) {
            sql.push(" OR ").push(column).push(" = ANY(").push_bind(own).push(")");
        }
        sql.push(")");
    }
    filter.push(&mut sql);
    count(sight, sql).await
}

impl InvoiceFilter {
    /// Whether it leaves nothing but an organisation's of the viewer's, and so nothing that the viewer may not see. Else a
    /// branch of [`push_visible`] would read all of a side's to find that none was sent by the viewer.
    fn names_one_of(&self, viewer: &Viewer) -> bool {
        let is_own = |id: Option<Uuid>, kind| id.is_some_and(|id| viewer.trading_as(kind).contains(&id));
        is_own(self.restaurant_id, OrganisationKind::Restaurant)
            || is_own(self.supplier_id, OrganisationKind::Supplier)
    }

    /// Pushes ` AND …` for each filter given; each has its index, so none is left to a scan.
    fn push(&self, sql: &mut QueryBuilder<'static, Postgres>) {
        if let Some(id) = self.supplier_id {
            sql.push(" AND i.supplier_id = ").push_bind(id);
        }
        if let Some(id) = self.restaurant_id {
            sql.push(" AND i.restaurant_id = ").push_bind(id);
        }
        if let Some(id) = self.order_id {
            sql.push(" AND i.order_id = ").push_bind(id);
        }
        if let Some(Parsed(Status(status))) = self.status {
            sql.push(" AND i.status = ").push_bind(status.name());
        }
        if let Some(number) = &self.number {
            sql.push(" AND i.number = ").push_bind(number.clone());
        }
    }
}
