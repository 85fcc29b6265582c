//! Turns: a file's pages read, and what they say recorded.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use chrono::TimeDelta;
use events::{
    invoice::{InvoicePage, Reading},
    log::IdempotencyKey,
    values::InvoiceId,
};
use invoicing::reading::{Failure, Progress};
use sha2::{Digest, Sha256};
use tokio::{
    sync::watch,
    task::{JoinHandle, JoinSet},
    time::{Instant, MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;

use super::{
    Invoices, Lane, Told,
    candidates::find_candidates,
    jobs::{self, Job, LEASE, Turn},
    metrics,
    reading::{self, ReadFile},
};
use crate::{
    committer::{Outcome, RequestKey, Submission, SubmitError},
    domain::{
        invoice::{Content, RecordReading},
        refusal::Refusal,
    },
};

/// How often an idle worker looks for files; it is rung for those of its own process.
const POLL: Duration = Duration::from_millis(500);
/// How often progress is written, and the turn renewed.
const PROGRESS_EVERY: Duration = Duration::from_millis(500);
/// How long a file waits after its turn failed, or its invoice was not there yet.
const RETRY_AFTER: TimeDelta = TimeDelta::seconds(5);
/// How long an invoice may be missing before its job is dropped: the command that makes it has long been answered.
const UNBORN_MAX: TimeDelta = TimeDelta::minutes(10);
/// Turns that may end with the death of whoever had them.
const ATTEMPTS_MAX: i32 = 3;
/// Pause before a reading is submitted again when too many commands wait.
const QUEUE_PAUSE: Duration = Duration::from_millis(100);

/// What its sender is told of a file that is not tried again.
const READER_FAILED: &str =
    "Reading the file failed three times: it ended the program that reads it, or took too long.";

const _: () = assert!(LEASE.num_milliseconds() > 10 * 500, "a turn is renewed long before it is over");

/// Why a turn ended without a reading; the file is read later.
#[derive(Debug, thiserror::Error)]
pub enum WorkError {
    /// The process stops.
    #[error("stopped")]
    Stopped,
    /// The turn took too long and is somebody else's by now.
    #[error("the turn was taken over")]
    TurnLost,
    /// The file is not where it was kept.
    #[error("the file is not in the store")]
    FileLost,
    /// Reading failed for a reason that is not the file's.
    #[error(transparent)]
    Reading(#[from] Failure),
    /// The reader died.
    #[error("the reader died")]
    ReaderDied(#[from] tokio::task::JoinError),
    /// The file or a page cannot be read from the store, or kept there.
    #[error("the store of files")]
    Store(#[from] std::io::Error),
    /// Too many pictures wait to be read.
    #[error("too many pictures wait to be read")]
    OcrQueueFull,
    /// The log cannot be written now.
    #[error("the log does not answer")]
    Log(#[source] SubmitError),
    /// The database.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl WorkError {
    /// Whether the file may be to blame, as it may where the whole process died: then the turn counts against it.
    fn is_of_the_file(&self) -> bool {
        // What the committer could not decide, it will not the next time either.
        let of_the_file = |log: &SubmitError| matches!(log, SubmitError::Internal);
        match self {
            Self::ReaderDied(_) | Self::Reading(Failure::TimedOut(_)) => true,
            Self::Log(error) => of_the_file(error),
            _ => false,
        }
    }
}

/// Reads what waits in both lanes and takes in batches, until `shutdown`; what is being read then is given back.
/// Any number of processes may run this at once.
///
/// # Panics
/// When a worker does.
pub async fn run(invoices: Invoices, shutdown: CancellationToken) {
    metrics::describe();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut workers = JoinSet::new();
    for lane in Lane::ALL {
        for _ in 0..lane.width(cores) {
            let (invoices, shutdown) = (invoices.clone(), shutdown.clone());
            workers.spawn(async move { invoices.work_lane(lane, &shutdown).await });
        }
    }
    let (batches, stop) = (invoices.clone(), shutdown.clone());
    workers.spawn(async move { batches.work_batches(&stop).await });
    while let Some(ended) = workers.join_next().await {
        if let Err(died) = ended {
            shutdown.cancel();
            std::panic::resume_unwind(died.into_panic());
        }
    }
}

impl Invoices {
    async fn work_lane(&self, lane: Lane, shutdown: &CancellationToken) {
        while !shutdown.is_cancelled() {
            match self.read_next(lane, shutdown).await {
                Ok(true) => continue,
                Ok(false) | Err(WorkError::Stopped) => {}
                Err(WorkError::Log(SubmitError::Stopping)) => return,
                Err(error) => {
                    tracing::warn!(%lane, error = &error as &dyn std::error::Error, "a file waits for its next turn");
                }
            }
            if let Ok(waiting) = jobs::waiting(&self.pool, lane).await {
                metrics::depth(lane, waiting);
            }
            let rung = tokio::time::timeout(POLL, self.bell.notified());
            shutdown.run_until_cancelled(rung).await;
        }
    }

    /// Takes one file of the lane and reads it; false if none waits.
    ///
    /// # Errors
    /// [`WorkError`]; the file waits for its next turn.
    pub async fn read_next(&self, lane: Lane, stop: &CancellationToken) -> Result<bool, WorkError> {
        let turn = Turn { owner: self.ids.next(), now: self.clock.now() };
        let Some(job) = jobs::take_turn(&self.pool, lane, turn).await? else { return Ok(false) };
        let worked = self.work(&job, turn, stop).await;
        if let Err(error) = &worked
            && !matches!(error, WorkError::TurnLost)
        {
            let stopped = matches!(error, WorkError::Stopped);
            let until = if stopped { turn.now } else { self.clock.now() + RETRY_AFTER };
            let attempts = if error.is_of_the_file() { job.attempts } else { job.attempts - 1 };
            jobs::give_back(&self.pool, job.invoice_id, turn, until, attempts).await?;
        }
        worked.map(|()| true)
    }

    async fn work(&self, job: &Job, turn: Turn, stop: &CancellationToken) -> Result<(), WorkError> {
        let content = if job.attempts > ATTEMPTS_MAX {
            Content::Unreadable { code: "reader_failed".to_owned(), message: READER_FAILED.to_owned() }
        } else {
            self.read(job, turn, stop).await?
        };
        if let Content::Unreadable { code, .. } = &content {
            tracing::info!(invoice_id = %job.invoice_id, code, "a file cannot be read");
        }
        match self.record(job, content).await {
            Ok(outcome) => self.finish(job, turn, &Told::of(&outcome.body).status).await,
            Err(SubmitError::Refused(Refusal::NotFound { .. })) => self.unborn(job, turn).await,
            // A person has entered it meanwhile, or it was read in another way: nothing is read over again.
            Err(SubmitError::Refused(refusal)) => {
                tracing::info!(invoice_id = %job.invoice_id, %refusal, "what was read is not wanted any more");
                self.finish(job, turn, "settled").await
            }
            Err(error) => Err(WorkError::Log(error)),
        }
    }

    async fn finish(&self, job: &Job, turn: Turn, status: &str) -> Result<(), WorkError> {
        metrics::settled(status);
        // Lost to somebody else it is all the same: that one gets the same answer from the log.
        jobs::finish(&self.pool, job.invoice_id, turn, self.clock.now(), status).await?;
        Ok(())
    }

    /// There is no such invoice: not yet, or it never came to be.
    async fn unborn(&self, job: &Job, turn: Turn) -> Result<(), WorkError> {
        let now = self.clock.now();
        if now - job.created_at > UNBORN_MAX {
            tracing::info!(invoice_id = %job.invoice_id, "a job without an invoice is dropped");
            jobs::drop_unborn(&self.pool, job.invoice_id).await?;
        } else {
            jobs::give_back(&self.pool, job.invoice_id, turn, now + RETRY_AFTER, job.attempts - 1).await?;
        }
        Ok(())
    }

    /// What the file says; its pages are kept.
    async fn read(&self, job: &Job, turn: Turn, stop: &CancellationToken) -> Result<Content, WorkError> {
        let bytes = self.blobs.get(&job.sha256).await?.ok_or(WorkError::FileLost)?;
        let began = Instant::now();
        let ReadFile { content, drawn } = self.read_watched(job, turn, bytes, stop).await?;
        metrics::read(job.lane, began.elapsed().as_secs_f64());
        let mut pages = Vec::with_capacity(drawn.len());
        for page in drawn {
            let sha256 = self.blobs.put(Bytes::from(page.png)).await?;
            let (width, height, dpi) = (page.width, page.height, page.dpi);
            pages.push(InvoicePage { number: page.number, sha256, width, height, dpi });
        }
        Ok(match content {
            Content::Read(reading) => Content::Read(Box::new(Reading { pages, ..*reading })),
            other => other,
        })
    }

    /// Reads on a thread of its own, and says meanwhile how far that is.
    async fn read_watched(
        &self,
        job: &Job,
        turn: Turn,
        bytes: Bytes,
        stop: &CancellationToken,
    ) -> Result<ReadFile, WorkError> {
        let (tell, told) = watch::channel(("waiting", 0));
        let stop_reading = stop.child_token();
        // Whoever no longer waits for it also ends it.
        let _guard = stop_reading.clone().drop_guard();
        let programs = self.readers.in_the_background(stop_reading.clone());
        let reading: JoinHandle<Result<ReadFile, Failure>> = tokio::task::spawn_blocking(move || {
            reading::read(&bytes, &programs, &mut |progress| {
                tell.send_replace(shown(progress));
            })
        });
        let read = self.watch(job, turn, reading, told, &stop_reading).await?;
        match read {
            Err(Failure::Cancelled) if stop.is_cancelled() => Err(WorkError::Stopped),
            read => Ok(read?),
        }
    }

    async fn watch<T>(
        &self,
        job: &Job,
        turn: Turn,
        mut reading: JoinHandle<T>,
        told: watch::Receiver<(&'static str, i32)>,
        stop_reading: &CancellationToken,
    ) -> Result<T, WorkError> {
        let mut ticks = interval(PROGRESS_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let renewing = async {
                ticks.tick().await;
                let progress = *told.borrow();
                jobs::renew(&self.pool, job.invoice_id, turn, self.clock.now(), progress).await
            };
            tokio::select! {
                read = &mut reading => return Ok(read?),
                renewed = renewing => if !renewed? {
                    stop_reading.cancel();
                    return Err(WorkError::TurnLost);
                }
            }
        }
    }

    /// The same file always has the same key, so that it is recorded once however often it is read.
    async fn record(&self, job: &Job, content: Content) -> Result<Outcome, SubmitError> {
        let candidates = match &content {
            Content::Read(reading) => find_candidates(&self.pool, job.stated, &reading.document).await,
            _ => Ok(Vec::new()),
        };
        let candidates = candidates.map_err(|error| {
            tracing::warn!(error = &error as &dyn std::error::Error, "orders cannot be looked up");
            SubmitError::Unavailable
        })?;
        let content = Arc::new((content, candidates));
        loop {
            let (content, candidates) = (*content).clone();
            let command = RecordReading { invoice_id: job.invoice_id, content, candidates };
            let submission = Submission {
                command: Box::new(command),
                caller: job.caller(),
                key: Some(reading_key(job.invoice_id)),
                command_id: self.ids.next(),
                metadata: job.metadata.clone(),
            };
            match self.committer.submit(submission).await {
                Err(SubmitError::QueueFull) => tokio::time::sleep(QUEUE_PAUSE).await,
                answered => return answered,
            }
        }
    }
}

/// The hash is of the invoice alone: a second reading that says otherwise is the same reading, and comes too late.
fn reading_key(invoice_id: InvoiceId) -> RequestKey {
    let key = IdempotencyKey { scope: format!("invoice:{invoice_id}"), key: "read".to_owned() };
    RequestKey { key, request_hash: Sha256::digest(invoice_id.0.as_bytes()).into() }
}

fn shown(Progress { stage, done, of }: Progress) -> (&'static str, i32) {
    let percent = if of == 0 { 0 } else { u64::from(done) * 100 / u64::from(of) };
    (stage.name(), i32::try_from(percent.min(100)).unwrap_or(100))
}
