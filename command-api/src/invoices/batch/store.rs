//! The tables of batches.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use events::{
    Actor,
    invoice::Stated,
    values::{AccountId, InvoiceId, Role},
};
use sqlx::{PgPool, Row, postgres::PgRow};
use uuid::Uuid;

use super::{
    super::jobs::Turn,
    report::{FileResult, FileStatus},
};
use crate::domain::Caller;

/// How long a file of a turn may take before somebody else may take the turn: longer than a program that reads it
/// is let run.
pub const LEASE: TimeDelta = TimeDelta::minutes(3);

macro_rules! columns {
    () => {
        "batch_id, account_id, role, metadata, stated::text AS stated, request_hash, position, created_at"
    };
}

/// A batch as it stands.
#[derive(Clone, Debug)]
#[expect(clippy::struct_field_names, reason = "ids say whose they are")]
pub struct Batch {
    /// Which.
    pub batch_id: Uuid,
    /// Who sent it.
    pub account_id: AccountId,
    /// In which role.
    pub role: Role,
    /// Canonical JSON of [`events::envelope::Metadata`], of the upload.
    pub metadata: String,
    /// What was said of all files.
    pub stated: Stated,
    /// SHA-256 of what was uploaded.
    pub request_hash: Vec<u8>,
    /// The log's position as the last file left it.
    pub position: i64,
    /// When it was sent.
    pub created_at: DateTime<Utc>,
}

/// A file of a new batch.
#[derive(Clone, Debug)]
pub struct NewFile {
    /// What it was called.
    pub name: String,
    /// The part that it is, or is in.
    pub source: String,
    /// Which entry of a ZIP.
    pub entry: Option<i32>,
}

/// A file that waits to be taken in.
#[derive(Clone, Debug)]
pub struct WaitingFile {
    /// Its place in the batch.
    pub number: i32,
    /// The file.
    pub file: NewFile,
}

impl Batch {
    /// Its sender.
    pub fn caller(&self) -> Caller {
        Caller { actor: Actor::Account { id: self.account_id, role: self.role }, if_match: None }
    }
}

/// Stores a batch; all of it or nothing.
///
/// # Errors
/// Unique violation if the account used the key before.
pub async fn create(
    pool: &PgPool,
    batch: &Batch,
    key: Option<&str>,
    files: &[NewFile],
) -> Result<(), sqlx::Error> {
    let mut transaction = platform::db::begin(pool).await?;
    sqlx::query(
        "INSERT INTO invoicing.batches (batch_id, account_id, role, metadata, stated, idempotency_key, request_hash, \
           files_total, created_at, lease_until) \
         VALUES ($1, $2, $3, $4, $5::json, $6, $7, $8, $9, $9)",
    )
    .bind(batch.batch_id)
    .bind(batch.account_id.0)
    .bind(batch.role.to_string())
    .bind(&batch.metadata)
    .bind(serde_json::to_string(&batch.stated).expect("ids are JSON"))
    .bind(key)
    .bind(&batch.request_hash)
    .bind(i32::try_from(files.len()).expect("bounded by the upload"))
    .bind(batch.created_at)
    .execute(&mut *transaction)
    .await?;
    sqlx::query(
        "INSERT INTO invoicing.batch_files (batch_id, number, name, source, entry) \
         SELECT $1, f.number, f.name, f.source, f.entry \
         FROM unnest($2::text[], $3::text[], $4::int[]) WITH ORDINALITY AS f(name, source, entry, number)",
    )
    .bind(batch.batch_id)
    .bind(files.iter().map(|file| file.name.as_str()).collect::<Vec<_>>())
    .bind(files.iter().map(|file| file.source.as_str()).collect::<Vec<_>>())
    .bind(files.iter().map(|file| file.entry).collect::<Vec<_>>())
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await
}

/// The batch of that id.
pub async fn find(pool: &PgPool, batch_id: Uuid) -> Result<Option<Batch>, sqlx::Error> {
    let found = sqlx::query(concat!("SELECT ", columns!(), " FROM invoicing.batches WHERE batch_id = $1"))
        .bind(batch_id)
        .fetch_optional(pool)
        .await?;
    found.as_ref().map(read_batch).transpose()
}

