//! An import: what is asked for, how far it is, and what became of each row.

use chrono::{DateTime, Utc};
use events::{
    Actor,
    values::{AccountId, ProductId, Role, SupplierId},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::row::RowFault;
use crate::domain::Caller;

/// Rows that are decided between two checkpoints.
pub const CHUNK_ROWS: usize = 200;

/// An import as it stands.
#[derive(Clone, Debug)]
pub struct Job {
    /// Which.
    pub import_id: Uuid,
    /// Whose products.
    pub supplier_id: SupplierId,
    /// Who uploaded the file.
    pub account_id: AccountId,
    /// In which role.
    pub role: Role,
    /// Canonical JSON of [`events::envelope::Metadata`], of the upload.
    pub metadata: String,
    /// Only what would happen is asked for.
    pub dry_run: bool,
    /// SHA-256 of what was uploaded, and for what.
    pub request_hash: Vec<u8>,
    /// Rows of the file.
    pub rows_total: i32,
    /// Rows decided so far.
    pub counts: Counts,
    /// The log's position as the last decided row left it.
    pub position: i64,
    /// When it was uploaded.
    pub created_at: DateTime<Utc>,
    /// When its last row was decided.
    pub finished_at: Option<DateTime<Utc>>,
}

impl Job {
    /// The uploader: whether it still may is decided anew with every row.
    pub fn caller(&self) -> Caller {
        Caller { actor: Actor::Account { id: self.account_id, role: self.role }, if_match: None }
    }
}

/// How many rows came to what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub created: i32,
    pub revised: i32,
    pub unchanged: i32,
    pub failed: i32,
}

impl Counts {
    /// Counts rows.
    pub fn of(rows: &[DoneRow]) -> Self {
        let mut counts = Self::default();
        for row in rows {
            match row.result {
                RowResult::Created => counts.created += 1,
                RowResult::Revised => counts.revised += 1,
                RowResult::Unchanged => counts.unchanged += 1,
                RowResult::Failed => counts.failed += 1,
            }
        }
        counts
    }

    /// All of them.
    pub fn done(self) -> i32 {
        self.created + self.revised + self.unchanged + self.failed
    }
}

/// What a row comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RowResult {
    /// A new product.
    Created,
    /// A product is otherwise than before.
    Revised,
    /// A product is as the row says already.
    Unchanged,
    /// Nothing; see its faults.
    Failed,
}

impl RowResult {
    /// Its name in the database and the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Revised => "revised",
            Self::Unchanged => "unchanged",
            Self::Failed => "failed",
        }
    }

    /// The result of that name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Created, Self::Revised, Self::Unchanged, Self::Failed].into_iter().find(|it| it.name() == name)
    }
}

/// A row that is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct DoneRow {
    /// Where it stands: its number in a sheet, the line that it begins at in a text file; the header is 1.
    #[schema(example = 2)]
    pub row: i32,
    /// Its SKU, if that could be read.
    #[schema(example = "TOM-1")]
    pub sku: Option<String>,
    /// What it came to.
    pub result: RowResult,
    /// The product; absent for a failed row, and for one that a dry run would create.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_id: Option<ProductId>,
    /// Why it failed, all of it; absent otherwise.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<RowFault>,
}

impl DoneRow {
    /// A row that changes nothing.
    pub fn failed(row: i32, sku: Option<String>, faults: Vec<RowFault>) -> Self {
        Self { row, sku, result: RowResult::Failed, product_id: None, faults }
    }
}

/// Whether an import goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImportStatus {
    /// Some rows wait to be decided.
    Running,
    /// All rows are decided.
    Finished,
}

/// An import as clients see it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ImportResource {
    /// The import.
    pub import_id: Uuid,
    /// Whose products.
    pub supplier_id: SupplierId,
    /// Whether it goes on.
    pub status: ImportStatus,
    /// Nothing changes: results say what would happen.
    pub dry_run: bool,
    /// Rows of the file, the header apart.
    pub rows_total: i32,
    /// Rows decided so far: the sum of the four below.
    pub rows_done: i32,
    /// New products.
    pub created: i32,
    /// Products that are otherwise than before.
    pub revised: i32,
    /// Products that were so already.
    pub unchanged: i32,
    /// Rows that changed nothing because of their faults.
    pub failed: i32,
    /// When it was uploaded.
    pub created_at: DateTime<Utc>,
    /// When its last row was decided.
    pub finished_at: Option<DateTime<Utc>>,
    /// Rows that are done, in the order of the file, as many as were asked for.
    pub rows: Vec<DoneRow>,
    /// `rows_from` of what follows; null if nothing more is done.
    pub next_rows_from: Option<i32>,
}

impl ImportResource {
    /// The import with these of its rows.
    pub fn of(job: &Job, rows: Vec<DoneRow>, next_rows_from: Option<i32>) -> Self {
        let Counts { created, revised, unchanged, failed } = job.counts;
        let is_finished = job.finished_at.is_some();
        Self {
            import_id: job.import_id,
            supplier_id: job.supplier_id,
            status: if is_finished { ImportStatus::Finished } else { ImportStatus::Running },
            dry_run: job.dry_run,
            rows_total: job.rows_total,
            rows_done: job.counts.done(),
            created,
            revised,
            unchanged,
            failed,
            created_at: job.created_at,
            finished_at: job.finished_at,
            rows,
            next_rows_from,
        }
    }
}
