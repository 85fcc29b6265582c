//! `GET /api/v1/restaurants/{id}/members`.

use std::sync::Arc;

use axum::response::Response;
use events::resource::MemberResource;
use platform::{
    access_log::Kind,
    body::Path,
    error::{ApiError, ErrorBody},
    paging::{List, NoFilter, PageParams, Paged},
};
use serde_json::json;
use uuid::Uuid;

use crate::{
    access::{OrganisationKind, Viewer},
    answer,
    failure::ReadFailure,
    freshness::{ReadModel, Seen},
    listing::{Newest, after},
    members::{LIST, Members, Organisation, members},
    reader::Reader,
    refusals::{ListRefusals, ReadHeaders, ReadRefusals, not_found},
    restaurants::get::visible_restaurant,
    sight::Sight,
};

const MODELS: [ReadModel; 3] = [ReadModel::Restaurants, ReadModel::Orders, ReadModel::Accounts];

/// Who works for a restaurant, the newest account first; for its owners, `ADMIN` and `AUDITOR`.
#[utoipa::path(
    get, path = "/api/v1/restaurants/{id}/members", tag = "restaurants",
    params(("id" = Uuid, Path, description = "The restaurant."), PageParams, ReadHeaders),
    security(("bearer" = [])),
    responses(
        (status = 200, body = List<MemberResource>),
        (status = 404, body = ErrorBody, description = "`restaurant_not_found`."),
        ReadRefusals, ListRefusals,
        (status = 403, body = ErrorBody, description = "`owner_only`; `unknown_role`: the token is no account's.")
    )
)]
pub(crate) async fn list_restaurant_members(
    reader: Reader,
    Path(id): Path<Uuid>,
    Paged { page, .. }: Paged<NoFilter>,
) -> Result<Response, ApiError> {
    let after: Option<Newest> = after(&page, LIST)?;
    let organisation = Organisation { kind: OrganisationKind::Restaurant, id };
    let page = &page;
    let read = async |sight: Sight, viewer: Arc<Viewer>| -> Result<Seen<Option<Members>>, ReadFailure> {
        let known = visible_restaurant(&sight, Arc::clone(&viewer), id).await?;
        if known.value.is_none() {
            return Ok(known.map(|_| None));
        }
        let listed = members(&sight, &MODELS, viewer, organisation, (page, after)).await?;
        Ok(Seen { position: listed.position.min(known.position), value: Some(listed.value) })
    };
    let seen = reader.one(&MODELS, || not_found("restaurant", id), read).await?;
    let listed = Members::or_refuse(seen)?;
    // Their e-mails leave only once it is on record who asked for them.
    reader
        .record(reader.access(Kind::PERSONAL_DATA_READ).of("restaurant", id).with(json!({ "list": LIST })))
        .await?;
    Ok(answer::json(listed))
}
