//! `read.memberships`: who works for whom, of suppliers and restaurants alike.
//!
//! Two projections write this table. Each owns the rows of its own organisation kind and replaces an
//! organisation's rows as a whole, so neither ever touches, or waits for, a row of the other.

use std::collections::BTreeMap;

use events::values::{Member, MemberRole};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    keyed_fold::States,
    projection::{ProjectError, ReadTable},
    schema::SchemaName,
};

pub(crate) const TABLE: ReadTable = ReadTable { name: "memberships", key: "account_id" };

/// Whose rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OrganisationKind {
    Supplier,
    Restaurant,
}

impl OrganisationKind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Supplier => "supplier",
            Self::Restaurant => "restaurant",
        }
    }
}

/// The members of every organisation, to be compared with those that its events leave.
pub(crate) fn members_of<S>(
    organisations: &States<S>,
    members: impl Fn(&S) -> &Vec<Member>,
) -> BTreeMap<Uuid, Vec<Member>> {
    organisations.iter().map(|(id, folded)| (*id, members(&folded.state).clone())).collect()
}

/// Replaces the rows of the organisations whose members changed; most events change none.
pub(crate) async fn replace_changed_in_tx(
    tx: &mut PgConnection,
    schema: &SchemaName,
    kind: OrganisationKind,
    before: &BTreeMap<Uuid, Vec<Member>>,
    after: &BTreeMap<Uuid, Vec<Member>>,
) -> Result<(), ProjectError> {
    let is_changed = |(id, members): &(&Uuid, &Vec<Member>)| {
        before.get(*id).map_or(!members.is_empty(), |before| before != *members)
    };
    let changed: Vec<(&Uuid, &Vec<Member>)> = after.iter().filter(is_changed).collect();
    if changed.is_empty() {
        return Ok(());
    }
    let organisations: Vec<Uuid> = changed.iter().map(|(id, _)| **id).collect();
    let delete = format!(
        "DELETE FROM {schema}.memberships WHERE organisation_kind = $1 AND organisation_id = ANY($2)"
    );
    sqlx::query(&delete).bind(kind.name()).bind(organisations).execute(&mut *tx).await?;

    let rows = || changed.iter().flat_map(|(id, members)| members.iter().map(move |member| (**id, member)));
    let insert = format!(
        "INSERT INTO {schema}.memberships (account_id, organisation_kind, organisation_id, role) \
         SELECT r.account_id, $1, r.organisation_id, r.role \
         FROM unnest($2::uuid[], $3::uuid[], $4::text[]) AS r(account_id, organisation_id, role)"
    );
    sqlx::query(&insert)
        .bind(kind.name())
        .bind(rows().map(|(_, member)| member.account_id.0).collect::<Vec<_>>())
        .bind(rows().map(|(id, _)| id).collect::<Vec<_>>())
        .bind(rows().map(|(_, member)| role_name(member.role)).collect::<Vec<_>>())
        .execute(tx)
        .await?;
    Ok(())
}

fn role_name(role: MemberRole) -> &'static str {
    match role {
        MemberRole::Owner => "OWNER",
        MemberRole::Staff => "STAFF",
    }
}
