//! Taking in one file, or one document.

use std::io;

use bytes::Bytes;
use events::{
    invoice::{InvoiceFile, Stated},
    values::InvoiceId,
};
use invoicing::Refusal;
use tokio::sync::Semaphore;

use super::{
    Invoices, Lane, Told,
    candidates::find_candidates,
    jobs::{self, Job},
    metrics, refusal,
    sort::{self, Kind, Known, Sorted},
};
use crate::{
    committer::{Outcome, RequestKey, Submission, SubmitError},
    domain::{
        Caller,
        invoice::{Content, ReceiveInvoice},
    },
};

/// Files that are sorted at a time for whoever waits for an answer: it costs a core, for hostile ones for seconds.
static DOOR: Semaphore = Semaphore::const_new(2);
/// The same for files of batches: their own, so that none stands in the way of somebody who waits.
static BACK_DOOR: Semaphore = Semaphore::const_new(1);

/// Pictures that wait at most; at two seconds a page that is about a quarter of an hour for one core.
pub const OCR_QUEUE_MAX: i64 = 500;

/// A file on its way in.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// The file.
    pub bytes: Bytes,
    /// What its sender called it.
    pub name: Option<String>,
    /// What its sender said of it.
    pub stated: Stated,
    /// Who sends it; an account.
    pub caller: Caller,
    /// So that it happens once.
    pub key: Option<RequestKey>,
    /// Canonical JSON of [`events::envelope::Metadata`].
    pub metadata: String,
}

/// Who waits for the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// Somebody does.
    Front,
    /// A batch: pictures wait outside until others are read.
    Back,
}

