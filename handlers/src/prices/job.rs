//! The job `prices`: every hour, every product that a rule is about.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::{
    gather::known,
    metrics,
    price_supplier::{SupplierRules, next_supplier, price_stretch},
    proposals::{forget_older_in_tx, write_in_tx},
};
use crate::{
    commands::Commands,
    scheduler::{Done, Job, JobError, Run, Running, Tally},
};

/// Prices every hour what a rule is about.
///
/// A product's hour counts once, however often the run is taken up again: its command is one that changes nothing the
/// second time.
pub struct PriceJob {
    commands: Arc<dyn Commands>,
}

/// How far a run is.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
struct Checkpoint {
    /// Suppliers up to this one are done.
    supplier_done: Option<Uuid>,
    /// Of the next one, products down to this one are.
    product_done: Option<(DateTime<Utc>, Uuid)>,
    /// Products so far.
    products: u64,
    /// Of which so many cost something else now.
    applied: u64,
}

impl PriceJob {
    /// The job, changing prices by these commands.
    pub fn new(commands: Arc<dyn Commands>) -> Self {
        metrics::describe();
        Self { commands }
    }

    async fn price(&self, run: &Run) -> Result<Done, JobError> {
        let pool = &run.surroundings.pool;
        let saved = run.checkpoint.clone().map(serde_json::from_value);
        let mut checkpoint: Checkpoint = saved.transpose().ok().flatten().unwrap_or_default();
        while let Some(supplier) = next_supplier(pool, checkpoint.supplier_done).await? {
            self.price_supplier(run, &supplier, &mut checkpoint).await?;
        }
        let done = json!({ "products": checkpoint.products, "applied": checkpoint.applied });
        Ok(done.as_object().cloned().unwrap_or_default())
    }

    async fn price_supplier(
        &self,
        run: &Run,
        supplier: &SupplierRules,
        checkpoint: &mut Checkpoint,
    ) -> Result<(), JobError> {
        let (pool, at) = (&run.surroundings.pool, run.scheduled_for);
        let known = known(pool, at).await?;
        loop {
            run.expect_going_on()?;
            let after = checkpoint.product_done;
            let stretch = price_stretch(pool, supplier, after, known, at, Some(&self.commands)).await?;
            let applied = stretch.proposed.iter().filter(|row| row.applied).count();
            checkpoint.products += u64::try_from(stretch.proposed.len()).unwrap_or(u64::MAX);
            checkpoint.applied += u64::try_from(applied).unwrap_or(u64::MAX);
            checkpoint.product_done = stretch.next;
            if stretch.next.is_none() {
                checkpoint.supplier_done = Some(supplier.supplier_id);
            }
            let mut tx = platform::db::begin(pool).await?;
            write_in_tx(&mut tx, supplier, at, &stretch.proposed).await?;
            if stretch.next.is_none() {
                forget_older_in_tx(&mut tx, supplier, at).await?;
            }
            let saved =
                serde_json::to_value(*checkpoint).map_err(|error| JobError::Failed(error.to_string()))?;
            run.save_in_tx(&mut tx, Some(&saved), Tally { done: checkpoint.products, total: None }).await?;
            tx.commit().await?;
            if stretch.next.is_none() {
                return Ok(());
            }
        }
    }
}

impl Job for PriceJob {
    fn name(&self) -> &'static str {
        "prices"
    }

    fn cron(&self) -> &'static str {
        "0 * * * *"
    }

    fn run<'a>(&'a self, run: &'a Run) -> Running<'a> {
        Box::pin(self.price(run))
    }
}
