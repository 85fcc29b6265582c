//! Which file of a data directory is where.
//!
//! ```text
//! .iris/            lock, secrets.json, ports.json, superuser.url, nats.url, logins.json, postgres.log, nats.log, keeper.log
//! .iris/pg          the cluster
//! .iris/nats        nats.conf and JetStream's store
//! .iris/run         Postgres's socket
//! .iris/tools       programs that were fetched from npm and PyPI
//! ```

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};

use nix::unistd::geteuid;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::error::{OnPath as _, ServicesError};
use super::isolation::{Owner, owner_of};
use super::private_files;

/// The places of one data directory.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Layout {
    /// The directory itself, absolute.
    pub data_dir: PathBuf,
    /// Where the servers keep their files: the directory itself, unless their account cannot get there.
    pub servers_dir: PathBuf,
    /// Whose the servers' files are, when not our own.
    pub owner: Option<Owner>,
}

impl Layout {
    /// Whose cluster is in a data directory already; nothing if there is none.
    pub fn cluster_owner(data_dir: &Path) -> Option<Owner> {
        [data_dir.to_owned(), Self::detached(data_dir)]
            .iter()
            .find_map(|dir| owner_of(&dir.join("pg/PG_VERSION")))
    }

    /// Which major version of Postgres made the cluster; nothing if there is none.
    pub fn cluster_major(data_dir: &Path) -> Option<u32> {
        [data_dir.to_owned(), Self::detached(data_dir)]
            .iter()
            .find_map(|dir| fs::read_to_string(dir.join("pg/PG_VERSION")).ok()?.trim().parse().ok())
    }

    /// Creates what is missing. Idempotent.
    pub fn prepare(data_dir: &Path, owner: Option<Owner>) -> Result<Self, ServicesError> {
        let mut servers_dir = data_dir.to_owned();
        if let Some(owner) = owner {
            if data_dir.parent().is_some_and(open_to_all) {
                // 0711: the servers' account may pass through to its own directories and list nothing; every
                // file here is 0600.
                private_files::set_mode(data_dir, 0o711).on("opening", data_dir)?;
            } else {
                servers_dir = Self::detached(data_dir);
                create_in_shared(&servers_dir, Some(owner)).on("creating", &servers_dir)?;
            }
        }
        let layout = Self { data_dir: data_dir.to_owned(), servers_dir, owner };
        private_files::create_dir(&layout.nats(), owner).on("creating", &layout.nats())?;
        let socket = layout.socket();
        if socket.starts_with(&layout.servers_dir) {
            private_files::create_dir(&socket, owner).on("creating", &socket)?;
        }
        Ok(layout)
    }

    /// The cluster.
    pub fn cluster(&self) -> PathBuf {
        self.servers_dir.join("pg")
    }

    /// NATS's configuration and store.
    pub fn nats(&self) -> PathBuf {
        self.servers_dir.join("nats")
    }

    /// The directory of Postgres's socket: a short one elsewhere when the path here is too long for a socket's
    /// address (107 bytes), or has characters that need quoting in a list of directories.
    pub fn socket(&self) -> PathBuf {
        const NAME: &str = "/.s.PGSQL.65535.lock";
        let dir = self.servers_dir.join("run");
        let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
        if dir.as_os_str().len() + NAME.len() <= 107
            && dir.to_str().is_some_and(|path| path.chars().all(plain))
        {
            return dir;
        }
        let short = format!("iris-{}", digest(&self.data_dir));
        let temporary = std::env::temp_dir();
        if temporary.as_os_str().len() + 1 + short.len() + NAME.len() <= 107 {
            return temporary.join(short);
        }
        Path::new("/tmp").join(short)
    }

    /// Makes the socket's directory if it is outside; called with the lock held.
    pub fn prepare_socket(&self) -> Result<(), ServicesError> {
        let socket = self.socket();
        if socket.starts_with(&self.servers_dir) {
            return Ok(());
        }
        create_in_shared(&socket, self.owner).on("creating", &socket)
    }

    /// Leaves no empty directory behind where the socket had to be elsewhere.
    pub fn remove_outside_socket(&self) {
        let socket = self.socket();
        if !socket.starts_with(&self.servers_dir)
            && let Err(error) = fs::remove_dir(&socket)
        {
            eprintln!("{} could not be removed: {error}", socket.display());
        }
    }

    /// Removes a data directory and everything of it that lies elsewhere.
    pub fn remove(data_dir: &Path) -> io::Result<()> {
        let at = |servers_dir: PathBuf| Self { data_dir: data_dir.to_owned(), servers_dir, owner: None };
        let (inside, outside) = (at(data_dir.to_owned()), at(Self::detached(data_dir)));
        for dir in [inside.socket(), outside.socket(), outside.servers_dir, inside.data_dir] {
            match fs::remove_dir_all(&dir) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    fn detached(data_dir: &Path) -> PathBuf {
        Path::new("/var/tmp").join(format!("iris-{}", digest(data_dir)))
    }
}

/// A short name for a path: it keeps two directories apart, and need not resist anybody (see `create_in_shared`).
fn digest(path: &Path) -> String {
    hex::encode(&Sha256::digest(path.as_os_str().as_encoded_bytes())[..8])
}

/// Whether every account may pass through a directory and all above it.
fn open_to_all(dir: &Path) -> bool {
    dir.ancestors().all(|dir| fs::metadata(dir).is_ok_and(|dir| dir.permissions().mode() & 0o001 != 0))
}

/// Creates a private directory under a path where everybody may write.
///
/// The name can be guessed, so somebody may have put a directory or link of theirs there. Only a real directory
/// that belongs to us or to the servers' account is taken; nobody else can make one that does.
fn create_in_shared(dir: &Path, owner: Option<Owner>) -> io::Result<()> {
    let own = geteuid().as_raw();
    match DirBuilder::new().mode(0o700).create(dir) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let found = fs::symlink_metadata(dir)?;
            let ours = found.uid() == own || owner.is_some_and(|owner| owner.uid == found.uid());
            if !found.is_dir() || !ours {
                return Err(io::Error::other("it belongs to somebody else"));
            }
            private_files::set_mode(dir, 0o700)?;
        }
        Err(error) => return Err(error),
    }
    match owner {
        Some(Owner { uid, gid }) => chown(dir, Some(uid), Some(gid)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_or_odd_path_gets_a_short_socket_directory() {
        let at =
            |path: &str| Layout { data_dir: path.into(), servers_dir: path.into(), owner: None }.socket();
        assert_eq!(at("/srv/iris"), Path::new("/srv/iris/run"));
        assert!(!at(&format!("/srv/{}", "long".repeat(30))).starts_with("/srv"));
        assert!(!at("/srv/with, comma").starts_with("/srv"));
        assert_ne!(at(&format!("/srv/{}", "a".repeat(120))), at(&format!("/srv/{}", "b".repeat(120))));
    }

    #[test]
    fn a_link_in_a_shared_directory_is_refused() {
        let dir = std::env::temp_dir().join(format!("iris-layout-{}", std::process::id()));
        std::os::unix::fs::symlink("/", &dir).unwrap();
        assert!(create_in_shared(&dir, None).is_err());
        fs::remove_file(&dir).unwrap();
    }
}
