//! Files and directories that only their owner may read.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _, chown};
use std::path::Path;

use super::isolation::Owner;

/// Creates `dir` and its parents; the last one is closed to everybody else.
///
/// A directory that is already there keeps its content and gets the mode.
pub fn create_dir(dir: &Path, owner: Option<Owner>) -> io::Result<()> {
    if let Some(parent) = dir.parent() {
        fs::create_dir_all(parent)?;
    }
    // 0700: passwords, the log's data and the sockets are for the owner alone. Created with the mode, not
    // changed to it afterwards, so there is no moment in which it is open.
    match DirBuilder::new().mode(0o700).create(dir) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => set_mode(dir, 0o700)?,
        Err(error) => return Err(error),
    }
    give_to(dir, owner)
}

/// Writes a file of mode 0600 in one step: a reader sees the old content or the new one.
pub fn write(path: &Path, content: &str, owner: Option<Owner>) -> io::Result<()> {
    let partial = path.with_extension("partial");
    match fs::remove_file(&partial) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    // create_new: a file or link that somebody put there in between is refused, not followed.
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&partial)?;
    file.write_all(content.as_bytes())?;
    file.sync_all()?;
    give_to(&partial, owner)?;
    fs::rename(&partial, path)
}

/// Opens a log file for appending, mode 0600; a file above 10 MiB is first set aside as `<name>.1`.
pub fn open_log(path: &Path) -> io::Result<fs::File> {
    const KEEP_BYTES_MAX: u64 = 10 * 1024 * 1024;
    if fs::metadata(path).is_ok_and(|file| file.len() > KEEP_BYTES_MAX) {
        let mut older = path.as_os_str().to_owned();
        older.push(".1");
        fs::rename(path, older)?;
    }
    OpenOptions::new().append(true).create(true).mode(0o600).open(path)
}

/// Sets permission bits, and leaves alone what has them already (it may belong to somebody else).
pub fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    if fs::metadata(path)?.permissions().mode() & 0o7777 == mode {
        return Ok(());
    }
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

fn give_to(path: &Path, owner: Option<Owner>) -> io::Result<()> {
    match owner {
        Some(Owner { uid, gid }) => chown(path, Some(uid), Some(gid)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_file_is_replaced_whole_and_closed_to_others() {
        let dir = std::env::temp_dir().join(format!("iris-private-{}", std::process::id()));
        create_dir(&dir, None).unwrap();
        let file = dir.join("secret");
        write(&file, "one, which is longer", None).unwrap();
        write(&file, "two", None).unwrap();

        assert_eq!(fs::read_to_string(&file).unwrap(), "two");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(&dir).unwrap().permissions().mode() & 0o777, 0o700);
        fs::remove_dir_all(&dir).unwrap();
    }
}
