//! Who works for an organisation: one list, for sellers and buyers.

use std::sync::Arc;

use events::{account::Account, fold::Folded, resource::MemberResource, values::MemberRole};
use platform::{
    error::ApiError,
    paging::{List, Page},
};
use sqlx::{QueryBuilder, Row, postgres::PgRow};
use uuid::Uuid;

use crate::{
    access::{OrganisationKind, Viewer},
    failure::ReadFailure,
    freshness::{ReadModel, Seen},
    listing::{Newest, SortColumns, Take, count, envelope, fetch, open, push_window, state},
    sight::Sight,
};

pub(crate) const LIST: &str = "members";

/// One organisation.
#[derive(Clone, Copy)]
pub(crate) struct Organisation {
    pub(crate) kind: OrganisationKind,
    pub(crate) id: Uuid,
}

/// What a caller who may see the organisation gets.
pub(crate) enum OwnersOnly<T> {
    /// It may not see this of it.
    Refused,
    /// A page of them.
    Listed(List<T>),
}

/// What a caller who may see the organisation gets of its members.
pub(crate) type Members = OwnersOnly<MemberResource>;

impl<T> OwnersOnly<T> {
    /// # Errors
    /// 403 `owner_only`.
    pub(crate) fn or_refuse(seen: Seen<Self>) -> Result<Seen<List<T>>, ApiError> {
        match seen.value {
            Self::Listed(value) => Ok(Seen { position: seen.position, value }),
            Self::Refused => Err(ApiError::forbidden(
                "owner_only",
                "Only its owners may see who works for it, and who its partners are.",
            )),
        }
    }
}

/// A page of members, the newest account first.
///
/// A member whose account the accounts read model has not seen yet is left out: the answer's position, the
/// smallest of the read models', then lies before that account.
pub(crate) async fn members(
    sight: &Sight,
    models: &[ReadModel],
    viewer: Arc<Viewer>,
    organisation: Organisation,
    (page, after): (&Page, Option<Newest>),
) -> Result<Seen<Members>, ReadFailure> {
    if !viewer.sees_members_of(organisation.kind, organisation.id) {
        return Ok(Seen { position: viewer.position, value: Members::Refused });
    }
    let mut sql = open(models);
    sql.push("SELECT a.account_id AS id, a.created_at AS at, a.state AS state, m.role");
    push_members(&mut sql, organisation.id);
    push_window(&mut sql, SortColumns { at: "a.created_at", id: "a.account_id" }, after, page, Take::Page);
    let rows = fetch(sight, sql, decode).await?;
    let total = if page.count { Some(total(sight, organisation.id).await?) } else { None };
    Ok(rows.map(|rows| Members::Listed(envelope(rows, page, LIST, total, |row| row.item))))
}

async fn total(sight: &Sight, organisation_id: Uuid) -> Result<u64, ReadFailure> {
    let mut sql = QueryBuilder::new("SELECT count(*)");
    push_members(&mut sql, organisation_id);
    count(sight, sql).await
}

fn push_members(sql: &mut QueryBuilder<'static, sqlx::Postgres>, organisation_id: Uuid) {
    // Ids are unique over both kinds of organisations.
    sql.push(" FROM read.memberships m JOIN read.accounts a USING (account_id) WHERE m.organisation_id = ");
    sql.push_bind(organisation_id);
}

fn decode(row: &PgRow) -> sqlx::Result<MemberResource> {
    let role: &str = row.try_get("role")?;
    let role: MemberRole = role.parse().map_err(|unknown| sqlx::Error::Decode(Box::new(unknown)))?;
    let account_id: Uuid = row.try_get("id")?;
    let account: Folded<Account> = state(row)?;
    Ok(MemberResource { account_id: account_id.into(), email: (&account.state.email).into(), role })
}