/// Why a file is not taken in.
#[derive(Debug, thiserror::Error)]
pub enum ArrivalError {
    /// Nothing can be done with the file.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Too many pictures wait to be read.
    #[error("too many pictures wait to be read")]
    OcrQueueFull,
    /// The command was refused, or could not be decided.
    #[error(transparent)]
    NotRecorded(#[from] SubmitError),
    /// The file cannot be kept.
    #[error("the file cannot be kept")]
    Store(#[from] io::Error),
    /// Sorting failed in a way that no file should cause.
    #[error("the sorting of a file failed")]
    Sorter(#[from] tokio::task::JoinError),
    /// The database.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl Invoices {
    /// Takes in a file: keeps it, and records what is known of it. The answer is `ReceiveInvoice`'s.
    ///
    /// # Errors
    /// [`ArrivalError`]; a file that is refused is not kept.
    pub async fn receive(&self, arrival: Arrival, door: Door) -> Result<Outcome, ArrivalError> {
        let sorted = self.sorted(arrival.bytes.clone(), door).await?;
        let sorted = sorted.inspect_err(|refused| metrics::refused(refusal::code(refused)))?;
        self.keep(arrival, sorted).await
    }

    /// Takes in a document that came as JSON; `arrival.bytes` is the JSON as it came.
    ///
    /// # Errors
    /// As [`Self::receive`].
    pub async fn receive_document(
        &self,
        arrival: Arrival,
        document: invoicing::Invoice,
    ) -> Result<Outcome, ArrivalError> {
        self.keep(arrival, sort::stated(document)).await
    }

    async fn sorted(&self, bytes: Bytes, door: Door) -> Result<Result<Sorted, Refusal>, ArrivalError> {
        let door = if door == Door::Front { &DOOR } else { &BACK_DOOR };
        let permit = door.acquire().await.expect("never closed");
        let readers = self.readers.clone();
        let sorting = tokio::task::spawn_blocking(move || {
            // Held until the work is done, even if the sender has gone away.
            let _permit = permit;
            sort::sort(&bytes, &readers)
        });
        Ok(sorting.await?)
    }

    async fn keep(&self, arrival: Arrival, sorted: Sorted) -> Result<Outcome, ArrivalError> {
        let Sorted { kind, known } = sorted;
        if let Known::Pages(lane) = &known
            && *lane == Lane::Ocr
            && jobs::waiting(&self.pool, Lane::Ocr).await? >= OCR_QUEUE_MAX
        {
            return Err(ArrivalError::OcrQueueFull);
        }
        // Durable before anything says so. Should the command be refused, nobody refers to the file; it is not
        // removed, because the same bytes may be somebody else's invoice.
        let sha256 = self.blobs.put(arrival.bytes.clone()).await?;
        let invoice_id = InvoiceId(self.ids.next());
        let file = InvoiceFile {
            sha256,
            bytes: i64::try_from(arrival.bytes.len()).expect("bounded by the route"),
            media_type: kind.media_type().to_owned(),
            name: arrival.name.as_deref().and_then(shown_name),
        };
        metrics::received(kind.name());
        match known {
            Known::Read(reading) => {
                let candidates = find_candidates(&self.pool, arrival.stated, &reading.document).await?;
                let content = Content::Read(reading);
                let outcome = self.submit(arrival, invoice_id, file, content, candidates).await?;
                metrics::settled(&Told::of(&outcome.body).status);
                Ok(outcome)
            }
            Known::Pages(lane) => self.keep_pages(arrival, invoice_id, file, kind, lane).await,
        }
    }

    /// The job first, then the invoice: see the module.
    async fn keep_pages(
        &self,
        arrival: Arrival,
        invoice_id: InvoiceId,
        file: InvoiceFile,
        kind: Kind,
        lane: Lane,
    ) -> Result<Outcome, ArrivalError> {
        let job = Job::new(invoice_id, &file, kind, lane, &arrival, self.clock.now());
        jobs::create(&self.pool, &job).await?;
        let candidates = arrival.stated.order_id.into_iter().collect();
        match self.submit(arrival, invoice_id, file, Content::Pending, candidates).await {
            Ok(outcome) if Told::of(&outcome.body).id == invoice_id => {
                jobs::release(&self.pool, invoice_id, self.clock.now()).await?;
                self.bell.notify_waiters();
                Ok(outcome)
            }
            // It had come before, so this job is nobody's.
            Ok(outcome) => {
                jobs::drop_unborn(&self.pool, invoice_id).await?;
                Ok(outcome)
            }
            // Whether there is an invoice is not known: the worker finds out.
            Err(error @ SubmitError::OutcomeUnknown) => Err(error.into()),
            Err(error) => {
                jobs::drop_unborn(&self.pool, invoice_id).await?;
                Err(error.into())
            }
        }
    }

    async fn submit(
        &self,
        arrival: Arrival,
        invoice_id: InvoiceId,
        file: InvoiceFile,
        content: Content,
        candidates: Vec<events::values::OrderId>,
    ) -> Result<Outcome, SubmitError> {
        let Arrival { stated, caller, key, metadata, .. } = arrival;
        let command = Box::new(ReceiveInvoice { invoice_id, file, stated, content, candidates });
        let command_id = self.ids.next();
        self.committer.submit(Submission { command, caller, key, command_id, metadata }).await
    }
}

/// The name as it is shown: the last part of a path, without what cannot be seen, and not too long. It is never
/// used as a path.
pub fn shown_name(name: &str) -> Option<String> {
    const NAME_MAX_CHARS: usize = 200;
    let last = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let is_shown =
        |c: &char| !c.is_control() && !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let shown: String = last.chars().filter(is_shown).take(NAME_MAX_CHARS).collect();
    let shown = shown.trim();
    (!shown.is_empty()).then(|| shown.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_shown_without_its_path_and_tricks() {
        assert_eq!(shown_name("../../etc/passwd").as_deref(), Some("passwd"));
        assert_eq!(shown_name("C:\\Fakturor\\nr 1.pdf").as_deref(), Some("nr 1.pdf"));
        assert_eq!(shown_name("a\r\nb\u{202e}fdp.exe").as_deref(), Some("abfdp.exe"));
        assert_eq!(shown_name("/"), None);
        assert_eq!(shown_name(&"å".repeat(300)).unwrap().chars().count(), 200);
    }
}
