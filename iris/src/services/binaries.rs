//! Finding Postgres and nats-server on the machine.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::environment;
use super::error::ServicesError;

/// Oldest major version of Postgres that the schema works with.
pub const POSTGRES_MAJOR_MIN: u32 = 15;

const HOMEBREW: [&str; 2] = ["/opt/homebrew", "/usr/local"];

/// A program that answered when asked for its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// For Postgres the directory of its programs, for NATS the program itself.
    pub path: PathBuf,
    /// As it says, such as `15.18` or `2.9.10`.
    pub version: String,
}

impl Found {
    /// The first number of the version.
    pub fn major(&self) -> u32 {
        self.version.split('.').next().and_then(|major| major.parse().ok()).unwrap_or(0)
    }
}

/// The newest Postgres from 15 up, or the one of the cluster's major version where there is a cluster.
///
/// `IRIS_PG_BIN` goes before everything, then `/usr/lib/postgresql/*/bin`, Homebrew, and `fetched`.
pub fn find_postgres(
    fetched: &[PathBuf],
    cluster_major: Option<u32>,
) -> Result<Option<Found>, ServicesError> {
    let fits = |found: &Found| match cluster_major {
        Some(major) => found.major() == major,
        None => found.major() >= POSTGRES_MAJOR_MIN,
    };
    if let Some(dir) = environment("IRIS_PG_BIN") {
        return match postgres_in(Path::new(&dir)) {
            Some(found) if fits(&found) => Ok(Some(found)),
            _ => Err(ServicesError::Setting {
                name: "IRIS_PG_BIN",
                value: dir,
                expected: "a directory with initdb and postgres, version 15 or newer and the cluster's own",
            }),
        };
    }
    let installed = subdirectories(Path::new("/usr/lib/postgresql")).into_iter().chain(
        HOMEBREW.iter().flat_map(|prefix| subdirectories(&Path::new(prefix).join("opt"))).filter(|dir| {
            dir.file_name().is_some_and(|name| name.to_string_lossy().starts_with("postgresql"))
        }),
    );
    let mut candidates: Vec<Found> =
        installed.filter_map(|dir| postgres_in(&dir.join("bin"))).filter(fits).collect();
    if candidates.is_empty() {
        candidates = fetched.iter().filter_map(|dir| postgres_in(dir)).filter(fits).collect();
    }
    candidates.sort_by_key(Found::major);
    Ok(candidates.pop())
}

/// A nats-server: `IRIS_NATS_BIN`, PATH, `/usr/sbin` (where Debian puts it), Homebrew, and `fetched`.
pub fn find_nats(fetched: &[PathBuf]) -> Result<Option<Found>, ServicesError> {
    if let Some(path) = environment("IRIS_NATS_BIN") {
        let found = nats_at(Path::new(&path));
        return found.map(Some).ok_or(ServicesError::Setting {
            name: "IRIS_NATS_BIN",
            value: path,
            expected: "a nats-server program",
        });
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let dirs = std::env::split_paths(&path)
        .chain(["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from))
        .chain(HOMEBREW.map(|prefix| Path::new(prefix).join("bin")));
    Ok(dirs.map(|dir| dir.join("nats-server")).chain(fetched.iter().cloned()).find_map(|path| nats_at(&path)))
}

/// Postgres in a directory of programs; nothing when it is not there or does not run.
pub fn postgres_in(dir: &Path) -> Option<Found> {
    if !dir.join("initdb").is_file() {
        return None;
    }
    // postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)
    let answer = ask_version(&dir.join("postgres"))?;
    let version = answer.split_once("(PostgreSQL) ")?.1.split_whitespace().next()?.to_owned();
    Some(Found { path: dir.to_owned(), version })
}

/// nats-server at a path; nothing when it is not there or does not run.
pub fn nats_at(path: &Path) -> Option<Found> {
    // nats-server: v2.9.10
    let answer = ask_version(path)?;
    let version = answer.trim().strip_prefix("nats-server: v")?.to_owned();
    Some(Found { path: path.to_owned(), version })
}

fn ask_version(program: &Path) -> Option<String> {
    if !program.is_file() {
        return None;
    }
    let output = Command::new(program).arg("--version").stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

fn subdirectories(dir: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(dir)
        .map(|entries| entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect())
        .unwrap_or_default()
}
