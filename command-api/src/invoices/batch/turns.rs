//! Turns: a few files of a batch through the door, then a checkpoint.

use std::time::Duration;

use bytes::Bytes;
use chrono::TimeDelta;
use events::log::IdempotencyKey;
use invoicing::Refusal as FileRefusal;
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

use super::{
    super::{
        Arrival, ArrivalError, Invoices, Told, WorkError, XML_MAX_BYTES, arrival::Door, code, jobs::Turn,
        sentence,
    },
    archive,
    report::FileStatus,
    staged,
    store::{self, Batch, LEASE, WaitingFile},
};
use crate::{
    committer::{Outcome, RequestKey, SubmitError},
    http::refused::refused,
};

/// Files of one batch that wait to be read, or are being read, at most.
pub const IN_READING_MAX: i64 = 16;
/// How often batches are looked for; the upload of one rings.
const POLL: Duration = Duration::from_millis(500);
/// Pause before a file is submitted again when too many commands wait.
const QUEUE_PAUSE: Duration = Duration::from_millis(100);
/// How long a batch waits whose files are being read.
const READING_PAUSE: TimeDelta = TimeDelta::seconds(1);
/// How long a batch waits after its turn failed, or while too many pictures wait.
const RETRY_AFTER: TimeDelta = TimeDelta::seconds(5);

impl Invoices {
    pub(in crate::invoices) async fn work_batches(&self, shutdown: &CancellationToken) {
        while !shutdown.is_cancelled() {
            match self.take_in_next(shutdown).await {
                Ok(true) => continue,
                Ok(false) | Err(WorkError::Stopped) => {}
                Err(WorkError::Log(SubmitError::Stopping)) => return,
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "a batch waits for its next turn"
                    );
                }
            }
            let rung = tokio::time::timeout(POLL, self.bell.notified());
            shutdown.run_until_cancelled(rung).await;
        }
    }

    /// Takes in a few files of the batch that has waited longest; false if none waits.
    ///
    /// # Errors
    /// [`WorkError`]; what was taken in is recorded, the rest waits.
    pub async fn take_in_next(&self, stop: &CancellationToken) -> Result<bool, WorkError> {
        let turn = Turn { owner: self.ids.next(), now: self.clock.now() };
        let Some(batch) = store::take_turn(&self.pool, turn).await? else { return Ok(false) };
        let room = IN_READING_MAX - store::in_reading(&self.pool, batch.batch_id).await?;
        if room <= 0 {
            store::hold(&self.pool, batch.batch_id, turn, turn.now + READING_PAUSE).await?;
            return Ok(true);
        }
        let files = store::next_files(&self.pool, batch.batch_id, room).await?;
        let mut done = Vec::with_capacity(files.len());
        let mut position = 0;
        let worked = self.take_in(&batch, turn, &files, stop, (&mut done, &mut position)).await;
        if matches!(worked, Err(WorkError::TurnLost)) {
            return Err(WorkError::TurnLost);
        }
        self.checkpoint(&batch, turn, &done, position, worked.is_err()).await?;
        worked.map(|()| true)
    }

    /// Records what was done also where the rest failed; then the batch waits for a moment.
    async fn checkpoint(
        &self,
        batch: &Batch,
        turn: Turn,
        done: &[(i32, FileStatus)],
        position: i64,
        is_to_wait: bool,
    ) -> Result<(), WorkError> {
        let now = self.clock.now();
        let next = if is_to_wait { now + RETRY_AFTER } else { now };
        if done.is_empty() {
            store::hold(&self.pool, batch.batch_id, turn, next).await?;
            return Ok(());
        }
        let finished = store::finish(&self.pool, batch.batch_id, turn, done, (next, position)).await?;
        match finished {
            None => Err(WorkError::TurnLost),
            Some(false) => Ok(()),
            Some(true) => {
                tracing::info!(batch_id = %batch.batch_id, "a batch is taken in");
                self.forget_parts(batch).await
            }
        }
    }

    /// Every file that became an invoice is kept as one; the parts are nobody's any more.
    async fn forget_parts(&self, batch: &Batch) -> Result<(), WorkError> {
        for source in store::sources(&self.pool, batch.batch_id).await? {
            self.blobs.remove(&source).await?;
        }
        Ok(())
    }

    async fn take_in(
        &self,
        batch: &Batch,
        turn: Turn,
        files: &[WaitingFile],
        stop: &CancellationToken,
        (done, position): (&mut Vec<(i32, FileStatus)>, &mut i64),
    ) -> Result<(), WorkError> {
        let mut part: Option<(&str, Bytes)> = None;
        for WaitingFile { number, file } in files {
            if stop.is_cancelled() {
                return Err(WorkError::Stopped);
            }
            let until = self.clock.now() + LEASE;
            if !store::hold(&self.pool, batch.batch_id, turn, until).await? {
                return Err(WorkError::TurnLost);
            }
            let bytes = match &part {
                Some((source, bytes)) if *source == file.source => bytes.clone(),
                _ => staged::get(&self.blobs, &file.source).await?,
            };
            part = Some((&file.source, bytes.clone()));
            let status = match unpacked(bytes, file.entry).await? {
                Ok(bytes) => self.take_in_one(batch, *number, &file.name, bytes, position).await?,
                Err(refused) => refused,
            };
            done.push((*number, status));
        }
        Ok(())
    }

    async fn take_in_one(
        &self,
        batch: &Batch,
        number: i32,
        name: &str,
        bytes: Bytes,
        position: &mut i64,
    ) -> Result<FileStatus, WorkError> {
        let scope = format!("invoice-batch:{}", batch.batch_id);
        let arrival = Arrival {
            stated: batch.stated,
            caller: batch.caller(),
            // The same file always has the same key, so that it happens once however often it is taken in.
            key: Some(RequestKey {
                key: IdempotencyKey { scope, key: number.to_string() },
                request_hash: Sha256::digest(&bytes).into(),
            }),
            metadata: batch.metadata.clone(),
            name: Some(name.to_owned()),
            bytes,
        };
        loop {
            match self.receive(arrival.clone(), Door::Back).await {
                Ok(outcome) => {
                    *position = outcome.position.max(*position);
                    return Ok(taken(&outcome));
                }
                Err(ArrivalError::NotRecorded(SubmitError::QueueFull)) => {
                    tokio::time::sleep(QUEUE_PAUSE).await;
                }
                Err(error) => return not_taken(error),
            }
        }
    }
}

