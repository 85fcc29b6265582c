//! As whom, and how walled in, the servers run.
//!
//! Postgres refuses to run as root, and a server must not outlive the program that started it, even after
//! kill -9. On Linux one user and PID namespace gives both: inside, root is user 1000, and when the first
//! process of the namespace ends, the kernel ends all others. Where namespaces are forbidden, an ordinary user
//! gets plain child processes with a parent-death signal, and root hands the servers to another account.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use nix::unistd::{User, geteuid};
use serde::{Deserialize, Serialize};

use super::error::ServicesError;

/// An account that the servers' files belong to when it is not our own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
}

/// How the keeper and its servers run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Isolation {
    /// In a user and PID namespace of their own.
    Namespace,
    /// As ordinary children of the keeper.
    Plain,
    /// The keeper as root, the servers as this account.
    OtherUser(Owner),
}

const UNSHARE: [&str; 6] =
    ["--user", "--map-user=1000", "--map-group=1000", "--pid", "--fork", "--kill-child=SIGKILL"];

impl Isolation {
    /// Chooses, given whose the cluster's files are already (if there are any) and what the servers must reach.
    ///
    /// One data directory keeps one owner: Postgres refuses files that belong to somebody else, and inside a
    /// namespace root's files look like user 1000's.
    pub fn choose(
        data_dir: &Path,
        cluster_owner: Option<Owner>,
        programs: &[&Path],
    ) -> Result<Self, ServicesError> {
        let own = geteuid().as_raw();
        let wish = super::environment("IRIS_ISOLATION").unwrap_or_else(|| "auto".to_owned());
        let namespace = match wish.as_str() {
            "auto" => namespace_works(data_dir, programs),
            "namespace" => true,
            "plain" | "other-user" => false,
            _ => {
                return Err(ServicesError::Setting {
                    name: "IRIS_ISOLATION",
                    value: wish,
                    expected: "auto, namespace, plain or other-user",
                });
            }
        };
        let chosen = match (cluster_owner, own) {
            (Some(owner), 0) if owner.uid != 0 => Self::OtherUser(owner),
            (None, 0) if !namespace && cfg!(target_os = "linux") => Self::OtherUser(unprivileged_account()?),
            _ if namespace => Self::Namespace,
            _ => Self::Plain,
        };
        let (owner, runs_as) = match chosen {
            Self::OtherUser(owner) => (owner.uid, owner.uid),
            Self::Namespace | Self::Plain => (cluster_owner.map_or(own, |owner| owner.uid), own),
        };
        let root_cannot = own == 0 && chosen == Self::Plain && cfg!(target_os = "linux");
        if owner != runs_as || root_cannot {
            let wanted = if root_cannot { unprivileged_account()?.uid } else { runs_as };
            return Err(ServicesError::OtherOwner { data_dir: data_dir.to_owned(), owner, wanted });
        }
        Ok(chosen)
    }

    /// Whose the servers' files must be, when not our own.
    pub fn owner(self) -> Option<Owner> {
        match self {
            Self::OtherUser(owner) => Some(owner),
            Self::Namespace | Self::Plain => None,
        }
    }

    /// The command that starts the keeper.
    pub fn keeper_command(self, program: &Path) -> Command {
        if self != Self::Namespace {
            return Command::new(program);
        }
        let mut command = Command::new("unshare");
        command.args(UNSHARE).arg("--").arg(program);
        command
    }

    /// The command that runs a server, called in the keeper.
    ///
    /// Outside a namespace `setpriv` asks the kernel to interrupt the server when the keeper dies. The request
    /// hangs on the thread that starts the server: that must be the keeper's main thread.
    pub fn server_command(self, program: &Path) -> Command {
        let mut command = match self {
            Self::Plain if cfg!(target_os = "linux") && in_path("setpriv") => {
                let mut command = Command::new("setpriv");
                command.arg("--pdeathsig=INT").arg("--").arg(program);
                command
            }
            Self::Namespace | Self::Plain => Command::new(program),
            Self::OtherUser(Owner { uid, gid }) => {
                let mut command = Command::new("setpriv");
                // All of root's groups go too, or the servers would keep what those may read.
                command.arg(format!("--reuid={uid}")).arg(format!("--regid={gid}"));
                command
                    .arg("--clear-groups")
                    .arg("--no-new-privs")
                    .arg("--pdeathsig=INT")
                    .arg("--")
                    .arg(program);
                command
            }
        };
        // What libpq and initdb would read from the caller's shell has no business here.
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.as_encoded_bytes().starts_with(b"PG")) {
            command.env_remove(name);
        }
        command.env("LC_ALL", "C").env("TZ", "UTC").stdin(Stdio::null());
        command
    }
}

/// Whom a file belongs to; nothing when it is not there.
pub fn owner_of(path: &Path) -> Option<Owner> {
    fs::metadata(path).ok().map(|file| Owner { uid: file.uid(), gid: file.gid() })
}

/// Whether a program of this name is in PATH.
pub fn in_path(name: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join(name).is_file()))
}

/// Tries it, for there are many ways to forbid it. Root without its capabilities must also still reach the files.
fn namespace_works(data_dir: &Path, programs: &[&Path]) -> bool {
    if !cfg!(target_os = "linux") {
        return false;
    }
    let script = r#"test -w "$0" || exit 1; for program; do test -x "$program" || exit 1; done"#;
    Command::new("unshare")
        .args(UNSHARE)
        .args([OsStr::new("--"), OsStr::new("sh"), OsStr::new("-c"), OsStr::new(script)])
        .arg(data_dir)
        .args(programs)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn unprivileged_account() -> Result<Owner, ServicesError> {
    ["postgres", "nobody"]
        .iter()
        .find_map(|name| User::from_name(name).ok().flatten())
        .map(|user| Owner { uid: user.uid.as_raw(), gid: user.gid.as_raw() })
        .ok_or_else(|| ServicesError::Missing {
            program: "an account for Postgres",
            advice: "it cannot run as root, and there is neither a user postgres nor nobody".to_owned(),
        })
}
