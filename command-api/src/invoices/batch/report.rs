//! A batch as clients see it.

use chrono::{DateTime, Utc};
use events::values::InvoiceId;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;
use uuid::Uuid;

/// Whether a batch goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BatchStatus {
    /// Some files wait to be taken in, or to be read.
    Running,
    /// What could be done without a person is done.
    Finished,
}

/// A batch as it stands.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BatchResource {
    /// The batch.
    pub id: Uuid,
    /// Whether it goes on.
    pub status: BatchStatus,
    /// Files of it, those in ZIPs counted one by one.
    pub files_total: i64,
    /// Files that were read or refused.
    pub files_done: i64,
    /// The same, in per cent.
    pub percent: i64,
    /// How many came to what: the statuses of invoices, and `refused`, `waiting`, `reading`. Those that are zero are
    /// left out.
    pub outcomes: BTreeMap<String, i64>,
    /// When it was sent.
    pub created_at: DateTime<Utc>,
}

impl BatchResource {
    /// Of the counts.
    pub fn of(id: Uuid, created_at: DateTime<Utc>, outcomes: BTreeMap<String, i64>) -> Self {
        let files_total: i64 = outcomes.values().sum();
        let of = |name: &str| outcomes.get(name).copied().unwrap_or(0);
        let files_done = files_total - of(FileResult::WAITING) - of(FileResult::READING);
        let status = if files_done < files_total { BatchStatus::Running } else { BatchStatus::Finished };
        let percent = if files_total == 0 { 100 } else { files_done * 100 / files_total };
        Self { id, status, files_total, files_done, percent, outcomes, created_at }
    }
}

/// What became of one file of a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FileResult {
    /// Its place in the batch, from 1.
    pub number: i32,
    /// What it was called.
    pub name: String,
    /// `waiting`, `reading`, `refused`, or where its invoice stood when it was read.
    pub result: String,
    /// Its invoice; that of the earlier one where it had come before.
    pub invoice_id: Option<InvoiceId>,
    /// Why it was refused, for programs; beside an invoice what is to be known: `duplicate_file`.
    pub code: Option<String>,
    /// The same, for people.
    pub message: Option<String>,
}

impl FileResult {
    /// Not taken in yet.
    pub const WAITING: &'static str = "waiting";
    /// Its pages wait to be read, or are being read.
    pub const READING: &'static str = "reading";
    /// It is no invoice.
    pub const REFUSED: &'static str = "refused";
}

/// What is known of a file; settled by its command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileStatus {
    /// It is an invoice, new or known.
    Taken {
        /// Which.
        invoice_id: InvoiceId,
        /// Where it stood.
        status: String,
        /// What is to be known: code and sentence.
        notice: Option<(String, String)>,
    },
    /// It is none.
    Refused {
        /// For programs.
        code: String,
        /// For people.
        message: String,
    },
}
