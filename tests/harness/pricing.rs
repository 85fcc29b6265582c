//! One hour of the job that prices, as the scheduler runs it, by hand.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use command_api::{Committer, SubmitError, domain::product::ApplyPrice};
use events::{
    log::FeedWindow,
    price_rule::RuleRef,
    values::{ProductId, WebhookEndpointId},
    webhook_endpoint::DisabledReason,
};
use handlers::{
    Surroundings,
    commands::{AskFailed, Asked, Commands},
    prices::PriceJob,
    scheduler::{Done, Job as _, JobError, Record, Recording, Run, Tally},
};
use platform::clock::{SystemClock, UuidV7Ids};
use serde_json::Value;
use sqlx::{PgConnection, PgPool};
use tokio_util::sync::CancellationToken;

use crate::ordering::{fresh, submission};

/// As if the consumer of demand had counted every order of the log.
///
/// # Panics
/// If the database refuses.
pub async fn count_orders(pool: &PgPool) {
    let sql = "INSERT INTO fanout.followers (name, position, updated_at) \
               SELECT 'demand', h.position, now() FROM public.log_head h \
               ON CONFLICT (name) DO UPDATE SET position = EXCLUDED.position";
    sqlx::query(sql).execute(pool).await.expect("the database takes it");
}

/// Prices that hour.
///
/// # Errors
/// The job's.
pub async fn price_hour(pool: &PgPool, committer: &Committer, at: DateTime<Utc>) -> Result<Done, JobError> {
    priced(pool, committer, at, Arc::new(NotRecorded)).await
}

/// Prices that hour as a process that ends after its first commands, before it has written what came of them.
///
/// # Errors
/// [`JobError::Stopped`], always.
pub async fn price_hour_cut_short(
    pool: &PgPool,
    committer: &Committer,
    at: DateTime<Utc>,
) -> Result<Done, JobError> {
    priced(pool, committer, at, Arc::new(CutShort)).await
}

async fn priced(
    pool: &PgPool,
    committer: &Committer,
    at: DateTime<Utc>,
    record: Arc<dyn Record>,
) -> Result<Done, JobError> {
    let job = PriceJob::new(Arc::new(Asking(committer.clone())));
    let run = Run {
        run_id: fresh(),
        scheduled_for: at,
        checkpoint: None,
        stop: CancellationToken::new(),
        surroundings: Surroundings {
            pool: pool.clone(),
            clock: Arc::new(SystemClock),
            ids: Arc::new(UuidV7Ids),
            wake: committer.head(),
            feed: FeedWindow::default(),
        },
        record,
    };
    job.run(&run).await
}

/// The way to the write side, as the program connects it.
struct Asking(Committer);

impl Asking {
    async fn ask(&self, apply: ApplyPrice) -> Result<(), AskFailed> {
        match self.0.submit(submission(apply, None)).await {
            Ok(_) => Ok(()),
            Err(SubmitError::Refused(_)) => Err(AskFailed::Refused),
            Err(_) => Err(AskFailed::Later),
        }
    }
}

impl Commands for Asking {
    fn disable_endpoint(&self, id: WebhookEndpointId, _: String, _: DisabledReason) -> Asked<'_> {
        unreachable!("prices have no endpoint {id}")
    }

    fn report_endpoint_failing(
        &self,
        id: WebhookEndpointId,
        _: String,
        _: DateTime<Utc>,
        _: i32,
        _: i64,
        _: DateTime<Utc>,
    ) -> Asked<'_> {
        unreachable!("prices have no endpoint {id}")
    }

    fn verify_endpoint(&self, id: WebhookEndpointId, _: String, _: Option<u32>) -> Asked<'_> {
        unreachable!("prices have no endpoint {id}")
    }

    fn apply_price(
        &self,
        product_id: ProductId,
        at: DateTime<Utc>,
        inputs: Box<pricing::Inputs>,
        rules: Vec<RuleRef>,
    ) -> Asked<'_> {
        Box::pin(self.ask(ApplyPrice { product_id, at, inputs: *inputs, rules }))
    }
}

/// Runs here are by hand: nobody takes them over.
struct NotRecorded;

impl Record for NotRecorded {
    fn save_in_tx<'a>(&'a self, _: &'a mut PgConnection, _: Option<&'a Value>, _: Tally) -> Recording<'a> {
        Box::pin(std::future::ready(Ok(())))
    }
}

/// A run that never gets to save anything.
struct CutShort;

impl Record for CutShort {
    fn save_in_tx<'a>(&'a self, _: &'a mut PgConnection, _: Option<&'a Value>, _: Tally) -> Recording<'a> {
        Box::pin(std::future::ready(Err(JobError::Stopped)))
    }
}
