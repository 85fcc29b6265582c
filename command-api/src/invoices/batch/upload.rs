//! Taking in a batch: its parts are kept, its files are counted, and nothing of them is read yet.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use events::invoice::Stated;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::{
    super::{Invoices, arrival::shown_name},
    archive::{self, ArchiveFault, FILES_MAX},
    report::{BatchResource, FileResult},
    staged,
    store::{self, Batch, NewFile},
};
use crate::domain::{Caller, refusal::Refusal};

/// ZIPs that are measured at a time: unpacking half a gigabyte to nowhere costs a core for seconds.
static MEASURERS: Semaphore = Semaphore::const_new(1);

/// Who sends a batch, and what is said of all of its files.
pub struct Asking {
    /// Who; an account.
    pub caller: Caller,
    /// The client's `Idempotency-Key`.
    pub key: Option<String>,
    /// Canonical JSON of [`events::envelope::Metadata`].
    pub metadata: String,
    /// What is said of all files.
    pub stated: Stated,
}

/// A batch as it is to be told.
pub struct Seen {
    /// The counts.
    pub resource: BatchResource,
    /// The log's position as its last file left it.
    pub position: i64,
    /// The same key and files came before: this is that batch.
    pub replayed: bool,
}

/// Why a batch is not taken in, or not told of.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// A ZIP cannot be taken in.
    #[error("{0}: {1}")]
    Archive(String, #[source] ArchiveFault),
    /// There are none.
    #[error("no file was sent")]
    NoFiles,
    /// There are too many.
    #[error("too many files")]
    TooManyFiles,
    /// There is no such batch, for this caller.
    #[error(transparent)]
    NotFound(#[from] Box<Refusal>),
    /// The key was used for another upload.
    #[error("the idempotency key was used for another upload")]
    KeyReused,
    /// A part cannot be kept.
    #[error("the part cannot be kept")]
    Store(#[from] std::io::Error),
    /// Measuring a ZIP failed in a way that no file should cause.
    #[error("the measuring of a ZIP failed")]
    Measurer(#[from] tokio::task::JoinError),
    /// The database.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// A batch whose parts are coming in.
pub struct Uploading {
    invoices: Invoices,
    batch_id: Uuid,
    files: Vec<NewFile>,
    hash: Sha256,
}

impl Uploading {
    /// Nothing yet.
    pub fn new(invoices: Invoices) -> Self {
        let batch_id = invoices.ids.next();
        Self { invoices, batch_id, files: Vec::new(), hash: Sha256::new() }
    }

    /// One part: a file, or a ZIP of files.
    ///
    /// # Errors
    /// A ZIP that cannot be taken in, too many files, or the store.
    pub async fn add(&mut self, name: Option<&str>, bytes: Bytes) -> Result<(), UploadError> {
        let name = name.and_then(shown_name).unwrap_or_else(|| format!("file {}", self.files.len() + 1));
        // Lengths in front, so that two splits of the same bytes are two uploads.
        self.hash.update((name.len() as u64).to_be_bytes());
        self.hash.update(&name);
        self.hash.update((bytes.len() as u64).to_be_bytes());
        self.hash.update(&bytes);
        let entries = if archive::is_zip(&bytes) {
            let measured = measured(bytes.clone()).await?;
            Some(measured.map_err(|fault| UploadError::Archive(name.clone(), fault))?)
        } else {
            None
        };
        if self.files.len() + entries.as_ref().map_or(1, Vec::len) > FILES_MAX {
            return Err(UploadError::TooManyFiles);
        }
        if entries.as_ref().is_some_and(Vec::is_empty) {
            return Ok(());
        }
        let source = staged::keep(&self.invoices.blobs, self.batch_id, &bytes).await?;
        let file = |name: String, entry| NewFile { name, source: source.clone(), entry };
        match entries {
            None => self.files.push(file(name, None)),
            Some(entries) => self.files.extend(entries.into_iter().map(|entry| {
                let shown = shown_name(&entry.name).unwrap_or_else(|| format!("entry {}", entry.index));
                file(shown, i32::try_from(entry.index).ok())
            })),
        }
        Ok(())
    }

    /// All parts are there: the batch is recorded, and worked on from now on.
    ///
    /// # Errors
    /// [`UploadError`]; nothing of it is kept then, unless the database does not say whether the batch is there.
    pub async fn finish(mut self, asking: Asking) -> Result<Seen, UploadError> {
        let seen = self.record(&asking).await;
        let is_nobodys = match &seen {
            Ok(seen) => seen.replayed,
            // The commit may have happened: a batch without its parts would be worse than parts without a batch.
            Err(error) => !matches!(error, UploadError::Database(_)),
        };
        if is_nobodys {
            self.abandon().await;
        }
        seen
    }

    async fn record(&mut self, asking: &Asking) -> Result<Seen, UploadError> {
        if self.files.is_empty() {
            return Err(UploadError::NoFiles);
        }
        self.hash.update(serde_json::to_vec(&asking.stated).expect("ids are JSON"));
        let request_hash = self.hash.clone().finalize().to_vec();
        if let Some(seen) = self.sent_before(asking, &request_hash).await? {
            return Ok(seen);
        }
        let batch = self.batch(asking, request_hash.clone(), self.invoices.clock.now());
        match store::create(&self.invoices.pool, &batch, asking.key.as_deref(), &self.files).await {
            Ok(()) => {}
            // The same upload came twice at once, and the other one was first.
            Err(error) if is_unique_violation(&error) => {
                return self.sent_before(asking, &request_hash).await?.ok_or(error.into());
            }
            Err(error) => return Err(error.into()),
        }
        self.invoices.bell.notify_waiters();
        let outcomes = BTreeMap::from([(FileResult::WAITING.to_owned(), count(self.files.len()))]);
        let resource = BatchResource::of(batch.batch_id, batch.created_at, outcomes);
        Ok(Seen { resource, position: batch.position, replayed: false })
    }

    /// Nobody needs the parts.
    pub async fn abandon(&self) {
        let sources: BTreeSet<&str> = self.files.iter().map(|file| file.source.as_str()).collect();
        for source in sources {
            if let Err(error) = self.invoices.blobs.remove(source).await {
                tracing::warn!(
                    source,
                    error = &error as &dyn std::error::Error,
                    "a part of a batch is left over"
                );
            }
        }
    }

    fn batch(&self, asking: &Asking, request_hash: Vec<u8>, now: DateTime<Utc>) -> Batch {
        Batch {
            batch_id: self.batch_id,
            account_id: asking.caller.account_id().unwrap_or_default(),
            role: asking.caller.role(),
            metadata: asking.metadata.clone(),
            stated: asking.stated,
            request_hash,
            position: 0,
            created_at: now,
        }
    }

    async fn sent_before(&self, asking: &Asking, request_hash: &[u8]) -> Result<Option<Seen>, UploadError> {
        let (Some(key), Some(account_id)) = (&asking.key, asking.caller.account_id()) else {
            return Ok(None);
        };
        let Some(batch) = store::find_by_key(&self.invoices.pool, account_id, key).await? else {
            return Ok(None);
        };
        if batch.request_hash != request_hash {
            return Err(UploadError::KeyReused);
        }
        self.invoices.seen(&batch, true).await.map(Some)
    }
}

impl Invoices {
    /// A batch, for who sent it and ADMIN; for all others there is none.
    ///
    /// # Errors
    /// [`UploadError::NotFound`], or the database.
    pub async fn look_up_batch(&self, caller: &Caller, batch_id: Uuid) -> Result<Seen, UploadError> {
        let batch = self.visible(caller, batch_id).await?;
        self.seen(&batch, false).await
    }

    /// Files of a batch from that number on, and the log's position; for the same people.
    ///
    /// # Errors
    /// [`UploadError::NotFound`], or the database.
    pub async fn files_of_batch(
        &self,
        caller: &Caller,
        batch_id: Uuid,
        from: i32,
        limit: i64,
    ) -> Result<(Vec<FileResult>, i64), UploadError> {
        let batch = self.visible(caller, batch_id).await?;
        Ok((store::files(&self.pool, batch_id, from, limit).await?, batch.position))
    }

    async fn visible(&self, caller: &Caller, batch_id: Uuid) -> Result<Batch, UploadError> {
        let batch = store::find(&self.pool, batch_id).await?;
        let seen = |batch: &Batch| caller.is_admin() || caller.account_id() == Some(batch.account_id);
        // "Forbidden" would tell that it exists.
        let not_found = || Box::new(Refusal::not_found("invoice batch", batch_id));
        Ok(batch.filter(seen).ok_or_else(not_found)?)
    }

    async fn seen(&self, batch: &Batch, replayed: bool) -> Result<Seen, UploadError> {
        let outcomes = store::outcomes(&self.pool, batch.batch_id).await?;
        let resource = BatchResource::of(batch.batch_id, batch.created_at, outcomes);
        Ok(Seen { resource, position: batch.position, replayed })
    }
}

fn count(files: usize) -> i64 {
    i64::try_from(files).expect("a batch has at most FILES_MAX files")
}

async fn measured(bytes: Bytes) -> Result<Result<Vec<archive::Entry>, ArchiveFault>, UploadError> {
    let permit = MEASURERS.acquire().await.expect("never closed");
    let measuring = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        archive::entries(&bytes)
    });
    Ok(measuring.await?)
}

fn is_unique_violation(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation)
}
