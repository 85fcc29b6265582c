//! `GET /api/v1/restaurants/{id}/suppliers/{supplier_id}/matching-terms`.

use std::sync::Arc;

use axum::response::Response;
use events::{
    fold::Folded,
    resource::MatchingTermsResource,
    trade_relation::{TradeRelation, relation_id},
};
use platform::{
    body::Path,
    error::{ApiError, ErrorBody},
};
use sqlx::types::Json;
use uuid::Uuid;

use crate::{
    access::{Viewer, sees_restaurant},
    answer,
    failure::ReadFailure,
    freshness::{ReadModel, Seen, checkpoint, names},
    reader::Reader,
    refusals::{ReadHeaders, ReadRefusals, ResourceHeaders},
    sight::Sight,
};

/// Orders, too: a supplier sees the restaurants that ordered from it.
const MODELS: [ReadModel; 4] =
    [ReadModel::TradeRelations, ReadModel::Restaurants, ReadModel::Suppliers, ReadModel::Orders];

/// How far a supplier's invoices may be from a restaurant's orders; for the members of both, `ADMIN` and `AUDITOR`.
///
/// Where nobody has set any, the defaults, with version and revision 0.
#[utoipa::path(
    get, path = "/api/v1/restaurants/{id}/suppliers/{supplier_id}/matching-terms", tag = "invoices",
    params(
        ("id" = Uuid, Path, description = "The buyer."),
        ("supplier_id" = Uuid, Path, description = "The seller."),
        ReadHeaders, ResourceHeaders
    ),
    security(("bearer" = [])),
    responses(
        (status = 200, body = MatchingTermsResource, headers(
            ("ETag" = String, description = "The revision."),
            ("Iris-Position" = i64, description = "What the answer has seen.")
        )),
        (status = 304, description = "`If-None-Match` names this revision."),
        (status = 404, body = ErrorBody, description = "`matching_terms_not_found`: one of the two does not \
            exist, or the caller is of neither, or of a supplier that the restaurant never ordered from."),
        ReadRefusals
    )
)]
pub(crate) async fn get_matching_terms(
    reader: Reader,
    Path((restaurant_id, supplier_id)): Path<(Uuid, Uuid)>,
) -> Result<Response, ApiError> {
    let pair = (restaurant_id, supplier_id);
    let read = async |sight: Sight, viewer| relation(&sight, &MODELS, viewer, pair).await;
    let seen = reader.one(&MODELS, || absent(restaurant_id, supplier_id), read).await?;
    let revision = seen.value.revision;
    let terms = |relation| MatchingTermsResource::of(restaurant_id.into(), supplier_id.into(), &relation);
    Ok(answer::resource(&reader.headers, revision, seen.map(terms)))
}

/// What the two know of each other, for their members; of two that never dealt with each other, nothing yet.
pub(crate) async fn relation(
    sight: &Sight,
    models: &[ReadModel],
    viewer: Arc<Viewer>,
    (restaurant_id, supplier_id): (Uuid, Uuid),
) -> Result<Seen<Option<Folded<TradeRelation>>>, ReadFailure> {
    let sql = concat!(
        "SELECT c.position, t.state,
                EXISTS (SELECT FROM read.restaurants WHERE restaurant_id = $3)
                    AND EXISTS (SELECT FROM read.suppliers WHERE supplier_id = $4)
         FROM ",
        checkpoint!(),
        " c LEFT JOIN read.trade_relations t ON t.relation_id = $2"
    );
    let (position, state, both_exist): (i64, Option<Json<Folded<TradeRelation>>>, bool) = sqlx::query_as(sql)
        .bind(names(models))
        .bind(relation_id(supplier_id.into(), restaurant_id.into()))
        .bind(restaurant_id)
        .bind(supplier_id)
        .fetch_one(&mut *sight.connection().await)
        .await?;
    // A supplier's members may know of a restaurant once it has ordered from them, and not before.
    let visible = both_exist
        && viewer.sees_terms_between(restaurant_id, supplier_id)
        && sees_restaurant(sight, &viewer, restaurant_id).await?;
    let relation = || state.map_or_else(Folded::default, |json| json.0);
    Ok(Seen { position, value: visible.then(relation) })
}

fn absent(restaurant_id: Uuid, supplier_id: Uuid) -> ApiError {
    let message =
        format!("Matching terms of restaurant {restaurant_id} with supplier {supplier_id} were not found.");
    ApiError::not_found("matching_terms_not_found", message)
}
