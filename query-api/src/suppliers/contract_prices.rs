//! `GET /api/v1/suppliers/{id}/restaurants/{restaurant_id}/contract-prices`.

use std::sync::Arc;

use axum::response::Response;
use chrono::NaiveDate;
use events::{
    fold::Folded,
    product::Product,
    resource::ContractPriceResource,
    trade_relation::TradeRelation,
    values::{ProductId, swedish_day},
};
use platform::{
    body::Path,
    error::{ApiError, ErrorBody},
    paging::{List, NoFilter, Page, PageParams, Paged},
};
use sqlx::{QueryBuilder, Row};
use uuid::Uuid;

use crate::{
    access::Viewer,
    answer,
    failure::ReadFailure,
    freshness::{ReadModel, Seen},
    invoices::matching_terms::relation,
    listing::{after, state},
    listing_by_name::{ByName, push_window},
    reader::Reader,
    refusals::{ListRefusals, ReadHeaders, ReadRefusals},
    sight::Sight,
};

const LIST: &str = "contract_prices";
/// Orders, too: a supplier sees the restaurants that ordered from it.
const MODELS: [ReadModel; 5] = [
    ReadModel::TradeRelations,
    ReadModel::Restaurants,
    ReadModel::Suppliers,
    ReadModel::Orders,
    ReadModel::Catalogue,
];

/// What a supplier and a restaurant agreed on prices, by the name of the product; for the members of both, `ADMIN` and
/// `AUDITOR`.
#[utoipa::path(
    get, path = "/api/v1/suppliers/{id}/restaurants/{restaurant_id}/contract-prices", tag = "suppliers",
    params(
        ("id" = Uuid, Path, description = "The seller."),
        ("restaurant_id" = Uuid, Path, description = "The buyer."),
        PageParams, ReadHeaders
    ),
    security(("bearer" = [])),
    responses(
        (status = 200, body = List<ContractPriceResource>),
        (status = 404, body = ErrorBody, description = "`contract_prices_not_found`: one of the two does not \
            exist, or the caller is of neither, or of a supplier that the restaurant never ordered from."),
        ReadRefusals, ListRefusals
    )
)]
pub(crate) async fn list_contract_prices(
    reader: Reader,
    Path((supplier_id, restaurant_id)): Path<(Uuid, Uuid)>,
    Paged { page, .. }: Paged<NoFilter>,
) -> Result<Response, ApiError> {
    let after: Option<ByName> = after(&page, LIST)?;
    let today = swedish_day(reader.now());
    let (pair, page, after) = ((restaurant_id, supplier_id), &page, &after);
    let read = async |sight: Sight, viewer: Arc<Viewer>| -> Result<Seen<Option<_>>, ReadFailure> {
        let Seen { position, value } = relation(&sight, &MODELS, viewer, pair).await?;
        let Some(relation) = value else { return Ok(Seen { position, value: None }) };
        let listed = agreed(&sight, pair, &relation, (page, after.clone()), today).await?;
        Ok(Seen { position, value: Some(listed) })
    };
    Ok(answer::json(reader.one(&MODELS, || absent(restaurant_id, supplier_id), read).await?))
}

/// A page of the products that the two agreed on; they are few.
async fn agreed(
    sight: &Sight,
    (restaurant_id, supplier_id): (Uuid, Uuid),
    relation: &Folded<TradeRelation>,
    (page, after): (&Page, Option<ByName>),
    today: NaiveDate,
) -> Result<List<ContractPriceResource>, ReadFailure> {
    let products: Vec<Uuid> = relation.state.contract_prices.keys().map(|id| id.0).collect();
    let total = page.count.then_some(products.len() as u64);
    let mut sql =
        QueryBuilder::new("SELECT p.product_id, p.state FROM read.products p WHERE p.product_id = ANY(");
    sql.push_bind(products).push(")");
    push_window(&mut sql, after, page);
    let pair = (supplier_id.into(), restaurant_id.into());
    let mut found = Vec::new();
    for row in sql.build().fetch_all(&mut *sight.connection().await).await? {
        let id = ProductId(row.try_get("product_id")?);
        let product: Folded<Product> = state(&row)?;
        found.push(ContractPriceResource::of(pair, (id, &product.state), relation, today));
    }
    let place = |item: &ContractPriceResource| ByName { name: item.name.clone(), id: item.product_id.0 };
    Ok(List::of(found, page, LIST, place).with_total(total))
}

fn absent(restaurant_id: Uuid, supplier_id: Uuid) -> ApiError {
    let message =
        format!("Contract prices of supplier {supplier_id} with restaurant {restaurant_id} were not found.");
    ApiError::not_found("contract_prices_not_found", message)
}
