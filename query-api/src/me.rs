//! `GET /api/v1/me`: who am I, and for whom do I work.

use std::sync::Arc;

use axum::response::Response;
use events::values::{AccountId, ApiKeyId, MemberRole, Role, Shown};
use platform::error::ApiError;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    access::{MEMBERSHIPS, Viewer},
    answer,
    failure::ReadFailure,
    freshness::{Seen, checkpoint, names},
    reader::Reader,
    refusals::{ReadHeaders, ReadRefusals},
    sight::Sight,
};

/// The caller.
#[derive(Serialize, ToSchema)]
pub(crate) struct Me {
    /// The account.
    account_id: AccountId,
    /// What it logs in with: as the access token says, or, where somebody else vouches for callers, as it is now.
    #[schema(value_type = Option<String>, example = "restaurant@iris.test")]
    email: Shown,
    /// What it may do, as the access token says, or as it is now.
    role: Role,
    /// The organisations it works for, by name.
    memberships: Vec<MyMembership>,
    /// The organisations whose affairs it may see, by name; only of partners.
    grants: Vec<MyGrant>,
    /// The API key that the caller called with, where it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    api_key: Option<MyKey>,
}

/// What the caller called with, and how far it reaches.
#[derive(Serialize, ToSchema)]
pub(crate) struct MyKey {
    /// The key.
    id: ApiKeyId,
    /// What it may do.
    #[schema(example = json!(["orders:read"]))]
    scopes: Vec<String>,
}

/// One organisation that granted the caller to see its affairs.
#[derive(Serialize, ToSchema)]
pub(crate) struct MyGrant {
    /// `restaurant` or `supplier`.
    #[schema(example = "supplier")]
    kind: String,
    /// The organisation.
    id: Uuid,
    /// Its name.
    #[schema(example = "Grönsakskompaniet AB")]
    name: String,
}

/// One organisation that the caller works for.
#[derive(Serialize, ToSchema)]
pub(crate) struct MyMembership {
    /// `restaurant` or `supplier`.
    #[schema(example = "restaurant")]
    kind: String,
    /// The organisation.
    id: Uuid,
    /// Its name.
    #[schema(example = "Bistro Äppelträdet")]
    name: String,
    /// As what.
    role: MemberRole,
}

/// The caller's account, memberships and grants; every API key may ask for them.
#[utoipa::path(
    get, path = "/api/v1/me", tag = "me", params(ReadHeaders), security(("bearer" = [])),
    responses(
        (status = 200, body = Me, headers(
            ("Iris-Position" = i64, description = "What the answer has seen.")
        ), example = json!({
            "account_id": "0190a8f2-7c3e-7b1a-9f4d-1c2b3a4d5e01", "email": "restaurant@iris.test",
            "role": "RESTAURANT", "memberships": [{ "kind": "restaurant",
            "id": "0190a8f2-7c3e-7b1a-9f4d-1c2b3a4d5e20", "name": "Bistro Äppelträdet",
            "role": "OWNER" }], "grants": []
        })),
        ReadRefusals
    )
)]
pub(crate) async fn get_me(reader: Reader) -> Result<Response, ApiError> {
    let seen = reader.many(&MEMBERSHIPS, async |sight: Sight, viewer| places(&sight, viewer).await).await?;
    Ok(answer::json(seen.map(|places| Me {
        account_id: reader.identity.subject.into(),
        email: Shown::of_line(&reader.identity.email),
        role: reader.role,
        grants: places.iter().filter(|_| reader.role == Role::Partner).filter_map(grant).collect(),
        memberships: places.into_iter().filter_map(membership).collect(),
        api_key:
            reader.identity.key.as_ref().map(|key| MyKey { id: key.id.into(), scopes: key.scopes.to_vec() }),
    })))
}

async fn places(sight: &Sight, viewer: Arc<Viewer>) -> Result<Seen<Vec<Row>>, ReadFailure> {
    let sql = concat!(
        "SELECT c.position, m.organisation_kind, m.organisation_id, m.role,
                COALESCE(s.state, r.state) #>> '{state,details,name}'
         FROM ",
        checkpoint!(),
        " c LEFT JOIN ((
                SELECT account_id, organisation_kind, organisation_id, role FROM read.memberships
                UNION ALL
                SELECT account_id, organisation_kind, organisation_id, NULL FROM read.partners
              ) m
              LEFT JOIN read.suppliers s
                ON m.organisation_kind = 'supplier' AND s.supplier_id = m.organisation_id
              LEFT JOIN read.restaurants r
                ON m.organisation_kind = 'restaurant' AND r.restaurant_id = m.organisation_id
          ) ON m.account_id = $2
         ORDER BY 5, m.organisation_id"
    );
    let rows: Vec<Row> = sqlx::query_as(sql)
        .bind(names(&MEMBERSHIPS))
        .bind(viewer.account_id)
        .fetch_all(&mut *sight.connection().await)
        .await?;
    let position = rows.first().map_or(0, |row| row.0);
    Ok(Seen { position, value: rows })
}

/// Position, kind, organisation, role and name; a grant has no role, and all but the position are absent in
/// the row of an empty list.
type Row = (i64, Option<String>, Option<Uuid>, Option<String>, Option<String>);

fn membership((_, kind, id, role, name): Row) -> Option<MyMembership> {
    Some(MyMembership { kind: kind?, id: id?, name: name?, role: role?.parse().ok()? })
}

fn grant((_, kind, id, role, name): &Row) -> Option<MyGrant> {
    if role.is_some() {
        return None;
    }
    Some(MyGrant { kind: kind.clone()?, id: (*id)?, name: name.clone()? })
}
