//! One keeper per data directory.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, FdFlag, fcntl};

use super::error::{OnPath as _, ServicesError};

/// After kill -9 the kernel needs a moment to end the old servers.
const PATIENCE: Duration = Duration::from_secs(2);

/// Takes the lock of a data directory, or says that somebody has it.
///
/// Every server started while the file is open inherits it, and the lock lasts until the last holder is gone. So
/// whoever has it knows that no keeper and no server of an earlier start is alive, whatever pid files say.
pub fn take(data_dir: &Path) -> Result<File, ServicesError> {
    let path = data_dir.join("lock");
    let file = open(&path)?;
    let deadline = Instant::now() + PATIENCE;
    loop {
        match file.try_lock() {
            Ok(()) => break,
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => sleep(Duration::from_millis(20)),
            Err(TryLockError::WouldBlock) => return Err(ServicesError::InUse(data_dir.to_owned())),
            Err(TryLockError::Error(error)) => return Err(error).on("locking", &path),
        }
    }
    fcntl(&file, FcntlArg::F_SETFD(FdFlag::empty())).map_err(std::io::Error::from).on("locking", &path)?;
    Ok(file)
}

/// Whether nobody uses a data directory, or its program was killed before it had a keeper.
pub fn is_free(data_dir: &Path) -> bool {
    match File::open(data_dir.join("lock")) {
        Ok(file) => file.try_lock().is_ok(),
        Err(error) => error.kind() == ErrorKind::NotFound,
    }
}

fn open(path: &Path) -> Result<File, ServicesError> {
    OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path).on("opening", path)
}
