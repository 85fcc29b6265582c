//! `GET /api/v1/restaurants/{id}/inventory`.

use std::sync::Arc;

use axum::response::Response;
use events::{
    fold::Folded,
    inventory::Counted,
    product::Product,
    resource::InventoryItemResource,
    values::{ProductId, Quantity},
};
use platform::{
    body::Path,
    error::{ApiError, ErrorBody},
    paging::{List, NoFilter, Page, PageParams, Paged},
};
use sqlx::{QueryBuilder, Row, postgres::PgRow};
use uuid::Uuid;

use crate::{
    access::Viewer,
    answer,
    failure::ReadFailure,
    freshness::{ReadModel, Seen},
    listing::{after, count, open, state},
    listing_by_name::{ByName, push_window},
    reader::Reader,
    refusals::{ListRefusals, ReadHeaders, ReadRefusals, not_found},
    restaurants::get::visible_restaurant,
    sight::Sight,
};

const LIST: &str = "inventory";
/// Orders, too: a supplier sees the restaurants that ordered from it, and so is told that this is not for it.
const MODELS: [ReadModel; 4] =
    [ReadModel::Inventory, ReadModel::Catalogue, ReadModel::Restaurants, ReadModel::Orders];

/// What was last found on a restaurant's shelves, by the name of the product; for its members, `ADMIN` and `AUDITOR`.
#[utoipa::path(
    get, path = "/api/v1/restaurants/{id}/inventory", tag = "restaurants",
    params(("id" = Uuid, Path, description = "The restaurant."), PageParams, ReadHeaders),
    security(("bearer" = [])),
    responses(
        (status = 200, body = List<InventoryItemResource>),
        (status = 404, body = ErrorBody, description = "`restaurant_not_found`."),
        ReadRefusals, ListRefusals,
        (status = 403, body = ErrorBody, description = "`members_only`; `unknown_role`: the token is no account's.")
    )
)]
pub(crate) async fn list_inventory(
    reader: Reader,
    Path(id): Path<Uuid>,
    Paged { page, .. }: Paged<NoFilter>,
) -> Result<Response, ApiError> {
    let after: Option<ByName> = after(&page, LIST)?;
    let (page, after) = (&page, &after);
    let read = async |sight: Sight, viewer: Arc<Viewer>| -> Result<Seen<Option<Shelves>>, ReadFailure> {
        let known = visible_restaurant(&sight, Arc::clone(&viewer), id).await?;
        if known.value.is_none() {
            return Ok(known.map(|_| None));
        }
        if !viewer.sees_cart_of(id) {
            return Ok(known.map(|_| Some(Shelves::Refused)));
        }
        let listed = shelves(&sight, id, (page, after.clone())).await?;
        let position = listed.position.min(known.position);
        Ok(Seen { position, value: Some(Shelves::Shown(listed.value)) })
    };
    let Seen { position, value } = reader.one(&MODELS, || not_found("restaurant", id), read).await?;
    match value {
        Shelves::Shown(value) => Ok(answer::json(Seen { position, value })),
        Shelves::Refused => {
            let message = "Only those who work for the restaurant may know what it has.";
            Err(ApiError::forbidden("members_only", message))
        }
    }
}

/// What a caller who may see the restaurant gets of its shelves.
enum Shelves {
    Refused,
    Shown(List<InventoryItemResource>),
}

/// Sorted anew for each page: there is a limit to what a restaurant can have counted.
async fn shelves(
    sight: &Sight,
    restaurant_id: Uuid,
    (page, after): (&Page, Option<ByName>),
) -> Result<Seen<List<InventoryItemResource>>, ReadFailure> {
    let mut sql = open(&MODELS);
    sql.push(
        "SELECT p.product_id, p.state, i.quantity, i.counted_at \
         FROM read.inventory i JOIN read.products p USING (product_id) WHERE i.restaurant_id = ",
    );
    sql.push_bind(restaurant_id);
    push_window(&mut sql, after, page);
    sql.push(") p ON true ORDER BY p.state #>> '{state,details,name}', p.product_id");
    let rows = sql.build().fetch_all(&mut *sight.connection().await).await?;
    let position = rows.first().map(|row| row.try_get("position")).transpose()?.unwrap_or(0);
    let mut found = Vec::with_capacity(rows.len());
    for row in &rows {
        found.extend(item(row)?);
    }
    let total = if page.count { Some(total(sight, restaurant_id).await?) } else { None };
    let place = |item: &InventoryItemResource| ByName { name: item.name.clone(), id: item.product_id.0 };
    Ok(Seen { position, value: List::of(found, page, LIST, place).with_total(total) })
}

/// The one row of an empty list holds the position and nothing else.
fn item(row: &PgRow) -> sqlx::Result<Option<InventoryItemResource>> {
    let Some(id) = row.try_get::<Option<Uuid>, _>("product_id")? else { return Ok(None) };
    let product: Folded<Product> = state(row)?;
    let counted =
        Counted { quantity: Quantity(row.try_get("quantity")?), counted_at: row.try_get("counted_at")? };
    Ok(Some(InventoryItemResource::of(ProductId(id), &product.state, counted)))
}

async fn total(sight: &Sight, restaurant_id: Uuid) -> Result<u64, ReadFailure> {
    let mut sql =
        QueryBuilder::new("SELECT count(*) FROM read.inventory i JOIN read.products p USING (product_id)");
    sql.push(" WHERE i.restaurant_id = ").push_bind(restaurant_id);
    count(sight, sql).await
}
