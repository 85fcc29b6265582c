//! `GET /api/v1/products`.

use axum::response::Response;
use chrono::NaiveDate;
use deserr::Deserr;
use events::{resource::ProductResource, values::swedish_day};
use platform::{
    body::{Faults, Parsed, Text},
    error::ApiError,
    paging::{List, Page, PageParams, Paged},
};
use sqlx::{Postgres, QueryBuilder};
use utoipa::IntoParams;
use uuid::Uuid;

use super::{COLUMNS, MODELS, ProductRow, search};
use crate::{
    answer,
    failure::ReadFailure,
    freshness::Seen,
    listing::{Newest, SortColumns, Take, after, count, envelope, fetch, open_in, push_window},
    read_schema::ReadSchema,
    reader::Reader,
    refusals::{ListRefusals, ReadHeaders, ReadRefusals},
    sight::Sight,
};

const LIST: &str = "products";

/// Which products.
#[derive(Clone, Debug, Deserr, IntoParams)]
#[deserr(error = Faults, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ProductFilter {
    /// Of this supplier.
    #[deserr(default)]
    pub(super) supplier_id: Option<Uuid>,
    /// Offered (`true`) or no longer offered (`false`); both without it.
    #[deserr(default)]
    #[param(value_type = Option<bool>)]
    pub(super) active: Option<Parsed<bool>>,
    /// Of this kind, in the supplier's own word; case does not matter.
    #[deserr(default)]
    #[param(value_type = Option<String>, min_length = 1, max_length = 60,
        pattern = "^[^\\x00-\\x08\\x0B-\\x1F\\x7F-\\x9F]*$", example = "grönsaker")]
    pub(super) category: Option<Text<1, 60>>,
    /// Words of a name, a SKU or a GTIN; typing errors are forgiven. The list is then sorted best first.
    #[deserr(default)]
    #[param(value_type = Option<String>, min_length = 1, max_length = 200,
        pattern = "^[^\\x00-\\x08\\x0B-\\x1F\\x7F-\\x9F]*$", example = "tomatr")]
    pub(super) q: Option<Text<1, 200>>,
}

impl ProductFilter {
    /// Pushes ` AND …` for each filter but `q`.
    pub(super) fn push(&self, sql: &mut QueryBuilder<'static, Postgres>) {
        if let Some(supplier_id) = self.supplier_id {
            sql.push(" AND supplier_id = ").push_bind(supplier_id);
        }
        if let Some(active) = self.active {
            sql.push(" AND active = ").push_bind(active.0);
        }
        if let Some(category) = &self.category {
            // In lower case, as it is kept.
            sql.push(" AND category = ").push_bind(category.as_str().to_lowercase());
        }
    }
}

/// Products, newest first; with `q`, best first.
#[utoipa::path(
    get, path = "/api/v1/products", tag = "products", params(ProductFilter, PageParams, ReadHeaders),
    security(("bearer" = [])),
    responses((status = 200, body = List<ProductResource>), ReadRefusals, ListRefusals)
)]
pub(crate) async fn list_products(
    reader: Reader,
    Paged { page, filter }: Paged<ProductFilter>,
) -> Result<Response, ApiError> {
    let today = swedish_day(reader.now());
    let schema = reader.schema();
    if let Some(q) = &filter.q {
        let search = search::Search::new(q.as_str(), &filter, &page, today)?;
        return Ok(answer::json(
            reader.many(&MODELS, async |sight: Sight, _| search.run((&sight, schema)).await).await?,
        ));
    }
    let after = after(&page, LIST)?;
    let read = async |sight: Sight, _| products((&sight, schema), &filter, (&page, after), today).await;
    Ok(answer::json(reader.many(&MODELS, read).await?))
}

async fn products(
    (sight, schema): (&Sight, ReadSchema),
    filter: &ProductFilter,
    (page, after): (&Page, Option<Newest>),
    today: NaiveDate,
) -> Result<Seen<List<ProductResource>>, ReadFailure> {
    let mut sql = open_in(schema, &MODELS);
    sql.push(format_args!("SELECT {COLUMNS} FROM {schema}.products WHERE true"));
    filter.push(&mut sql);
    push_window(&mut sql, SortColumns { at: "created_at", id: "product_id" }, after, page, Take::Page);
    let rows = fetch(sight, sql, ProductRow::read).await?;
    let total = if page.count { Some(total((sight, schema), filter).await?) } else { None };
    Ok(rows.map(|rows| envelope(rows, page, LIST, total, |row| row.item.resource(row.key.id, today))))
}

async fn total((sight, schema): (&Sight, ReadSchema), filter: &ProductFilter) -> Result<u64, ReadFailure> {
    let mut sql = QueryBuilder::new(format!("SELECT count(*) FROM {schema}.products WHERE true"));
    filter.push(&mut sql);
    count(sight, sql).await
}