/// The batch that the account used that key for.
pub async fn find_by_key(
    pool: &PgPool,
    account_id: AccountId,
    key: &str,
) -> Result<Option<Batch>, sqlx::Error> {
    let found = sqlx::query(concat!(
        "SELECT ",
        columns!(),
        " FROM invoicing.batches WHERE account_id = $1 AND idempotency_key = $2"
    ))
    .bind(account_id.0)
    .bind(key)
    .fetch_optional(pool)
    .await?;
    found.as_ref().map(read_batch).transpose()
}

/// Takes the next turn on the batch that has waited longest. Other workers take other batches.
pub async fn take_turn(pool: &PgPool, turn: Turn) -> Result<Option<Batch>, sqlx::Error> {
    let taken = sqlx::query(concat!(
        "UPDATE invoicing.batches SET lease_owner = $1, lease_until = $2 WHERE batch_id = ( \
           SELECT batch_id FROM invoicing.batches WHERE taken_in_at IS NULL AND lease_until <= $3 \
           ORDER BY lease_until, batch_id LIMIT 1 FOR UPDATE SKIP LOCKED \
         ) RETURNING ",
        columns!()
    ))
    .bind(turn.owner)
    .bind(turn.now + LEASE)
    .bind(turn.now)
    .fetch_optional(pool)
    .await?;
    taken.as_ref().map(read_batch).transpose()
}

/// The turn goes on until then, or waits until then; false if it is somebody else's by now.
pub async fn hold(
    pool: &PgPool,
    batch_id: Uuid,
    turn: Turn,
    until: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let held =
        sqlx::query("UPDATE invoicing.batches SET lease_until = $3 WHERE batch_id = $1 AND lease_owner = $2")
            .bind(batch_id)
            .bind(turn.owner)
            .bind(until)
            .execute(pool)
            .await?;
    Ok(held.rows_affected() == 1)
}

/// How many of its files wait to be read, or are being read.
pub async fn in_reading(pool: &PgPool, batch_id: Uuid) -> Result<i64, sqlx::Error> {
    sqlx::query(
        "SELECT count(*) AS found FROM invoicing.batch_files f JOIN invoicing.jobs j ON j.invoice_id = f.invoice_id \
         WHERE f.batch_id = $1 AND j.finished_at IS NULL",
    )
    .bind(batch_id)
    .fetch_one(pool)
    .await?
    .try_get("found")
}

/// Its files that are next, in order.
pub async fn next_files(pool: &PgPool, batch_id: Uuid, limit: i64) -> Result<Vec<WaitingFile>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT number, name, source, entry FROM invoicing.batch_files \
         WHERE batch_id = $1 AND NOT is_done ORDER BY number LIMIT $2",
    )
    .bind(batch_id)
    .bind(limit)
    .fetch_all(pool)
    .await?;
    rows.iter()
        .map(|row| {
            let file = NewFile {
                name: row.try_get("name")?,
                source: row.try_get("source")?,
                entry: row.try_get("entry")?,
            };
            Ok(WaitingFile { number: row.try_get("number")?, file })
        })
        .collect()
}

/// Records what became of files and ends the turn. `None` if the turn was somebody else's by now: nothing is
/// recorded, and whoever has the turn takes in the same files again under the same keys. True if they were the last.
pub async fn finish(
    pool: &PgPool,
    batch_id: Uuid,
    turn: Turn,
    done: &[(i32, FileStatus)],
    (now, position): (DateTime<Utc>, i64),
) -> Result<Option<bool>, sqlx::Error> {
    let count = i32::try_from(done.len()).expect("a turn has few files");
    let mut transaction = platform::db::begin(pool).await?;
    let updated = sqlx::query(
        "UPDATE invoicing.batches SET files_done = files_done + $3, position = GREATEST(position, $4), \
           lease_owner = NULL, lease_until = $5, \
           taken_in_at = CASE WHEN files_done + $3 = files_total THEN $5::timestamptz END \
         WHERE batch_id = $1 AND lease_owner = $2 RETURNING taken_in_at IS NOT NULL AS is_last",
    )
    .bind(batch_id)
    .bind(turn.owner)
    .bind(count)
    .bind(position)
    .bind(now)
    .fetch_optional(&mut *transaction)
    .await?;
    let Some(updated) = updated else { return Ok(None) };
    let rows: Vec<Row5> = done.iter().map(|(number, status)| row_of(*number, status)).collect();
    let recorded = sqlx::query(
        "UPDATE invoicing.batch_files f \
         SET is_done = true, invoice_id = r.invoice_id, status = r.status, code = r.code, message = r.message \
         FROM unnest($2::int[], $3::uuid[], $4::text[], $5::text[], $6::text[]) \
           AS r(number, invoice_id, status, code, message) \
         WHERE f.batch_id = $1 AND f.number = r.number AND NOT f.is_done",
    )
    .bind(batch_id)
    .bind(rows.iter().map(|row| row.0).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.1).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.2.clone()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.3.clone()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.4.clone()).collect::<Vec<_>>())
    .execute(&mut *transaction)
    .await?;
    if recorded.rows_affected() != u64::try_from(count).unwrap_or(0) {
        return Err(sqlx::Error::RowNotFound);
    }
    transaction.commit().await?;
    updated.try_get("is_last").map(Some)
}