fn taken(outcome: &Outcome) -> FileStatus {
    let Told { id, status, notices } = Told::of(&outcome.body);
    let notice = notices.into_iter().next().map(|notice| (notice.code, notice.message));
    FileStatus::Taken { invoice_id: id, status, notice }
}

/// The file's own fault is its result; everything else lets the batch wait.
fn not_taken(error: ArrivalError) -> Result<FileStatus, WorkError> {
    Ok(match error {
        ArrivalError::Refused(refusal) => refused_file(code(&refusal), sentence(&refusal)),
        ArrivalError::NotRecorded(
            error @ (SubmitError::Refused(_) | SubmitError::Internal | SubmitError::KeyReused),
        ) => {
            let error = refused(error);
            refused_file(error.code(), error.message().to_owned())
        }
        ArrivalError::NotRecorded(error) => return Err(WorkError::Log(error)),
        ArrivalError::OcrQueueFull => return Err(WorkError::OcrQueueFull),
        ArrivalError::Store(error) => return Err(error.into()),
        // A file that its reader died of harms no other.
        ArrivalError::Sorter(error) if error.is_panic() => {
            refused_file("reader_failed", "The file could not be read.".to_owned())
        }
        ArrivalError::Sorter(error) => return Err(error.into()),
        ArrivalError::Database(error) => return Err(error.into()),
    })
}

fn refused_file(code: &str, message: String) -> FileStatus {
    FileStatus::Refused { code: code.to_owned(), message }
}

/// The file itself, or why it cannot be had out of its ZIP.
async fn unpacked(part: Bytes, entry: Option<i32>) -> Result<Result<Bytes, FileStatus>, WorkError> {
    let Some(entry) = entry else { return Ok(Ok(part)) };
    let index = usize::try_from(entry).unwrap_or(usize::MAX);
    // On a thread of its own: inflating 25 MB must not hold up others.
    let unpacked = tokio::task::spawn_blocking(move || archive::unpack(&part, index)).await?;
    Ok(match unpacked {
        // A ZIP in a ZIP in a ZIP has no end.
        Ok(Some(file)) if archive::is_zip(&file) => {
            Err(refused_file("nested_archive", "A ZIP in a ZIP is not opened.".to_owned()))
        }
        Ok(Some(file)) => Ok(file.into()),
        Ok(None) => {
            let refusal = FileRefusal::TooLarge { bytes: XML_MAX_BYTES + 1, limit: XML_MAX_BYTES };
            Err(refused_file(code(&refusal), format!("The file has more than {XML_MAX_BYTES} bytes.")))
        }
        Err(fault) => Err(refused_file(fault.code(), format!("{fault}."))),
    })
}
