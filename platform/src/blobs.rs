//! Files that clients entrust to us, kept under the hash of their bytes.
//!
//! The seam where object storage will go: callers know a hash and bytes, nothing of folders. No trait until
//! there is a second kind.

use std::{
    fs::{self, DirBuilder, File},
    io::{self, ErrorKind, Write},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

/// Where half-written files wait; longer than a hash's two digits, so it is never taken for one of its folders.
const INCOMING: &str = "incoming";

/// A folder of immutable files, each named by the SHA-256 of its bytes.
///
/// Several processes may share one folder: a name tells the content, so whoever is first writes what all would.
#[derive(Debug, Clone)]
pub struct BlobStore {
    root: Arc<Path>,
}

impl BlobStore {
    /// Opens the store in `root`, whose folders are made where they are missing, for this account alone.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn open(root: impl Into<PathBuf>) -> io::Result<Self> {
        let store = Self::at(root);
        private_folder(&store.root.join(INCOMING))?;
        Ok(store)
    }

    /// The store in `root`, without a look at it: its folders are made with the first file.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into().into() }
    }

    /// Keeps `bytes` and answers their SHA-256 in 64 lower-case hex digits.
    ///
    /// Once answered, a power cut does not lose them. The same bytes again change nothing.
    pub async fn put(&self, bytes: Bytes) -> io::Result<String> {
        let root = Arc::clone(&self.root);
        blocking(move || {
            let sha256 = digest(&bytes);
            let place = Place::of(&root, &sha256).expect("a digest in hex is a name");
            write(&root, &place, &bytes)?;
            Ok(sha256)
        })
        .await
    }

    /// The bytes whose SHA-256 is `sha256`; absent where nothing is kept under it, or it is no hash.
    ///
    /// # Errors
    /// `InvalidData` when the disk gives back other bytes than were put.
    pub async fn get(&self, sha256: &str) -> io::Result<Option<Bytes>> {
        let Some(place) = Place::of(&self.root, sha256) else { return Ok(None) };
        let sha256 = sha256.to_owned();
        blocking(move || {
            let bytes = match fs::read(place.file()) {
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
                read => read?,
            };
            // An invoice is evidence: a changed copy must not pass for what was sent.
            if digest(&bytes) != sha256 {
                let message = format!("the file kept as {sha256} is damaged: its bytes have another hash");
                return Err(io::Error::new(ErrorKind::InvalidData, message));
            }
            Ok(Some(bytes.into()))
        })
        .await
    }

    /// Forgets the bytes under `sha256`; what is not there need not be removed.
    pub async fn remove(&self, sha256: &str) -> io::Result<()> {
        let Some(place) = Place::of(&self.root, sha256) else { return Ok(()) };
        blocking(move || match fs::remove_file(place.file()) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
            Ok(()) => sync_folder(&place.folder),
        })
        .await
    }
}

/// Where a blob lies: 256 folders, so that none grows beyond what file systems like.
struct Place {
    folder: PathBuf,
    name: String,
}

impl Place {
    /// A path is built from 64 hex digits and nothing else: neither `..` nor a slash can leave the folder,
    /// whoever chose the text.
    fn of(root: &Path, sha256: &str) -> Option<Self> {
        let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if sha256.len() != 64 || !sha256.bytes().all(hex) {
            return None;
        }
        let (folder, name) = sha256.split_at(2);
        Some(Self { folder: root.join(folder), name: name.to_owned() })
    }

    fn file(&self) -> PathBuf {
        self.folder.join(&self.name)
    }
}

/// Written aside and renamed: under its name a file is whole or absent, whatever dies in between. What a crash
/// leaves in the folder of incoming files is never read.
fn write(root: &Path, place: &Place, bytes: &[u8]) -> io::Result<()> {
    private_folder(&root.join(INCOMING))?;
    private_folder(&place.folder)?;
    // What is there already may have been damaged since: whoever brings it again brings the cure.
    let is_sound = match fs::read(place.file()) {
        Ok(kept) => kept == bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        Err(error) => return Err(error),
    };
    if !is_sound {
        let mut file = NamedTempFile::new_in(root.join(INCOMING))?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(place.file())?;
    }
    // A name is safe only when its folder is on the disk, and the folder when its own is. Also where the file
    // was there already: who wrote it may have died before this line.
    sync_folder(&place.folder)?;
    sync_folder(root)
}

fn private_folder(path: &Path) -> io::Result<()> {
    // For this account alone: what partners send each other is nobody else's on the machine.
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// Disks and hashes hold a thread up; the runtime's own must stay free.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

#[cfg(test)]
mod tests;