/// Number, invoice, status, code, message.
type Row5 = (i32, Option<Uuid>, Option<String>, Option<String>, Option<String>);

fn row_of(number: i32, status: &FileStatus) -> Row5 {
    match status.clone() {
        FileStatus::Taken { invoice_id, status, notice } => {
            let (code, message) = notice.unzip();
            (number, Some(invoice_id.0), Some(status), code, message)
        }
        FileStatus::Refused { code, message } => (number, None, None, Some(code), Some(message)),
    }
}

/// What its parts are kept under.
pub async fn sources(pool: &PgPool, batch_id: Uuid) -> Result<Vec<String>, sqlx::Error> {
    let rows = sqlx::query("SELECT DISTINCT source FROM invoicing.batch_files WHERE batch_id = $1")
        .bind(batch_id)
        .fetch_all(pool)
        .await?;
    rows.iter().map(|row| row.try_get("source")).collect()
}

macro_rules! result {
    () => {
        "CASE WHEN NOT f.is_done THEN 'waiting' WHEN f.invoice_id IS NULL THEN 'refused' \
           WHEN j.invoice_id IS NOT NULL AND j.finished_at IS NULL THEN 'reading' \
           ELSE COALESCE(j.status, f.status) END AS result \
         FROM invoicing.batch_files f LEFT JOIN invoicing.jobs j ON j.invoice_id = f.invoice_id \
         WHERE f.batch_id = $1"
    };
}

/// How many of its files came to what.
pub async fn outcomes(pool: &PgPool, batch_id: Uuid) -> Result<BTreeMap<String, i64>, sqlx::Error> {
    let rows = sqlx::query(concat!("SELECT count(*) AS files, ", result!(), " GROUP BY result"))
        .bind(batch_id)
        .fetch_all(pool)
        .await?;
    rows.iter().map(|row| Ok((row.try_get("result")?, row.try_get("files")?))).collect()
}

/// What became of its files, from that number on, in order.
pub async fn files(
    pool: &PgPool,
    batch_id: Uuid,
    from: i32,
    limit: i64,
) -> Result<Vec<FileResult>, sqlx::Error> {
    let rows = sqlx::query(concat!(
        "SELECT f.number, f.name, f.invoice_id, f.code, f.message, ",
        result!(),
        " AND f.number >= $2 ORDER BY f.number LIMIT $3"
    ))
    .bind(batch_id)
    .bind(from)
    .bind(limit)
    .fetch_all(pool)
    .await?;
    let read = |row: &PgRow| {
        Ok(FileResult {
            number: row.try_get("number")?,
            name: row.try_get("name")?,
            result: row.try_get("result")?,
            invoice_id: row.try_get::<Option<Uuid>, _>("invoice_id")?.map(InvoiceId),
            code: row.try_get("code")?,
            message: row.try_get("message")?,
        })
    };
    rows.iter().map(read).collect()
}

fn read_batch(row: &PgRow) -> Result<Batch, sqlx::Error> {
    let (role, stated): (String, String) = (row.try_get("role")?, row.try_get("stated")?);
    Ok(Batch {
        batch_id: row.try_get("batch_id")?,
        account_id: AccountId(row.try_get("account_id")?),
        role: role.parse().map_err(|_| sqlx::Error::Decode(role.into()))?,
        metadata: row.try_get("metadata")?,
        stated: serde_json::from_str(&stated).map_err(|error| sqlx::Error::Decode(error.into()))?,
        request_hash: row.try_get("request_hash")?,
        position: row.try_get("position")?,
        created_at: row.try_get("created_at")?,
    })
}
