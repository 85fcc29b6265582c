//! Installing the distribution's packages: Debian and Ubuntu, as root.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use super::error::{OnPath as _, ServicesError};

/// Whether this is root on a machine with apt.
pub fn possible() -> bool {
    let debian = fs::read_to_string("/etc/os-release").is_ok_and(|text| {
        text.lines()
            .filter(|line| line.starts_with("ID=") || line.starts_with("ID_LIKE="))
            .any(|line| line.contains("debian") || line.contains("ubuntu"))
    });
    debian && nix::unistd::geteuid().is_root() && super::isolation::in_path("apt-get")
}

/// Installs packages, trying twice: mirrors fail for a moment now and then.
///
/// Two programs of ours never run apt at once. The packages' own services are not started: on a machine that is
/// somebody's, a Postgres on 5432 and a NATS on 4222 that nobody asked for would be a nuisance.
pub fn install(packages: &[&str]) -> Result<(), ServicesError> {
    // In /run, where only root writes: in /tmp the name could be somebody's link.
    let lock_path = Path::new("/run/iris-apt.lock");
    let lock = File::create(lock_path).on("creating", lock_path)?;
    lock.lock().on("locking", lock_path)?;
    let _quiet = NoServiceStarts::begin()?;
    apt(packages).or_else(|_first| apt(packages))
}

fn apt(packages: &[&str]) -> Result<(), ServicesError> {
    run_apt(&["update"])?;
    let mut install =
        vec!["install", "-y", "--no-install-recommends", "-o", "Dpkg::Options::=--force-confold"];
    install.extend(packages);
    run_apt(&install)
}

fn run_apt(arguments: &[&str]) -> Result<(), ServicesError> {
    let failed = |detail: String| ServicesError::Install { what: "the distribution's packages", detail };
    let output = Command::new("apt-get")
        .args(["-q", "-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::Retries=2"])
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .env("UCF_FORCE_CONFFOLD", "1")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| failed(error.to_string()))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(failed(said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("apt-get failed").to_owned()))
}

/// While it lives, packages neither start their services nor create a cluster of their own.
struct NoServiceStarts {
    policy_is_ours: bool,
}

impl NoServiceStarts {
    const POLICY: &str = "/usr/sbin/policy-rc.d";

    fn begin() -> Result<Self, ServicesError> {
        let dir = Path::new("/etc/postgresql-common");
        let config = dir.join("createcluster.conf");
        fs::create_dir_all(dir).on("creating", dir)?;
        if !config.exists() {
            // An administrator's own file stays as it is.
            fs::write(&config, "create_main_cluster = false\n").on("writing", &config)?;
        }
        let policy = Path::new(Self::POLICY);
        let policy_is_ours = match File::create_new(policy) {
            Ok(_) => true,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => false,
            Err(error) => return Err(error).on("creating", policy),
        };
        let begun = Self { policy_is_ours };
        if policy_is_ours {
            fs::write(policy, "#!/bin/sh\nexit 101\n").on("writing", policy)?;
            fs::set_permissions(policy, fs::Permissions::from_mode(0o755)).on("writing", policy)?;
        }
        Ok(begun)
    }
}

impl Drop for NoServiceStarts {
    fn drop(&mut self) {
        if self.policy_is_ours
            && let Err(error) = fs::remove_file(Self::POLICY)
        {
            eprintln!("{} is still there and keeps services from starting: {error}", Self::POLICY);
        }
    }
}
