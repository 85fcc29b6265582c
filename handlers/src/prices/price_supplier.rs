//! One stretch of a supplier's products: what their rules make of them.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use events::{
    price_rule::{PriceRules, RuleMode, RuleRef},
    values::ProductId,
};
use futures::{StreamExt as _, stream};
use pricing::{Inputs, Proposal, Rule, RuleKind, Standing};
use sqlx::{PgPool, Row, types::Json};
use uuid::Uuid;

use super::{
    gather::{CHUNK, Candidate, Known, Place, candidates, note_last_orders},
    metrics::{Outcome, count},
    proposals::Proposed,
};
use crate::{
    commands::{AskFailed, Commands},
    scheduler::JobError,
};

/// Commands that wait for the committer at once: it records what waits in one statement.
const COMMANDS_AT_ONCE: usize = 256;

/// A supplier's rules.
pub(super) struct SupplierRules {
    pub(super) supplier_id: Uuid,
    pub(super) revision: i64,
    pub(super) rules: PriceRules,
}

/// The rules of the first supplier after that one that has any.
pub(super) async fn next_supplier(
    pool: &PgPool,
    after: Option<Uuid>,
) -> Result<Option<SupplierRules>, sqlx::Error> {
    let sql = "SELECT supplier_id, revision, state FROM read.price_rules \
               WHERE supplier_id > $1 AND rule_ids <> '{}' ORDER BY supplier_id LIMIT 1";
    let row = sqlx::query(sql).bind(after.unwrap_or_default()).fetch_optional(pool).await?;
    row.map(|row| SupplierRules::read(&row)).transpose()
}

impl SupplierRules {
    pub(super) fn read(row: &sqlx::postgres::PgRow) -> Result<Self, sqlx::Error> {
        let Json(folded): Json<events::Folded<PriceRules>> = row.try_get("state")?;
        let (supplier_id, revision) = (row.try_get("supplier_id")?, row.try_get("revision")?);
        Ok(Self { supplier_id, revision, rules: folded.state })
    }
}

/// What came of a stretch.
pub(super) struct Stretch {
    pub(super) proposed: Vec<Proposed>,
    /// Where the next begins; nowhere after the last.
    pub(super) next: Option<Place>,
}

/// Proposes prices for the next products after that place; with `commands`, active rules change them.
///
/// # Errors
/// The database, or commands whose outcome is not known: asked again, they change nothing twice.
pub(super) async fn price_stretch(
    pool: &PgPool,
    supplier: &SupplierRules,
    after: Option<Place>,
    known: Known,
    at: DateTime<Utc>,
    commands: Option<&Arc<dyn Commands>>,
) -> Result<Stretch, JobError> {
    let found = candidates(pool, supplier.supplier_id, &supplier.rules, after, known, at).await?;
    let is_last = i64::try_from(found.len()).is_ok_and(|found| found < CHUNK);
    let next = found.last().filter(|_| !is_last).map(|last| (last.product.created_at, last.id));
    let mut ruled: Vec<(Candidate, Vec<Rule>)> = found
        .into_iter()
        .map(|candidate| {
            let rules = acting(supplier, &candidate, RuleMode::DryRun);
            (candidate, rules)
        })
        .filter(|(_, rules)| !rules.is_empty())
        .collect();
    let is_slow = |rule: &Rule| matches!(rule.kind, RuleKind::SlowMover { .. });
    let mut asked: Vec<&mut Candidate> = ruled
        .iter_mut()
        .filter(|(_, rules)| rules.iter().any(is_slow))
        .map(|(candidate, _)| candidate)
        .collect();
    note_last_orders(pool, supplier.supplier_id, &mut asked).await?;
    let mut proposed = Vec::with_capacity(ruled.len());
    let mut decided = stream::iter(
        ruled.into_iter().map(|(candidate, rules)| decide(supplier, candidate, rules, commands)),
    )
    .buffered(COMMANDS_AT_ONCE);
    while let Some(outcome) = decided.next().await {
        proposed.push(outcome?);
    }
    Ok(Stretch { proposed, next })
}

fn acting(supplier: &SupplierRules, candidate: &Candidate, mode: RuleMode) -> Vec<Rule> {
    let category = candidate.product.state.details.category.as_deref();
    supplier.rules.acting_on(ProductId(candidate.id), category, mode)
}

async fn decide(
    supplier: &SupplierRules,
    candidate: Candidate,
    rules: Vec<Rule>,
    commands: Option<&Arc<dyn Commands>>,
) -> Result<Proposed, JobError> {
    let active =
        if supplier.rules.is_paused { Vec::new() } else { acting(supplier, &candidate, RuleMode::Active) };
    let is_dry_run = active != rules;
    if let Some(inputs) = before_this_hour(&candidate) {
        // A run that was cut short between its commands and its proposals has changed the price already.
        let proposal = pricing::propose(&inputs, &active);
        let candidate = Candidate { inputs, ..candidate };
        return Ok(Proposed { candidate, is_dry_run, applied: true, proposal });
    }
    let proposal = pricing::propose(&candidate.inputs, &rules);
    let by_active = pricing::propose(&candidate.inputs, &active);
    let outcome = match commands {
        Some(commands) if changes(&candidate.inputs, &by_active) => {
            apply(commands, &candidate, &active).await?
        }
        _ if changes(&candidate.inputs, &proposal) => Outcome::Shown,
        _ => Outcome::Kept,
    };
    count(outcome);
    let applied = matches!(outcome, Outcome::Applied);
    // What was done is what is told, not what rules would do that are only tried out.
    let proposal = if applied { by_active } else { proposal };
    Ok(Proposed { candidate, is_dry_run, applied, proposal })
}

/// What the price of this very hour was decided from, where the log has it already.
fn before_this_hour(candidate: &Candidate) -> Option<Inputs> {
    let inputs = &candidate.inputs;
    let by_rule = candidate.product.state.by_rule.as_ref()?;
    if by_rule.changed_at != inputs.at || by_rule.held_until.is_some() {
        return None;
    }
    // It was free to move then: when a rule had moved it before makes no difference any more.
    let standing = Standing {
        current_minor: by_rule.previous_minor,
        changed_at: None,
        held_until: None,
        ..inputs.standing.clone()
    };
    Some(Inputs { standing, ..inputs.clone() })
}

fn changes(inputs: &Inputs, proposal: &Proposal) -> bool {
    proposal.new_minor != inputs.standing.current_minor
}

async fn apply(
    commands: &Arc<dyn Commands>,
    candidate: &Candidate,
    rules: &[Rule],
) -> Result<Outcome, JobError> {
    let inputs = Box::new(candidate.inputs.clone());
    let asked = commands.apply_price(ProductId(candidate.id), inputs.at, inputs, RuleRef::all(rules)).await;
    match asked {
        Ok(()) => Ok(Outcome::Applied),
        Err(AskFailed::Refused) => Ok(Outcome::Moved),
        Err(AskFailed::Later) => Err(JobError::Failed("prices cannot be recorded now".to_owned())),
    }
}
