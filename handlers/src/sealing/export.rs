//! Copying seals out of the database.

use events::audit::{FolderError, Seal, SealDocument, SealFolder, read_keys, seals_from};
use sqlx::PgPool;

/// Seals read at a time.
const BATCH: i64 = 500;

/// Why seals were not copied.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The database.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// The folder, or what is in it.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The folder is ahead: seals were taken out of the database, or the folder is another database's.
    #[error("the folder has seal {folder}, and the database has none beyond {database}")]
    FolderAhead {
        /// The last seal of the folder.
        folder: i64,
        /// The last one of the database.
        database: i64,
    },
    /// The database holds another seal than the one that was copied to the folder.
    #[error("seal {0} is not the one that was copied to the folder")]
    Rewritten(i64),
    /// The key of a seal is not in the table of keys.
    #[error("seal {0} is signed by a key that audit.seal_keys does not have")]
    UnknownKey(i64),
}

impl ExportError {
    /// True where folder and database say different things: nothing that passes by itself.
    pub fn is_contradiction(&self) -> bool {
        matches!(
            self,
            Self::FolderAhead { .. }
                | Self::Rewritten(_)
                | Self::UnknownKey(_)
                | Self::Folder(FolderError::Other(_))
        )
    }
}

/// Writes every seal that the folder does not have yet, in order; returns the number of the last one in it.
///
/// Begins with the folder's last one: should the database hold another of that number, nothing is written.
///
/// # Errors
/// [`ExportError`]; what was written stays, and the next call goes on from there.
pub async fn export_seals(pool: &PgPool, folder: &SealFolder) -> Result<i64, ExportError> {
    Ok(export_all(pool, folder).await?.map_or(0, |last| last.number))
}

/// As [`export_seals`]; returns the last seal.
pub(super) async fn export_all(pool: &PgPool, folder: &SealFolder) -> Result<Option<Seal>, ExportError> {
    let there = {
        let folder = folder.clone();
        blocking(move || folder.last_number()).await?
    };
    export_from(pool, folder, there).await
}

/// Begins with seal `there`, the folder's last one, or 0; returns the last seal.
async fn export_from(pool: &PgPool, folder: &SealFolder, there: i64) -> Result<Option<Seal>, ExportError> {
    let mut next = there.max(1);
    let mut last: Option<Seal> = None;
    loop {
        let mut seals = seals_from(pool, next, BATCH).await?;
        let documents = documents(pool, &seals).await?;
        let Some(newest) = seals.pop() else { break };
        let folder = folder.clone();
        blocking(move || documents.iter().try_for_each(|document| folder.write(document))).await?;
        next = newest.number + 1;
        last = Some(newest);
    }
    let database = last.as_ref().map_or(0, |last| last.number);
    if database < there {
        return Err(ExportError::FolderAhead { folder: there, database });
    }
    Ok(last)
}

/// Copies what came behind `copied`, the last seal known to be in the folder, where `upto`, the database's last one, is
/// another. The database must still hold `copied` itself, also while there is nothing to copy: else seals were
/// rewritten under a sealer that runs.
pub(super) async fn export_behind(
    pool: &PgPool,
    folder: &SealFolder,
    copied: &Seal,
    upto: i64,
) -> Result<Option<Seal>, ExportError> {
    let there = copied.number;
    if upto < there {
        return Err(ExportError::FolderAhead { folder: there, database: upto });
    }
    let now = seals_from(pool, there, 1).await?.pop().filter(|seal| seal.number == there);
    if now.is_none_or(|now| now.digest() != copied.digest()) {
        return Err(ExportError::Rewritten(there));
    }
    if upto == there { Ok(None) } else { export_from(pool, folder, there).await }
}

async fn documents(pool: &PgPool, seals: &[Seal]) -> Result<Vec<SealDocument>, ExportError> {
    let keys = read_keys(pool).await?;
    let document = |seal: &Seal| {
        let key = keys.iter().map(|known| known.key).find(|key| key.id() == seal.key_id);
        key.map(|key| SealDocument::new(seal, &key)).ok_or(ExportError::UnknownKey(seal.number))
    };
    seals.iter().map(document).collect()
}

/// Writing to a disk and waiting for it holds up whatever else the thread should do.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, FolderError> + Send + 'static,
) -> Result<T, FolderError> {
    tokio::task::spawn_blocking(work).await.expect("writing files does not panic")
}
