//! Turns: a chunk of a job's rows through the committer, then a checkpoint.

use std::time::Duration;

use chrono::TimeDelta;
use events::{canonical::canonical_json, log::IdempotencyKey, values::ProductId};
use futures::{StreamExt, stream};
use platform::{body::Invalid, error::ApiError};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

use super::{
    Imports,
    command::ImportProduct,
    job::{DoneRow, Job, RowResult},
    parse::ParsedRow,
    preview::Preview,
    row::{ProductRow, RowFault},
    store::{self, Turn},
};
use crate::{
    committer::{Outcome, RequestKey, Submission, SubmitError},
    domain::{Answer, Command, Stop, Unit, refusal::Refusal},
    http::refused::refused,
};

/// Rows of a job that wait for the committer at a time: a part of one batch, so that others' commands are
/// decided in the same batch and never queue behind a whole file.
const IN_FLIGHT_MAX: usize = 64;
/// Pause before a row is submitted again when too many commands wait.
const QUEUE_PAUSE: Duration = Duration::from_millis(50);
/// How often an idle worker looks for jobs.
const POLL: Duration = Duration::from_millis(500);
/// How long a job waits after its turn failed.
const RETRY_AFTER: TimeDelta = TimeDelta::seconds(2);

/// Why a turn ended without a checkpoint; the job goes on later, where it was.
#[derive(Debug, thiserror::Error)]
pub enum WorkError {
    /// The turn took too long and is somebody else's by now.
    #[error("the turn was taken over")]
    TurnLost,
    /// The log cannot be written now.
    #[error("the log does not answer")]
    Log(#[source] SubmitError),
    /// The database.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Decides the rows of all imports that wait, a turn at a time, until `shutdown`; the turn under way is
/// finished first. Any number of processes may run this at once.
pub async fn run(imports: Imports, shutdown: CancellationToken) {
    while !shutdown.is_cancelled() {
        match imports.work_next().await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(WorkError::Log(SubmitError::Stopping)) => return,
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "an import waits for its next turn");
            }
        }
        let pause = tokio::time::sleep(POLL);
        shutdown.run_until_cancelled(pause).await;
    }
}

impl Imports {
    /// Takes and works one turn; false if no job waits.
    pub async fn work_next(&self) -> Result<bool, WorkError> {
        let turn = self.turn();
        let taken = store::take_turn(&mut *self.pool.acquire().await?, turn).await?;
        let Some(job) = taken else { return Ok(false) };
        self.work(&job, turn).await.map(|_| true)
    }

    /// Works the turn; the job as it leaves it.
    pub(super) async fn work(&self, job: &Job, turn: Turn) -> Result<Job, WorkError> {
        let worked = self.work_chunk(job, turn).await;
        if worked.is_err() {
            let until = self.clock.now() + RETRY_AFTER;
            let mut connection = self.pool.acquire().await?;
            store::give_back(&mut connection, job.import_id, turn, until).await?;
        }
        worked
    }

    async fn work_chunk(&self, job: &Job, turn: Turn) -> Result<Job, WorkError> {
        let chunk = store::next_chunk(&mut *self.pool.acquire().await?, job.import_id).await?;
        let chunk = chunk.ok_or(WorkError::TurnLost)?;
        let (done, position) = if job.dry_run {
            (self.preview_rows(job, &chunk.rows).await?, 0)
        } else {
            self.submit_rows(job, &chunk.rows).await?
        };
        let now = self.clock.now();
        let mut transaction = platform::db::begin(&self.pool).await?;
        let job =
            store::finish_chunk_in_tx(&mut transaction, job.import_id, turn, &chunk, &done, now, position)
                .await?;
        let job = job.ok_or(WorkError::TurnLost)?;
        transaction.commit().await?;
        if job.finished_at.is_some() {
            tracing::info!(import_id = %job.import_id, rows = job.rows_total, failed = job.counts.failed, "imported");
        }
        Ok(job)
    }

    async fn submit_rows(&self, job: &Job, rows: &[ParsedRow]) -> Result<(Vec<DoneRow>, i64), WorkError> {
        let submissions: Vec<_> = rows.iter().map(|row| self.submit_row(job, row)).collect();
        let results: Vec<_> = stream::iter(submissions).buffered(IN_FLIGHT_MAX).collect().await;
        let mut done = Vec::with_capacity(rows.len());
        let mut position = 0;
        for result in results {
            let (row, row_position) = result.map_err(WorkError::Log)?;
            position = position.max(row_position);
            done.push(row);
        }
        Ok((done, position))
    }

