//! `GET /api/v1/restaurants/{id}`.

use std::sync::Arc;

use axum::response::Response;
use events::{fold::Folded, resource::RestaurantResource, restaurant::Restaurant};
use platform::{body::Path, error::ApiError};
use sqlx::types::Json;
use uuid::Uuid;

use crate::{
    access::{Viewer, sees_restaurant},
    answer,
    failure::ReadFailure,
    freshness::{ReadModel, Seen, checkpoint_in, names},
    read_schema::ReadSchema,
    reader::Reader,
    refusals::{ReadHeaders, ReadRefusals, ResourceHeaders, ResourceRefusals, not_found},
    sight::Sight,
};

/// Orders, too: a supplier sees the restaurants that ordered from it.
const MODELS: [ReadModel; 2] = [ReadModel::Restaurants, ReadModel::Orders];

/// One restaurant; for its members and partners, suppliers that it ordered from, `ADMIN` and `AUDITOR`.
#[utoipa::path(
    get, path = "/api/v1/restaurants/{id}", tag = "restaurants",
    params(("id" = Uuid, Path, description = "The restaurant."), ReadHeaders, ResourceHeaders),
    security(("bearer" = [])),
    responses(
        (status = 200, body = RestaurantResource, headers(
            ("ETag" = String, description = "The revision."),
            ("Iris-Position" = i64, description = "What the answer has seen.")
        ), example = json!({
            "id": "0190a8f2-7c3e-7b1a-9f4d-1c2b3a4d5e20", "name": "Bistro Äppelträdet",
            "contact_email": "koket@appeltradet.example", "phone": null, "street": "Storgatan 1",
            "postal_code": "759 99", "city": "Uppsala", "country": "SE",
            "delivery_prefs": {"before": "10:00"}, "org_number": "5510000598", "vat_number": null,
            "gln": null, "currency": "SEK", "status": "approved", "active": true,
            "trial_ends_at": "2026-11-08T08:00:00Z", "created_at": "2026-11-01T08:00:00Z",
            "updated_at": "2026-11-01T08:00:00Z", "revision": 3
        })),
        ReadRefusals, ResourceRefusals
    )
)]
pub(crate) async fn get_restaurant(reader: Reader, Path(id): Path<Uuid>) -> Result<Response, ApiError> {
    let absent = || not_found("restaurant", id);
    let read = async |sight: Sight, viewer| visible_restaurant(&sight, viewer, id).await;
    let seen = reader.one(&MODELS, absent, read).await?;
    let revision = seen.value.revision;
    Ok(answer::resource(
        &reader.headers,
        revision,
        seen.map(|folded| RestaurantResource::of(id.into(), &folded)),
    ))
}

/// The restaurant of that id, if the viewer may see it.
pub(crate) async fn visible_restaurant(
    sight: &Sight,
    viewer: Arc<Viewer>,
    id: Uuid,
) -> Result<Seen<Option<Folded<Restaurant>>>, ReadFailure> {
    visible_restaurant_in(ReadSchema::Live, sight, viewer, id).await
}

/// The same, out of the tables of that schema; whether the viewer may see it is decided by the live ones.
pub(crate) async fn visible_restaurant_in(
    schema: ReadSchema,
    sight: &Sight,
    viewer: Arc<Viewer>,
    id: Uuid,
) -> Result<Seen<Option<Folded<Restaurant>>>, ReadFailure> {
    let checkpoint = checkpoint_in(schema);
    let sql = format!(
        "SELECT c.position, r.state \
         FROM {checkpoint} c LEFT JOIN {schema}.restaurants r ON r.restaurant_id = $2"
    );
    let (position, state): (i64, Option<Json<Folded<Restaurant>>>) =
        sqlx::query_as(&sql).bind(names(&MODELS)).bind(id).fetch_one(&mut *sight.connection().await).await?;
    let visible = sees_restaurant(sight, &viewer, id).await?;
    Ok(Seen { position, value: state.filter(|_| visible).map(|json| json.0) })
}
