//! `read.partners`: which partner's account may see whose affairs, of suppliers and restaurants alike.
//!
//! Two projections write this table, each the rows of its own organisation kind, as with memberships.

use std::collections::BTreeMap;

use events::values::AccountId;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    keyed_fold::States,
    memberships::OrganisationKind,
    projection::{ProjectError, ReadTable},
    schema::SchemaName,
};

pub(crate) const TABLE: ReadTable = ReadTable { name: "partners", key: "account_id" };

/// The partners of every organisation, to be compared with those that its events leave.
pub(crate) fn partners_of<S>(
    organisations: &States<S>,
    partners: impl Fn(&S) -> &Vec<AccountId>,
) -> BTreeMap<Uuid, Vec<AccountId>> {
    organisations.iter().map(|(id, folded)| (*id, partners(&folded.state).clone())).collect()
}

/// Replaces the rows of the organisations whose partners changed; most events change none.
pub(crate) async fn replace_changed_in_tx(
    tx: &mut PgConnection,
    schema: &SchemaName,
    kind: OrganisationKind,
    before: &BTreeMap<Uuid, Vec<AccountId>>,
    after: &BTreeMap<Uuid, Vec<AccountId>>,
) -> Result<(), ProjectError> {
    let is_changed = |(id, partners): &(&Uuid, &Vec<AccountId>)| {
        before.get(*id).map_or(!partners.is_empty(), |before| before != *partners)
    };
    let changed: Vec<(&Uuid, &Vec<AccountId>)> = after.iter().filter(is_changed).collect();
    if changed.is_empty() {
        return Ok(());
    }
    let organisations: Vec<Uuid> = changed.iter().map(|(id, _)| **id).collect();
    let delete =
        format!("DELETE FROM {schema}.partners WHERE organisation_kind = $1 AND organisation_id = ANY($2)");
    sqlx::query(&delete).bind(kind.name()).bind(organisations).execute(&mut *tx).await?;

    let rows = changed.iter().flat_map(|(id, partners)| partners.iter().map(|account| (account.0, **id)));
    let (accounts, organisations): (Vec<Uuid>, Vec<Uuid>) = rows.unzip();
    let insert = format!(
        "INSERT INTO {schema}.partners (account_id, organisation_kind, organisation_id) \
         SELECT r.account_id, $1, r.organisation_id \
         FROM unnest($2::uuid[], $3::uuid[]) AS r(account_id, organisation_id)"
    );
    sqlx::query(&insert).bind(kind.name()).bind(accounts).bind(organisations).execute(tx).await?;
    Ok(())
}
