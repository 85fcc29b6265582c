//! `GET /api/v1/me`: who am I, and for whom do I work.

use std::sync::Arc;

use axum::response::Response;
use events::values::{AccountId, MemberRole, Role};
use platform::error::ApiError;
use serde::Serialize;
use sqlx::PgPool;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    access::{MEMBERSHIPS, Viewer},
    answer,
    failure::ReadFailure,
    freshness::{Seen, checkpoint, names},
    reader::Reader,
    refusals::{ReadHeaders, ReadRefusals},
};

/// The caller.
#[derive(Serialize, ToSchema)]
pub(crate) struct Me {
    /// The account.
    account_id: AccountId,
    /// What it logs in with, as the access token says.
    #[schema(example = "restaurant@iris.test")]
    email: String,
    /// What it may do, as the access token says.
    role: Role,
    /// The organisations it works for, by name.
    memberships: Vec<MyMembership>,
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

/// The caller's account and memberships.
#[utoipa::path(
    get, path = "/api/v1/me", tag = "me", params(ReadHeaders), security(("bearer" = [])),
    responses(
        (status = 200, body = Me, headers(
            ("Iris-Position" = i64, description = "What the answer has seen.")
        ), example = json!({
            "account_id": "0190a8f2-7c3e-7b1a-9f4d-1c2b3a4d5e01", "email": "restaurant@iris.test",
            "role": "RESTAURANT", "memberships": [{ "kind": "restaurant",
            "id": "0190a8f2-7c3e-7b1a-9f4d-1c2b3a4d5e20", "name": "Bistro Äppelträdet",
            "role": "OWNER" }]
        })),
        ReadRefusals
    )
)]
pub(crate) async fn get_me(reader: Reader) -> Result<Response, ApiError> {
    let seen = reader.many(&MEMBERSHIPS, |viewer| memberships(reader.pool(), viewer)).await?;
    Ok(answer::json(seen.map(|memberships| Me {
        account_id: reader.identity.subject.into(),
        email: reader.identity.email.clone(),
        role: reader.role,
        memberships,
    })))
}

async fn memberships(pool: &PgPool, viewer: Arc<Viewer>) -> Result<Seen<Vec<MyMembership>>, ReadFailure> {
    let sql = concat!(
        "SELECT c.position, m.organisation_kind, m.organisation_id, m.role,
                COALESCE(s.state, r.state) #>> '{state,details,name}'
         FROM ",
        checkpoint!(),
        " c LEFT JOIN (read.memberships m
              LEFT JOIN read.suppliers s
                ON m.organisation_kind = 'supplier' AND s.supplier_id = m.organisation_id
              LEFT JOIN read.restaurants r
                ON m.organisation_kind = 'restaurant' AND r.restaurant_id = m.organisation_id
          ) ON m.account_id = $2
         ORDER BY 5, m.organisation_id"
    );
    let rows: Vec<Row> =
        sqlx::query_as(sql).bind(names(&MEMBERSHIPS)).bind(viewer.account_id).fetch_all(pool).await?;
    let position = rows.first().map_or(0, |row| row.0);
    Ok(Seen { position, value: rows.into_iter().filter_map(membership).collect() })
}

type Row = (i64, Option<String>, Option<Uuid>, Option<String>, Option<String>);

fn membership((_, kind, id, role, name): Row) -> Option<MyMembership> {
    Some(MyMembership { kind: kind?, id: id?, name: name?, role: role?.parse().ok()? })
}
