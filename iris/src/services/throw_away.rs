//! Data directories for one run of the tests.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::{OnPath as _, ServicesError};
use super::layout::Layout;
use super::{lock, private_files, secrets};

const PREFIX: &str = "iris-throw-away-";

/// A directory that nobody has used before. Its keeper removes it at the end.
pub fn create() -> Result<PathBuf, ServicesError> {
    let temporary = std::env::temp_dir();
    sweep(&temporary);
    let name: String = secrets::random_hex()?.chars().take(12).collect();
    let dir = temporary.join(format!("{PREFIX}{name}"));
    private_files::create_dir(&dir, None).on("creating", &dir)?;
    Ok(dir)
}

/// Removes what runs left behind whose keeper was killed too.
fn sweep(temporary: &Path) {
    // A directory so young may belong to a run that has not taken its lock yet.
    const AGE_MIN: Duration = Duration::from_mins(10);
    let own = nix::unistd::geteuid().as_raw();
    let Ok(entries) = fs::read_dir(temporary) else { return };
    for entry in entries.flatten() {
        let Ok(found) = entry.metadata() else { continue };
        let old = found.modified().is_ok_and(|time| time.elapsed().is_ok_and(|age| age > AGE_MIN));
        let ours =
            entry.file_name().to_string_lossy().starts_with(PREFIX) && found.uid() == own && found.is_dir();
        if ours
            && old
            && lock::is_free(&entry.path())
            && let Err(error) = Layout::remove(&entry.path())
        {
            eprintln!("{} could not be removed: {error}", entry.path().display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_old_directories_that_nobody_uses_are_swept() {
        let temporary = std::env::temp_dir().join(format!("iris-sweep-{}", std::process::id()));
        let dir = |name: &str| {
            let dir = temporary.join(name);
            fs::create_dir_all(&dir).unwrap();
            dir
        };
        let age = |dir: &Path| fs::File::open(dir).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
        let [old, used] = ["iris-throw-away-old", "iris-throw-away-used"].map(dir);
        let [young, other] = ["iris-throw-away-young", "somebody-elses"].map(dir);
        let _lock = lock::take(&used).unwrap();
        for dir in [&old, &used, &other] {
            age(dir);
        }

        sweep(&temporary);

        assert_eq!([&old, &used, &young, &other].map(|dir| dir.exists()), [false, true, true, true]);
        fs::remove_dir_all(&temporary).unwrap();
    }
}
