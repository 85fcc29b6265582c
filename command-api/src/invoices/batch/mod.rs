//! Many files at once: a batch of parts and ZIPs, each file through the same door as one alone.
//!
//! The walk: `http/invoice_batches/create.rs` → [`upload`] (each part is kept; a ZIP is measured by unpacking it to
//! nowhere, [`archive`]) → [`store`] (the batch with a row per file, one transaction) → [`turns`] (a few files at a
//! time through `Invoices::receive`, then a checkpoint).
//!
//! - *A file happens once.* Its command carries the key `invoice-batch:<batch id>`, `<number>`.
//! - *A bad file harms no other.* Its refusal is its result.
//! - *Nothing is lost or counted twice.* Results and the counter commit together, and only for the worker whose turn
//!   it is.
//! - *Others are not kept waiting.* A batch has at most [`turns::IN_READING_MAX`] files among those that wait to be
//!   read, so a file that comes alone waits behind few.

pub mod archive;
mod report;
mod staged;
mod store;
mod turns;
mod upload;

pub use archive::FILES_MAX;
pub use report::{BatchResource, BatchStatus, FileResult, FileStatus};
pub use upload::{Asking, Seen, UploadError, Uploading};
