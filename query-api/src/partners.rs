//! Whom an organisation granted to see its affairs: one list, for sellers and buyers.

use std::sync::Arc;

use events::{account::Account, fold::Folded, resource::PartnerResource};
use platform::paging::Page;
use sqlx::{QueryBuilder, Row, postgres::PgRow};
use uuid::Uuid;

use crate::{
    access::Viewer,
    failure::ReadFailure,
    freshness::{ReadModel, Seen},
    listing::{Newest, SortColumns, Take, count, envelope, fetch, open, push_window, state},
    members::{Organisation, OwnersOnly},
    sight::Sight,
};

pub(crate) const LIST: &str = "partners";

/// What a caller who may see the organisation gets of its partners.
pub(crate) type Partners = OwnersOnly<PartnerResource>;

/// A page of partners, the newest account first.
///
/// As with members, a partner whose account the accounts read model has not seen yet is left out.
pub(crate) async fn partners(
    sight: &Sight,
    models: &[ReadModel],
    viewer: Arc<Viewer>,
    organisation: Organisation,
    (page, after): (&Page, Option<Newest>),
) -> Result<Seen<Partners>, ReadFailure> {
    // Their e-mails are personal data as members' are, so the same people may see them.
    if !viewer.sees_members_of(organisation.kind, organisation.id) {
        return Ok(Seen { position: viewer.position, value: OwnersOnly::Refused });
    }
    let mut sql = open(models);
    sql.push("SELECT a.account_id AS id, a.created_at AS at, a.state AS state");
    push_partners(&mut sql, organisation.id);
    push_window(&mut sql, SortColumns { at: "a.created_at", id: "a.account_id" }, after, page, Take::Page);
    let rows = fetch(sight, sql, decode).await?;
    let total = if page.count { Some(total(sight, organisation.id).await?) } else { None };
    Ok(rows.map(|rows| OwnersOnly::Listed(envelope(rows, page, LIST, total, |row| row.item))))
}

async fn total(sight: &Sight, organisation_id: Uuid) -> Result<u64, ReadFailure> {
    let mut sql = QueryBuilder::new("SELECT count(*)");
    push_partners(&mut sql, organisation_id);
    count(sight, sql).await
}

fn push_partners(sql: &mut QueryBuilder<'static, sqlx::Postgres>, organisation_id: Uuid) {
    // Ids are unique over both kinds of organisations.
    sql.push(" FROM read.partners p JOIN read.accounts a USING (account_id) WHERE p.organisation_id = ");
    sql.push_bind(organisation_id);
}

fn decode(row: &PgRow) -> sqlx::Result<PartnerResource> {
    let account_id: Uuid = row.try_get("id")?;
    let account: Folded<Account> = state(row)?;
    Ok(PartnerResource { account_id: account_id.into(), email: (&account.state.email).into() })
}
