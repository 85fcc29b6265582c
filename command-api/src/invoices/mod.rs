//! Invoices on their way in: from a stranger's bytes to commands.
//!
//! The walk of an upload: `http/invoices/receive.rs` (one file, or JSON) → [`sort`] (what is it, by its bytes
//! alone; what is structured is read at once) → the blob store → `ReceiveInvoice`. Pages go on in the background:
//! [`jobs`] (a row) → [`worker`] (turns, two lanes) → [`reading`] (poppler and tesseract, in a sandbox) →
//! `RecordReading`, in the name of whoever sent the file. Several files at once: [`batch`].
//!
//! Invariants, and what keeps them:
//! - *What is refused leaves nothing.* A file is sorted before it is kept.
//! - *What was answered is there.* The file is on the disk before the command is submitted.
//! - *No invoice waits for ever.* The row of its job is written before its command is submitted. The other way
//!   round, a process that dies in between would leave an invoice that nobody reads. This way it leaves a job
//!   whose invoice never came to be; the worker drops it after a while.
//! - *A file is read once.* Its reading carries the key `invoice:<id>`, `read`: whoever reads it again after a
//!   crash gets the answer that is in the log.
//! - *A hostile file costs little.* Few are sorted at a time; a file that ended its reader three times is refused.
//! - *Others are not kept waiting.* OCR has a lane of its own, and runs when the processor has nothing better to
//!   do; a batch has few files in flight.

mod arrival;
pub mod batch;
mod candidates;
mod jobs;
mod lane;
mod metrics;
mod programs;
mod reading;
mod refusal;
mod sort;
mod told;
mod worker;

pub use arrival::{Arrival, ArrivalError, Door};
pub use lane::Lane;
pub use programs::Readers;
pub use refusal::{code, sentence};
pub use worker::{WorkError, run};

pub(crate) use told::Told;

use std::sync::Arc;

use platform::{
    blobs::BlobStore,
    clock::{Clock, Ids},
};
use sqlx::PgPool;
use tokio::sync::Notify;

use crate::committer::Committer;

/// The version of the engine that reads, recorded with every reading: raised whenever it could read a file
/// otherwise than before.
pub const EXTRACTOR_VERSION: u32 = 1;

/// The most bytes of a PDF, a picture or JSON: a page scanned in colour has two or three million, and fifty text
/// pages fewer.
pub const FILE_MAX_BYTES: usize = 10 * 1024 * 1024;
/// The most bytes of XML, which carries its attachments inside.
pub const XML_MAX_BYTES: usize = invoicing::sniff::BYTES_MAX;

/// What invoices on their way in are worked with; clones share it.
#[derive(Clone)]
pub struct Invoices {
    /// Connections with the rights of `iris_command`.
    pub pool: PgPool,
    /// The way into the log.
    pub committer: Committer,
    /// Where files and pages are kept.
    pub blobs: BlobStore,
    /// Time of uploads and turns; events get theirs from the committer.
    pub clock: Arc<dyn Clock>,
    /// Ids of invoices, batches, turns and commands.
    pub ids: Arc<dyn Ids>,
    /// The programs that read pages.
    pub readers: Readers,
    /// Rung when there is something to read: the workers of this process need not wait for their next look.
    pub bell: Arc<Notify>,
}
