//! Taking in a file, and telling how far its import is.

use events::values::SupplierId;
use sha2::{Digest, Sha256};
use sqlx::PgConnection;
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::{
    FileFault, ImportResource, Imports,
    job::{CHUNK_ROWS, Job},
    parse::{ParsedRow, parse},
    preview::Preview,
    store::{self, Turn},
};
use crate::domain::{Caller, Stop, Unit, access, refusal::Refusal};

/// Files that are read at a time: unpacking and reading costs a core and up to some hundred megabytes.
static READERS: Semaphore = Semaphore::const_new(2);

/// A file, and what is asked for.
pub struct Upload {
    /// Whose products.
    pub supplier_id: SupplierId,
    /// Only say what would happen.
    pub dry_run: bool,
    /// Who asks; an account.
    pub caller: Caller,
    /// The client's `Idempotency-Key`.
    pub key: Option<String>,
    /// Canonical JSON of [`events::envelope::Metadata`].
    pub metadata: String,
    /// CSV or XLSX.
    pub file: Vec<u8>,
}

/// An import as it is to be told.
pub struct Seen {
    /// With its rows, as far as they are done and were asked for.
    pub resource: ImportResource,
    /// The log's position as the last decided row left it.
    pub position: i64,
    /// The same key and file came before: this is that import.
    pub replayed: bool,
}