    async fn submit_row(&self, job: &Job, parsed: &ParsedRow) -> Result<(DoneRow, i64), SubmitError> {
        let (row, sku) = (store::number(parsed.row), parsed.sku.clone());
        let product = match &parsed.product {
            Ok(product) => product,
            Err(faults) => return Ok((DoneRow::failed(row, sku, faults.clone()), 0)),
        };
        loop {
            match self.committer.submit(self.submission(job, parsed.row, product)).await {
                Ok(Outcome { body, position, .. }) => return Ok((decided(row, sku, &body), position)),
                Err(SubmitError::QueueFull) => tokio::time::sleep(QUEUE_PAUSE).await,
                Err(SubmitError::Refused(refusal)) => {
                    return Ok((DoneRow::failed(row, sku, faults(refusal)), 0));
                }
                // Logged by the committer; trying again would end the same way, and hold up the other rows.
                Err(SubmitError::Internal | SubmitError::KeyReused) => {
                    return Ok((DoneRow::failed(row, sku, vec![internal()]), 0));
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// The same row always has the same key, so that it happens once however often it is submitted.
    fn submission(&self, job: &Job, row: u32, product: &ProductRow) -> Submission {
        let key = IdempotencyKey { scope: format!("import:{}", job.import_id), key: row.to_string() };
        let request_hash = Sha256::digest(canonical_json(product)).into();
        Submission {
            command: Box::new(self.command(job, product)),
            caller: job.caller(),
            key: Some(RequestKey { key, request_hash }),
            command_id: self.ids.next(),
            metadata: job.metadata.clone(),
        }
    }

    fn command(&self, job: &Job, product: &ProductRow) -> ImportProduct {
        ImportProduct {
            fresh_product_id: ProductId(self.ids.next()),
            supplier_id: job.supplier_id,
            row: product.clone(),
        }
    }

    /// What the rows would come to. They have different SKUs, so none depends on another.
    async fn preview_rows(&self, job: &Job, rows: &[ParsedRow]) -> Result<Vec<DoneRow>, WorkError> {
        let sound = rows.iter().filter_map(|row| row.product.as_ref().ok());
        let questions: Vec<_> = sound
            .map(|product| {
                let command = self.command(job, product);
                move |unit: &mut Unit<'_>| command.decide(unit)
            })
            .collect();
        let mut connection = self.pool.acquire().await?;
        let now = self.clock.now();
        let answers = Preview::default().ask(&mut connection, &job.caller(), now, &questions).await?;
        let mut answers = answers.into_iter();
        let done = rows.iter().map(|parsed| {
            let (row, sku) = (store::number(parsed.row), parsed.sku.clone());
            match &parsed.product {
                Ok(_) => previewed(row, sku, answers.next().expect("one answer per sound row")),
                Err(faults) => DoneRow::failed(row, sku, faults.clone()),
            }
        });
        Ok(done.collect())
    }
}

/// The answer of [`crate::domain::product::RowOutcome`], read back.
#[derive(Deserialize)]
struct Decided {
    product_id: ProductId,
    result: RowResult,
}

fn decided(row: i32, sku: Option<String>, body: &str) -> DoneRow {
    let Decided { product_id, result } = serde_json::from_str(body).expect("the command's own answer");
    DoneRow { row, sku, result, product_id: Some(product_id), faults: Vec::new() }
}

fn previewed(row: i32, sku: Option<String>, answer: Result<Answer, Stop>) -> DoneRow {
    match answer {
        Ok(answer) => {
            let done = decided(row, sku, &answer.body);
            // The id of a product that is not there means nothing.
            let product_id = done.product_id.filter(|_| done.result != RowResult::Created);
            DoneRow { product_id, ..done }
        }
        Err(Stop::Refused(refusal)) => DoneRow::failed(row, sku, faults(*refusal)),
        Err(Stop::Missing | Stop::Unreadable(_) | Stop::Outdated) => {
            DoneRow::failed(row, sku, vec![internal()])
        }
    }
}

/// The refusal as the same command alone would be answered.
fn faults(refusal: Refusal) -> Vec<RowFault> {
    let error: ApiError = refused(SubmitError::Refused(refusal));
    if error.details().is_empty() {
        let (code, message) = (error.code().to_owned(), error.message().to_owned());
        return vec![RowFault { field: String::new(), code, message }];
    }
    let fault = |fault: &platform::error::Fault| RowFault {
        field: fault.field.clone(),
        code: fault.code.clone().into_owned(),
        message: fault.message.clone(),
    };
    error.details().iter().map(fault).collect()
}

fn internal() -> RowFault {
    RowFault::new("", Invalid::new("internal", "Something went wrong on our side; nothing changed."))
}
