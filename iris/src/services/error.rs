//! What can keep the services from starting, each in one line that says what to do.

use std::io;
use std::path::{Path, PathBuf};

/// Why Postgres and NATS are not there.
#[derive(Debug, thiserror::Error)]
pub enum ServicesError {
    /// Another program runs on the same data directory.
    #[error("{} is in use by another iris that is still running; stop it, or set IRIS_DATA_DIR", .0.display())]
    InUse(PathBuf),
    /// The cluster's files belong to an account that this program cannot run Postgres as.
    #[error("the cluster in {} belongs to user id {owner}, but Postgres would run as {wanted}; start iris as that user, or set IRIS_DATA_DIR", .data_dir.display())]
    OtherOwner {
        /// The data directory.
        data_dir: PathBuf,
        /// Whose the files are.
        owner: u32,
        /// Whom Postgres would run as.
        wanted: u32,
    },
    /// The cluster was made by a major version whose programs are not here.
    #[error("the cluster in {} was made by PostgreSQL {major}, whose programs are not on this machine; set IRIS_PG_BIN, or remove the directory to start afresh", .data_dir.display())]
    OtherMajor {
        /// The data directory.
        data_dir: PathBuf,
        /// The major version that made it.
        major: u32,
    },
    /// A program is missing and may not, or cannot, be installed.
    #[error("{program} was not found: {advice}")]
    Missing {
        /// What is missing.
        program: &'static str,
        /// What would help.
        advice: String,
    },
    /// A setting has a value that means nothing.
    #[error("{name}={value} is not valid: {expected}")]
    Setting {
        /// The environment variable.
        name: &'static str,
        /// What it says.
        value: String,
        /// What it may say.
        expected: &'static str,
    },
    /// An installation failed.
    #[error("installing {what} failed: {detail}")]
    Install {
        /// The package.
        what: &'static str,
        /// The last line of the installer, or what was wrong with the download.
        detail: String,
    },
    /// A server did not start or ended early.
    #[error("{0}")]
    Server(String),
    /// A file or a program could not be used.
    #[error("{action} {}: {cause}", .path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said. Not named `source`: it is in the line already.
        cause: io::Error,
    },
    /// The database refused the set-up of roles.
    #[error("setting up the database's roles failed")]
    Database(#[from] sqlx::Error),
}

/// Names the file in an I/O error: "No such file or directory" alone helps nobody.
pub trait OnPath<T> {
    /// `action` is a verb in the -ing form: "creating", "reading".
    fn on(self, action: &'static str, path: &Path) -> Result<T, ServicesError>;
}

impl<T> OnPath<T> for io::Result<T> {
    fn on(self, action: &'static str, path: &Path) -> Result<T, ServicesError> {
        self.map_err(|cause| ServicesError::Io { action, path: path.to_owned(), cause })
    }
}
