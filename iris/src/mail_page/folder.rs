//! The folder that mails are written to.

use std::{io, path::PathBuf, time::SystemTime};

/// Mails in the list at most; the folder keeps the others.
const LISTED_MAX: usize = 200;
/// Longest file name that is looked at, in bytes.
const NAME_MAX_BYTES: usize = 200;
/// Largest file that is read, in bytes.
const MAIL_MAX_BYTES: u64 = 5 * 1024 * 1024;

/// Where the files are.
#[derive(Clone)]
pub(super) struct Folder(pub(super) PathBuf);

/// A mail in the folder.
pub(super) struct Filed {
    /// Of the file, and in the address.
    pub(super) name: String,
    /// When the file was written.
    pub(super) written_at: SystemTime,
}

impl Folder {
    /// The latest mails, newest first.
    pub(super) fn newest(&self) -> io::Result<Vec<Filed>> {
        let entries = match std::fs::read_dir(&self.0) {
            Ok(entries) => entries,
            // Nothing has been sent yet.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let filed = |entry: std::fs::DirEntry| {
            let name = entry.file_name().into_string().ok().filter(|name| is_mail_name(name))?;
            Some(Filed { name, written_at: entry.metadata().ok()?.modified().ok()? })
        };
        let mut mails: Vec<Filed> = entries.filter_map(|entry| filed(entry.ok()?)).collect();
        mails.sort_unstable_by(|a, b| (b.written_at, &b.name).cmp(&(a.written_at, &a.name)));
        mails.truncate(LISTED_MAX);
        Ok(mails)
    }

    /// The file, if it is a mail of the folder.
    pub(super) fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        if !is_mail_name(name) {
            return Ok(None);
        }
        let path = self.0.join(name);
        // Not followed: a link in the folder could lead anywhere.
        let metadata = match std::fs::symlink_metadata(&path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        if !metadata.is_file() || metadata.len() > MAIL_MAX_BYTES {
            return Ok(None);
        }
        std::fs::read(path).map(Some)
    }
}

/// True for what the mail folder's files are called. A name is one link of a path: without a separator, and
/// ending as it does, it leads to no other folder.
fn is_mail_name(name: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    name.len() <= NAME_MAX_BYTES
        && !name.starts_with('.')
        && name.strip_suffix(".eml").is_some_and(|stem| !stem.is_empty())
        && name.bytes().all(known)
}
