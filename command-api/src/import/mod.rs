//! Product import: a supplier's price list, CSV or XLSX, row by row into the log.
//!
//! The walk of an upload: `http/import_products.rs` (one file, who may) → [`parse`] (pure: bytes to rows;
//! [`file`] → [`archive`], [`workbook`] or [`text`], then [`columns`] and [`row`]) → [`store`] (the job with
//! its rows, one transaction) → [`worker`] → [`command`] (one command per row, through the committer like
//! everyone else's) → [`store`] (what became of each row).
//!
//! Invariants, and what keeps them:
//! - *A row happens once.* Its command carries the key `import:<import id>`, `<row>`: whoever decides it again
//!   after a crash gets the answer that is in the log.
//! - *Nothing is lost or counted twice.* Counters, results and the removal of the chunk commit together, and
//!   only for the worker whose turn it is.
//! - *A bad row harms no other.* Each row is a command of its own; its faults are its result.
//! - *Others are not kept waiting.* A turn is one chunk, the job that waited longest is next, and few rows are
//!   in flight at a time.

mod archive;
mod columns;
mod command;
mod decimal;
mod file;
mod job;
mod parse;
mod preview;
mod row;
mod store;
mod text;
mod upload;
mod workbook;
mod worker;

pub use command::ImportProduct;
pub use file::{CELL_MAX_CHARS, COLUMNS_MAX, Cell, FileFault, ROWS_MAX};
pub use job::{CHUNK_ROWS, DoneRow, ImportResource, ImportStatus, Job, RowResult};
pub use parse::{ParsedRow, parse};
pub(crate) use preview::Preview;
pub use row::{ProductRow, RowFault, Stated};
pub use upload::{Seen, Upload, UploadError};
pub use worker::{WorkError, run};

use std::sync::Arc;

use platform::clock::{Clock, Ids};
use sqlx::PgPool;

use crate::committer::Committer;

/// What imports work with; clones share it.
#[derive(Clone)]
pub struct Imports {
    /// Connections with the rights of `iris_command`.
    pub pool: PgPool,
    /// The way into the log.
    pub committer: Committer,
    /// Time of uploads and turns; rows get theirs from the committer.
    pub clock: Arc<dyn Clock>,
    /// Ids of imports, turns, commands and new products.
    pub ids: Arc<dyn Ids>,
}
