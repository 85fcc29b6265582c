//! Peers from the registries of Python and npm: `tests/peers/appending`, installed on first use as their lock files pin them.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::Duration,
};

use anyhow::{Context as _, bail};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tokio::io::AsyncWriteExt as _;

use crate::run::target_directory;

const PYTHON_LOCK: &str = include_str!("../peers/appending/requirements.txt");
const NPM_MANIFEST: &str = include_str!("../peers/appending/package.json");
const NPM_LOCK: &str = include_str!("../peers/appending/package-lock.json");
/// Beyond what it was asked to append for, one that says nothing for so long is stuck.
const PATIENCE: Duration = Duration::from_mins(2);

/// A program that appends orders to its own event store.
pub struct PeerProgram {
    program: PathBuf,
    arguments: Vec<PathBuf>,
}

/// What it came to.
#[derive(Debug, Deserialize)]
pub struct Appended {
    pub events: u64,
    pub seconds: f64,
    /// How it went about it.
    pub how: String,
}

impl PeerProgram {
    /// `eventsourcing`, in a virtual environment.
    ///
    /// # Errors
    /// Where Python or its registry is not there.
    pub fn eventsourcing() -> anyhow::Result<Self> {
        let room = room("python", &[PYTHON_LOCK], |room| {
            run(Command::new("python3").args(["-m", "venv"]).arg(room))?;
            run(Command::new(room.join("bin/python"))
                .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
                // Nothing is built from source, and nothing is taken that is not pinned by its hash.
                .args(["--require-hashes", "--only-binary", ":all:", "-r"])
                .arg(folder().join("requirements.txt")))
        })?;
        // Isolated: neither the user's packages nor PYTHON… variables decide what is measured.
        let arguments = vec![PathBuf::from("-I"), folder().join("append.py")];
        Ok(Self { program: room.join("bin/python"), arguments })
    }

    /// `@event-driven-io/emmett-postgresql`, in a folder of modules.
    ///
    /// # Errors
    /// Where Node.js or its registry is not there.
    pub fn emmett() -> anyhow::Result<Self> {
        let script = fs::read_to_string(folder().join("append.mjs"))?;
        let room = room("npm", &[NPM_MANIFEST, NPM_LOCK, &script], |room| {
            fs::create_dir_all(room)?;
            // Node looks for modules from where the script lies.
            for file in ["package.json", "package-lock.json", "append.mjs"] {
                fs::copy(folder().join(file), room.join(file))?;
            }
            run(Command::new("npm")
                .args(["ci", "--silent", "--no-audit", "--no-fund"])
                // What is installed runs when it is called, and not before.
                .arg("--ignore-scripts")
                .current_dir(room))
        })?;
        Ok(Self { program: PathBuf::from("node"), arguments: vec![room.join("append.mjs")] })
    }

    /// Lets it append: see `tests/peers/appending/README.md` for what it is asked.
    pub async fn append(&self, asked: &Value, duration: Duration) -> anyhow::Result<Appended> {
        let mut child = tokio::process::Command::new(&self.program)
            .args(&self.arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let mut stdin = child.stdin.take().context("piped")?;
        // One that dies early does not read to the end; what it said is told below.
        let _unread = stdin.write_all(asked.to_string().as_bytes()).await;
        drop(stdin);
        let ended = tokio::time::timeout(duration + PATIENCE, child.wait_with_output()).await;
        let output = ended.with_context(|| format!("{} does not end", self.program.display()))??;
        expect_success(&self.program.display().to_string(), &output)?;
        serde_json::from_slice(&output.stdout).context("what a peer prints")
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/appending")
}

/// A folder of the target directory for that content of the lock files, filled where it is not yet.
fn room(
    name: &str,
    locks: &[&str],
    install: impl FnOnce(&Path) -> anyhow::Result<()>,
) -> anyhow::Result<PathBuf> {
    let sum = Sha256::digest(locks.concat());
    let room = target_directory()?.join(format!("bench-{name}-{}", hex::encode(&sum[..4])));
    let ready = room.join("ready");
    let lock = File::create(room.with_extension("lock"))?;
    lock.lock()?;
    if !ready.exists() {
        // What a broken-off attempt left is no ground to build on.
        if room.exists() {
            fs::remove_dir_all(&room)?;
        }
        install(&room)?;
        fs::write(ready, "")?;
    }
    Ok(room)
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().with_context(|| program.clone())?;
    expect_success(&program, &output)
}

fn expect_success(program: &str, output: &Output) -> anyhow::Result<()> {
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
    bail!("{program}: {}: {last}", output.status)
}
