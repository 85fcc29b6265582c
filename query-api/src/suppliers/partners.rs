//! `GET /api/v1/suppliers/{id}/partners`.

use std::sync::Arc;

use axum::response::Response;
use events::resource::PartnerResource;
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
    members::Organisation,
    partners::{LIST, Partners, partners},
    reader::Reader,
    refusals::{ListRefusals, ReadHeaders, ReadRefusals, not_found},
    sight::Sight,
    suppliers::get::supplier,
};

const MODELS: [ReadModel; 2] = [ReadModel::Suppliers, ReadModel::Accounts];

/// Whom a supplier granted to see its affairs, the newest account first; for its owners, `ADMIN` and `AUDITOR`.
#[utoipa::path(
    get, path = "/api/v1/suppliers/{id}/partners", tag = "suppliers",
    params(("id" = Uuid, Path, description = "The supplier."), PageParams, ReadHeaders),
    security(("bearer" = [])),
    responses(
        (status = 200, body = List<PartnerResource>),
        (status = 404, body = ErrorBody, description = "`supplier_not_found`."),
        ReadRefusals, ListRefusals,
        (status = 403, body = ErrorBody, description = "`owner_only`; `unknown_role`: the token is no account's.")
    )
)]
pub(crate) async fn list_supplier_partners(
    reader: Reader,
    Path(id): Path<Uuid>,
    Paged { page, .. }: Paged<NoFilter>,
) -> Result<Response, ApiError> {
    let after: Option<Newest> = after(&page, LIST)?;
    let organisation = Organisation { kind: OrganisationKind::Supplier, id };
    let page = &page;
    let read = async |sight: Sight, viewer: Arc<Viewer>| -> Result<Seen<Option<Partners>>, ReadFailure> {
        let known = supplier(&sight, id).await?;
        if known.value.is_none() {
            return Ok(known.map(|_| None));
        }
        let listed = partners(&sight, &MODELS, viewer, organisation, (page, after)).await?;
        Ok(Seen { position: listed.position.min(known.position), value: Some(listed.value) })
    };
    let seen = reader.one(&MODELS, || not_found("supplier", id), read).await?;
    let listed = Partners::or_refuse(seen)?;
    // Their e-mails leave only once it is on record who asked for them.
    reader
        .record(reader.access(Kind::PERSONAL_DATA_READ).of("supplier", id).with(json!({ "list": LIST })))
        .await?;
    Ok(answer::json(listed))
}
