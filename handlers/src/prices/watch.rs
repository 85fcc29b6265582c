//! Proposals as soon as a supplier changes its rules: who tries a rule out does not wait for the hour.

use std::time::Duration;

use chrono::{DateTime, SubsecRound as _, Utc};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    gather::known,
    metrics,
    price_supplier::{SupplierRules, price_stretch},
    proposals::{forget_older_in_tx, write_in_tx},
};
use crate::{Surroundings, scheduler::JobError};

/// How soon others' rules are noticed.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// Proposes, and changes no price, whenever a supplier's rules are others than those of its proposals; until `stop`.
///
/// Several processes may do it at once: they write the same rows.
pub async fn watch_rules(surroundings: Surroundings, stop: CancellationToken) {
    metrics::describe();
    loop {
        if let Err(error) = look(&surroundings, &stop).await {
            tracing::warn!(error = %error, "proposals of prices are late; looking again");
        }
        let again = tokio::time::sleep(LOOK_AGAIN);
        if stop.run_until_cancelled(again).await.is_none() {
            return;
        }
    }
}

async fn look(surroundings: &Surroundings, stop: &CancellationToken) -> Result<(), JobError> {
    let mut failed = Vec::new();
    while let Some(supplier) = changed_supplier(&surroundings.pool, &failed).await? {
        let at = surroundings.clock.now().trunc_subsecs(0);
        match propose(&surroundings.pool, &supplier, at, stop).await {
            Ok(()) => {}
            Err(JobError::Stopped) => return Err(JobError::Stopped),
            Err(error) => {
                // One supplier's trouble is not to keep the others waiting.
                tracing::warn!(supplier = %supplier.supplier_id, error = %error, "proposals of prices are late");
                failed.push(supplier.supplier_id);
            }
        }
    }
    Ok(())
}

/// Of those whose rules changed, the one whose proposals are oldest; not one of `failed`.
async fn changed_supplier(pool: &PgPool, failed: &[Uuid]) -> Result<Option<SupplierRules>, sqlx::Error> {
    // One row per supplier that has ever made a rule, on either side.
    let sql = "SELECT r.supplier_id, r.revision, r.state FROM read.price_rules r \
               LEFT JOIN pricing.suppliers s ON s.supplier_id = r.supplier_id \
               WHERE r.revision > COALESCE(s.rules_revision, 0) AND r.supplier_id <> ALL($1) \
               ORDER BY s.proposed_at NULLS FIRST, r.supplier_id LIMIT 1";
    let row = sqlx::query(sql).bind(failed).fetch_optional(pool).await?;
    row.map(|row| SupplierRules::read(&row)).transpose()
}

async fn propose(
    pool: &PgPool,
    supplier: &SupplierRules,
    at: DateTime<Utc>,
    stop: &CancellationToken,
) -> Result<(), JobError> {
    let known = known(pool, at).await?;
    let mut after = None;
    loop {
        if stop.is_cancelled() {
            return Err(JobError::Stopped);
        }
        let stretch = price_stretch(pool, supplier, after, known, at, None).await?;
        let mut tx = platform::db::begin(pool).await?;
        write_in_tx(&mut tx, supplier, at, &stretch.proposed).await?;
        after = stretch.next;
        if after.is_none() {
            forget_older_in_tx(&mut tx, supplier, at).await?;
            let sql = "INSERT INTO pricing.suppliers (supplier_id, rules_revision, proposed_at) VALUES ($1, $2, $3) \
                       ON CONFLICT (supplier_id) DO UPDATE SET rules_revision = EXCLUDED.rules_revision, proposed_at = EXCLUDED.proposed_at \
                       WHERE suppliers.rules_revision < EXCLUDED.rules_revision";
            sqlx::query(sql)
                .bind(supplier.supplier_id)
                .bind(supplier.revision)
                .bind(at)
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await?;
        if after.is_none() {
            return Ok(());
        }
    }
}
