//! `trial_check`: trials that are over go on record, which tells the restaurants' owners.
//!
//! That a trial ends soon is told from its approval (`notifications/recipients.rs`); this is about its end alone, so
//! nobody hears the same twice.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use events::values::RestaurantId;
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use crate::{
    commands::{AskFailed, Asked},
    scheduler::{Done, Job, JobError, Run, Running, Tally},
};

/// Restaurants looked at between two saves.
const PAGE: i64 = 500;

/// The way to the write side; `iris` connects it.
pub trait EndTrials: Send + Sync + 'static {
    /// The restaurant's trial goes on record as ended, if it has. Nothing happens the second time.
    fn end_trial(&self, restaurant_id: RestaurantId) -> Asked<'_>;
}

/// The daily job.
pub struct TrialCheck {
    commands: Arc<dyn EndTrials>,
}

impl TrialCheck {
    /// By that way.
    pub fn new(commands: Arc<dyn EndTrials>) -> Self {
        Self { commands }
    }

    async fn check(&self, run: &Run) -> Result<Done, JobError> {
        let pool = &run.surroundings.pool;
        let (mut after, mut ended) = from(run.checkpoint.as_ref());
        loop {
            run.expect_going_on()?;
            let page = page(pool, after).await?;
            let Some((last, ..)) = page.last() else { break };
            after = *last;
            for (restaurant, ends_at) in page {
                // The rows may lag behind the log: whether it is so is decided on the stream.
                if ends_at.is_some_and(|ends_at| ends_at <= run.scheduled_for) {
                    self.end(restaurant).await?;
                    ended += 1;
                }
            }
            let mut tx = platform::db::begin(pool).await?;
            let checkpoint = json!({ "after": after, "ended": ended });
            run.save_in_tx(&mut tx, Some(&checkpoint), Tally { done: ended, total: None }).await?;
            tx.commit().await?;
        }
        Ok(Done::from_iter([("trials_ended".to_owned(), json!(ended))]))
    }

    async fn end(&self, restaurant: Uuid) -> Result<(), JobError> {
        match self.commands.end_trial(restaurant.into()).await {
            // Nobody's any more by now: there is nothing to end.
            Ok(()) | Err(AskFailed::Refused) => Ok(()),
            Err(AskFailed::Later) => Err(JobError::Failed(format!(
                "the end of the trial of {restaurant} could not be recorded now"
            ))),
        }
    }
}

impl Job for TrialCheck {
    fn name(&self) -> &'static str {
        "trial_check"
    }

    fn cron(&self) -> &'static str {
        "0 6 * * *"
    }

    fn run<'a>(&'a self, run: &'a Run) -> Running<'a> {
        Box::pin(self.check(run))
    }
}

/// The restaurant that was looked at last, and how many trials ended so far.
fn from(checkpoint: Option<&Value>) -> (Uuid, u64) {
    let after = checkpoint.and_then(|at| at["after"].as_str()?.parse().ok());
    let ended = checkpoint.and_then(|at| at["ended"].as_u64());
    (after.unwrap_or(Uuid::nil()), ended.unwrap_or_default())
}

/// The next restaurants in the order of their ids (the primary key), with the end of the trial of those that may order
/// and whose end is not on record.
async fn page(pool: &PgPool, after: Uuid) -> Result<Vec<(Uuid, Option<DateTime<Utc>>)>, sqlx::Error> {
    sqlx::query_as(
        "SELECT restaurant_id, \
                CASE WHEN state #>> '{state,status}' = 'approved' \
                          AND state #>> '{state,trial_end_recorded}' IS DISTINCT FROM 'true' \
                     THEN (state #>> '{state,trial_ends_at}')::timestamptz END \
         FROM read.restaurants WHERE restaurant_id > $1 ORDER BY restaurant_id LIMIT $2",
    )
    .bind(after)
    .bind(PAGE)
    .fetch_all(pool)
    .await
}