/// Why a file is not taken in, or an import not told of.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// The file cannot be imported.
    #[error(transparent)]
    File(#[from] FileFault),
    /// The caller may not.
    #[error(transparent)]
    Refused(#[from] Box<Refusal>),
    /// The key was used for another upload.
    #[error("the idempotency key was used for another upload")]
    KeyReused,
    /// The log cannot be read; already logged.
    #[error("a stream cannot be read")]
    UnreadableStream,
    /// Reading the file failed in a way that no file should cause.
    #[error("the reader of files failed")]
    Reader(#[from] tokio::task::JoinError),
    /// The database.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl Imports {
    /// Refuses who does not work for the supplier.
    pub async fn may_import(&self, caller: &Caller, supplier_id: SupplierId) -> Result<(), UploadError> {
        let mut connection = self.pool.acquire().await?;
        self.decide(&mut connection, caller, |unit| access::supplier_as_member(unit, supplier_id).map(drop))
            .await
    }

    /// Takes in a file. At most [`CHUNK_ROWS`] rows are decided before this returns; more are left to the
    /// worker, as is whatever cannot be decided now.
    pub async fn upload(&self, mut upload: Upload) -> Result<Seen, UploadError> {
        let request_hash = request_hash(&upload);
        if let Some(seen) = self.uploaded_before(&upload, &request_hash).await? {
            return Ok(seen);
        }
        let rows = read(std::mem::take(&mut upload.file)).await?;
        let Upload { supplier_id, dry_run, caller, key, metadata, .. } = &upload;
        let job = Job {
            import_id: self.ids.next(),
            supplier_id: *supplier_id,
            account_id: caller.account_id().unwrap_or_default(),
            role: caller.role(),
            metadata: metadata.clone(),
            dry_run: *dry_run,
            request_hash: request_hash.to_vec(),
            rows_total: i32::try_from(rows.len()).expect("bounded by the reader"),
            counts: super::job::Counts::default(),
            position: 0,
            created_at: self.clock.now(),
            finished_at: None,
        };
        let turn = (1..=CHUNK_ROWS).contains(&rows.len()).then(|| self.turn());
        let mut transaction = platform::db::begin(&self.pool).await?;
        let job = match store::create_in_tx(&mut transaction, &job, key.as_deref(), &rows, turn).await {
            Ok(job) => job,
            // The same upload came twice at once, and the other one was first.
            Err(error) if is_unique_violation(&error) => {
                transaction.rollback().await?;
                return self.uploaded_before(&upload, &request_hash).await?.ok_or(error.into());
            }
            Err(error) => return Err(error.into()),
        };
        transaction.commit().await?;
        match turn {
            Some(turn) => self.decide_now(job, turn).await,
            None => Ok(Seen {
                resource: ImportResource::of(&job, Vec::new(), None),
                position: job.position,
                replayed: false,
            }),
        }
    }

    /// An import, for its uploader, the supplier's members and ADMIN; for all others there is none.
    pub async fn look_up(
        &self,
        caller: &Caller,
        import_id: Uuid,
        rows_from: i32,
        rows_limit: i64,
    ) -> Result<Seen, UploadError> {
        let not_found = || Refusal::not_found("import", import_id);
        let mut connection = self.pool.acquire().await?;
        let job = store::find(&mut connection, import_id).await?.ok_or_else(|| Box::new(not_found()))?;
        if caller.account_id() != Some(job.account_id) {
            // "Forbidden" would tell that it exists.
            let hidden = |_| UploadError::Refused(Box::new(not_found()));
            let seen_by_members =
                |unit: &mut Unit<'_>| access::supplier_as_member(unit, job.supplier_id).map(drop);
            match self.decide(&mut connection, caller, seen_by_members).await {
                Err(UploadError::Refused(refusal)) => return Err(hidden(refusal)),
                other => other?,
            }
        }
        seen(&mut connection, &job, rows_from, rows_limit).await
    }

    async fn decide(
        &self,
        connection: &mut PgConnection,
        caller: &Caller,
        question: impl Fn(&mut Unit<'_>) -> Result<(), Stop> + Send + Sync,
    ) -> Result<(), UploadError> {
        let now = self.clock.now();
        let answers = Preview::default().ask(connection, caller, now, &[question]).await?;
        answers.into_iter().try_for_each(|answer| match answer {
            Ok(()) => Ok(()),
            Err(Stop::Refused(refusal)) => Err(UploadError::Refused(refusal)),
            Err(Stop::Missing | Stop::Unreadable(_) | Stop::Outdated) => Err(UploadError::UnreadableStream),
        })
    }

    async fn uploaded_before(
        &self,
        upload: &Upload,
        request_hash: &[u8; 32],
    ) -> Result<Option<Seen>, UploadError> {
        let (Some(key), Some(account_id)) = (&upload.key, upload.caller.account_id()) else {
            return Ok(None);
        };
        let mut connection = self.pool.acquire().await?;
        let Some(job) = store::find_by_key(&mut connection, account_id, key).await? else { return Ok(None) };
        if job.request_hash != request_hash {
            return Err(UploadError::KeyReused);
        }
        Ok(Some(Seen { replayed: true, ..seen(&mut connection, &job, 0, first_rows(&job)).await? }))
    }

    async fn decide_now(&self, job: Job, turn: Turn) -> Result<Seen, UploadError> {
        let job = match self.work(&job, turn).await {
            Ok(job) => job,
            // The file is taken in: the worker goes on with it as soon as it can.
            Err(error) => {
                let import_id = job.import_id;
                tracing::warn!(%import_id, error = &error as &dyn std::error::Error, "left to the worker");
                job
            }
        };
        let mut connection = self.pool.acquire().await?;
        seen(&mut connection, &job, 0, first_rows(&job)).await
    }

    /// A turn of its own, beginning now.
    pub(super) fn turn(&self) -> Turn {
        Turn { owner: self.ids.next(), now: self.clock.now() }
    }
}

/// A small file's answer has all of its rows, a large one's none.
fn first_rows(job: &Job) -> i64 {
    let rows_total = usize::try_from(job.rows_total).unwrap_or(usize::MAX);
    if rows_total <= CHUNK_ROWS { i64::from(job.rows_total) } else { 0 }
}

async fn seen(
    connection: &mut PgConnection,
    job: &Job,
    rows_from: i32,
    rows_limit: i64,
) -> Result<Seen, UploadError> {
    let mut rows = store::rows(connection, job.import_id, rows_from, rows_limit + 1).await?;
    let limit = usize::try_from(rows_limit).unwrap_or(usize::MAX);
    let next_rows_from = rows.get(limit).map(|row| row.row);
    rows.truncate(limit);
    Ok(Seen {
        resource: ImportResource::of(job, rows, next_rows_from),
        position: job.position,
        replayed: false,
    })
}

async fn read(file: Vec<u8>) -> Result<Vec<ParsedRow>, UploadError> {
    let permit = READERS.acquire().await.expect("never closed");
    // On a thread of its own: a second of computing must not hold up other requests.
    let rows = tokio::task::spawn_blocking(move || {
        // Held until the work is done, even if the caller has gone away.
        let _permit = permit;
        parse(&file)
    });
    Ok(rows.await??)
}

fn request_hash(upload: &Upload) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(upload.supplier_id.0.as_bytes());
    hash.update([u8::from(upload.dry_run)]);
    hash.update(&upload.file);
    hash.finalize().into()
}

fn is_unique_violation(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation)
}
