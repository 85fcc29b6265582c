//! Seals outside of the database: a folder with one JSON file each.
//!
//! Whoever has stolen the key and rules the database can rewrite both log and seals; they cannot rewrite a copy of
//! the seals that is kept where they do not rule. The folder is plain files that never change, so that it can be
//! synchronised to an object store or another account by any tool.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use super::seal::SealDocument;

/// A folder of seals.
#[derive(Clone, Debug)]
pub struct SealFolder {
    path: PathBuf,
}

/// The folder cannot be used, or says something else.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// Reading or writing failed.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// What was read or written.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is no seal.
    #[error("{}: is no seal: {source}", path.display())]
    NotASeal {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// There is another seal of that number: it is left as it is.
    #[error("{}: holds another seal of that number than the database", .0.display())]
    Other(PathBuf),
}

impl SealFolder {
    /// That folder, which is made where it is missing.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn create(path: &Path) -> Result<Self, FolderError> {
        fs::create_dir_all(path).map_err(on(path))?;
        Self::open(path)
    }

    /// That folder.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn open(path: &Path) -> Result<Self, FolderError> {
        fs::read_dir(path).map_err(on(path))?;
        Ok(Self { path: path.to_owned() })
    }

    /// The highest number of which there is a file; 0 where there is none.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn last_number(&self) -> Result<i64, FolderError> {
        let mut last = 0;
        for entry in fs::read_dir(&self.path).map_err(on(&self.path))? {
            let name = entry.map_err(on(&self.path))?.file_name();
            last = last.max(name.to_str().and_then(number).unwrap_or(0));
        }
        Ok(last)
    }

    /// The seal of that number; `None` where there is no file.
    ///
    /// # Errors
    /// The file cannot be read, or holds something else.
    pub fn read(&self, number: i64) -> Result<Option<SealDocument>, FolderError> {
        let path = self.file(number);
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read.map_err(on(&path))?,
        };
        serde_json::from_str(&text).map(Some).map_err(|source| FolderError::NotASeal { path, source })
    }

    /// Writes the seal's file: whole or not at all, and on the disk once this returns. The same again changes
    /// nothing; several processes may do it at once.
    ///
    /// # Errors
    /// It cannot be written, or there is another seal of that number.
    pub fn write(&self, seal: &SealDocument) -> Result<(), FolderError> {
        if let Some(there) = self.read(seal.number)? {
            return if there == *seal { Ok(()) } else { Err(FolderError::Other(self.file(seal.number))) };
        }
        let path = self.file(seal.number);
        let partial = self.path.join(format!(".seal-{:09}.{}.partial", seal.number, std::process::id()));
        let text = serde_json::to_string_pretty(seal).expect("a seal is plain JSON");
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .open(&partial)
            .map_err(on(&partial))?;
        writeln!(file, "{text}").and_then(|()| file.sync_all()).map_err(on(&partial))?;
        fs::rename(&partial, &path).map_err(on(&path))?;
        // The name is on the disk once the folder is.
        File::open(&self.path).and_then(|folder| folder.sync_all()).map_err(on(&self.path))
    }

    fn file(&self, number: i64) -> PathBuf {
        self.path.join(format!("seal-{number:09}.json"))
    }
}

fn number(name: &str) -> Option<i64> {
    name.strip_prefix("seal-")?.strip_suffix(".json")?.parse().ok()
}

fn on(path: &Path) -> impl FnOnce(io::Error) -> FolderError {
    let path = path.to_owned();
    move |source| FolderError::Io { path, source }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::audit::{Seal, SigningKey, Stretch};

    fn document(number: u8) -> SealDocument {
        let key = SigningKey::from_base64(&SigningKey::generate()).unwrap();
        let stretch = Stretch { first_position: 1, last_position: 2, root: [number; 32] };
        let seal = Seal { number: number.into(), ..Seal::sign(&key, None, stretch, DateTime::UNIX_EPOCH) };
        SealDocument::new(&seal, &key.public())
    }

    #[test]
    fn a_seal_is_written_once_and_never_over_another() {
        let place = tempfile::tempdir().unwrap();
        let folder = SealFolder::create(&place.path().join("seals")).unwrap();
        assert_eq!((folder.last_number().unwrap(), folder.read(1).unwrap()), (0, None));
        let seal = document(1);
        folder.write(&seal).unwrap();
        folder.write(&seal).unwrap();
        folder.write(&document(2)).unwrap();
        assert_eq!(folder.read(1).unwrap(), Some(seal.clone()));
        assert!(matches!(folder.write(&document(1)), Err(FolderError::Other(_))));
        assert_eq!((folder.read(1).unwrap(), folder.last_number().unwrap()), (Some(seal), 2));
        let names = fs::read_dir(place.path().join("seals")).unwrap().count();
        assert_eq!(names, 2, "nothing half-written is left");
    }

    #[test]
    fn a_file_that_is_no_seal_is_an_error_and_no_absence() {
        let place = tempfile::tempdir().unwrap();
        let folder = SealFolder::open(place.path()).unwrap();
        fs::write(place.path().join("seal-000000003.json"), "{}").unwrap();
        assert!(matches!(folder.read(3), Err(FolderError::NotASeal { .. })));
        assert!(SealFolder::open(&place.path().join("nowhere")).is_err());
    }
}
