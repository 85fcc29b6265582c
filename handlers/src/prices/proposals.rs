//! `pricing.proposals`: what rules made of each product in the last hour.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

use super::{gather::Candidate, price_supplier::SupplierRules};

/// A row of the table.
pub(super) struct Proposed {
    pub(super) candidate: Candidate,
    pub(super) is_dry_run: bool,
    pub(super) applied: bool,
    pub(super) proposal: pricing::Proposal,
}

/// Writes them in the caller's transaction; a product's former row is replaced.
///
/// The hourly job and the watcher of rules write the same table: rows by newer rules, or of a later moment, stay.
pub(super) async fn write_in_tx(
    tx: &mut PgConnection,
    supplier: &SupplierRules,
    at: DateTime<Utc>,
    proposed: &[Proposed],
) -> Result<(), sqlx::Error> {
    if proposed.is_empty() {
        return Ok(());
    }
    let sql = "INSERT INTO pricing.proposals (product_id, supplier_id, rules_revision, priced_at, is_dry_run, applied, \
                   current_minor, proposed_minor, currency, proposal, inputs) \
               SELECT r.product_id, $1, $11, $2, r.is_dry_run, r.applied, r.current_minor, r.proposed_minor, r.currency, \
                      r.proposal, r.inputs \
               FROM unnest($3::uuid[], $4::boolean[], $5::boolean[], $6::bigint[], $7::bigint[], $8::text[], \
                           $9::jsonb[], $10::jsonb[]) \
                    AS r(product_id, is_dry_run, applied, current_minor, proposed_minor, currency, proposal, inputs) \
               WHERE NOT EXISTS (SELECT FROM pricing.suppliers s WHERE s.supplier_id = $1 AND s.rules_revision > $11) \
               ON CONFLICT (product_id) DO UPDATE \
               SET rules_revision = EXCLUDED.rules_revision, priced_at = EXCLUDED.priced_at, \
                   is_dry_run = EXCLUDED.is_dry_run, \
                   applied = EXCLUDED.applied OR (proposals.applied \
                       AND date_trunc('hour', proposals.priced_at) = date_trunc('hour', EXCLUDED.priced_at)), \
                   current_minor = EXCLUDED.current_minor, proposed_minor = EXCLUDED.proposed_minor, \
                   proposal = EXCLUDED.proposal, inputs = EXCLUDED.inputs \
               WHERE (proposals.rules_revision, proposals.priced_at) <= (EXCLUDED.rules_revision, EXCLUDED.priced_at)";
    let column = |of: fn(&Proposed) -> i64| proposed.iter().map(of).collect::<Vec<_>>();
    sqlx::query(sql)
        .bind(supplier.supplier_id)
        .bind(at)
        .bind(proposed.iter().map(|row| row.candidate.id).collect::<Vec<_>>())
        .bind(proposed.iter().map(|row| row.is_dry_run).collect::<Vec<_>>())
        .bind(proposed.iter().map(|row| row.applied).collect::<Vec<_>>())
        .bind(column(|row| row.candidate.inputs.standing.current_minor))
        .bind(column(|row| row.proposal.new_minor))
        .bind(proposed.iter().map(|row| row.candidate.product.state.currency.to_string()).collect::<Vec<_>>())
        .bind(proposed.iter().map(|row| Json(&row.proposal)).collect::<Vec<_>>())
        .bind(proposed.iter().map(|row| Json(&row.candidate.inputs)).collect::<Vec<_>>())
        .bind(supplier.revision)
        .execute(&mut *tx)
        .await?;
    note_applied_in_tx(tx, at, proposed).await
}

/// Rows that were not replaced, because rules changed within the hour, tell of that hour as well.
async fn note_applied_in_tx(
    tx: &mut PgConnection,
    at: DateTime<Utc>,
    proposed: &[Proposed],
) -> Result<(), sqlx::Error> {
    let applied: Vec<Uuid> = proposed.iter().filter(|row| row.applied).map(|row| row.candidate.id).collect();
    if applied.is_empty() {
        return Ok(());
    }
    let sql = "UPDATE pricing.proposals SET applied = true WHERE product_id = ANY($1) AND NOT applied \
               AND date_trunc('hour', priced_at) = date_trunc('hour', $2::timestamptz)";
    sqlx::query(sql).bind(applied).bind(at).execute(tx).await?;
    Ok(())
}

/// Takes away what is older, by rules or by time: of products that no rule is about any more.
pub(super) async fn forget_older_in_tx(
    tx: &mut PgConnection,
    supplier: &SupplierRules,
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let sql =
        "DELETE FROM pricing.proposals WHERE supplier_id = $1 AND (rules_revision, priced_at) < ($3, $2)";
    sqlx::query(sql).bind(supplier.supplier_id).bind(at).bind(supplier.revision).execute(tx).await?;
    Ok(())
}
