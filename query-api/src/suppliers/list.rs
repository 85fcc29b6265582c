//! `GET /api/v1/suppliers`.

use axum::response::Response;
use events::{resource::SupplierResource, supplier::Supplier};
use platform::{
    error::ApiError,
    paging::{List, NoFilter, Page, PageParams, Paged},
};
use sqlx::QueryBuilder;

use crate::{
    answer,
    failure::ReadFailure,
    freshness::{ReadModel, Seen},
    listing::{Newest, SortColumns, Take, after, count, envelope, fetch, open_in, push_window, state},
    read_schema::ReadSchema,
    reader::Reader,
    refusals::{ListRefusals, ReadHeaders, ReadRefusals},
    sight::Sight,
};

const LIST: &str = "suppliers";
const MODELS: [ReadModel; 1] = [ReadModel::Suppliers];

/// All suppliers, newest first.
#[utoipa::path(
    get, path = "/api/v1/suppliers", tag = "suppliers", params(PageParams, ReadHeaders),
    security(("bearer" = [])),
    responses((status = 200, body = List<SupplierResource>), ReadRefusals, ListRefusals)
)]
pub(crate) async fn list_suppliers(
    reader: Reader,
    Paged { page, .. }: Paged<NoFilter>,
) -> Result<Response, ApiError> {
    let after = after(&page, LIST)?;
    Ok(answer::json(
        reader
            .many(&MODELS, async |sight: Sight, _| suppliers((&sight, reader.schema()), &page, after).await)
            .await?,
    ))
}

async fn suppliers(
    (sight, schema): (&Sight, ReadSchema),
    page: &Page,
    after: Option<Newest>,
) -> Result<Seen<List<SupplierResource>>, ReadFailure> {
    let mut sql = open_in(schema, &MODELS);
    sql.push(format_args!(
        "SELECT supplier_id AS id, created_at AS at, state FROM {schema}.suppliers WHERE true"
    ));
    push_window(&mut sql, SortColumns { at: "created_at", id: "supplier_id" }, after, page, Take::Page);
    let rows = fetch(sight, sql, state::<Supplier>).await?;
    let total = if page.count {
        Some(count(sight, QueryBuilder::new(format!("SELECT count(*) FROM {schema}.suppliers"))).await?)
    } else {
        None
    };
    Ok(rows.map(|rows| {
        envelope(rows, page, LIST, total, |row| SupplierResource::of(row.key.id.into(), &row.item))
    }))
}
