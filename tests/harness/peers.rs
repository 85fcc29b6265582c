//! Programs of other people, in Python, that judge what Iris sends: `tests/peers`.
//!
//! Their versions and hashes are pinned in `tests/peers/requirements.txt`; the environment is made once
//! per target directory and content of that file.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};

/// What is installed, and nothing else.
const REQUIREMENTS: &str = include_str!("../peers/requirements.txt");
/// A peer that says nothing for so long is stuck, whatever the machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// Runs `tests/peers/<script>.py` with `input` as JSON on its standard input; returns the JSON that it prints.
///
/// # Panics
/// If the environment cannot be made, or the script fails: with all that it said.
pub async fn python(script: &str, input: &Value) -> Value {
    let python = tokio::task::spawn_blocking(environment).await.expect("the environment can be made");
    let mut child = tokio::process::Command::new(python)
        // Isolated: neither the user's packages nor PYTHON… variables decide what is tested.
        .arg("-I")
        .arg(folder().join(script).with_extension("py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("python starts");
    let mut stdin = child.stdin.take().expect("piped");
    // A script that dies early does not read to the end; what it said is told below.
    let _unread = stdin.write_all(input.to_string().as_bytes()).await;
    drop(stdin);
    let ended = tokio::time::timeout(PATIENCE, child.wait_with_output()).await;
    let output =
        ended.unwrap_or_else(|_| panic!("{script}.py does not end")).expect("its output can be read");
    let (said, complaint) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{script}.py: {}\n{said}\n{complaint}", output.status);
    serde_json::from_str(&said).unwrap_or_else(|error| panic!("{script}.py: {error}\n{said}\n{complaint}"))
}

/// A script of `tests/peers` that goes on until this value is dropped.
pub struct Peer {
    /// The first line that it printed: JSON.
    pub said: Value,
    /// Ends when its standard input does.
    _child: tokio::process::Child,
}

/// Starts `tests/peers/<script>.py` and waits for the first line that it prints.
///
/// # Panics
/// If the environment cannot be made, or the script ends instead.
pub async fn python_server(script: &str) -> Peer {
    let python = tokio::task::spawn_blocking(environment).await.expect("the environment can be made");
    let mut child = tokio::process::Command::new(python)
        .arg("-I")
        .arg(folder().join(script).with_extension("py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("python starts");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let line = tokio::time::timeout(PATIENCE, lines.next_line()).await;
    let line = line.unwrap_or_else(|_| panic!("{script}.py says nothing")).expect("its output can be read");
    let line = line.unwrap_or_else(|| panic!("{script}.py ends without a word"));
    let said = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{script}.py: {error}\n{line}"));
    Peer { said, _child: child }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("peers")
}

/// The Python of the environment, which is made where it is missing; tests in other processes wait for it.
fn environment() -> PathBuf {
    let test = std::env::current_exe().expect("a test has a path");
    let target = test.ancestors().nth(3).expect("target/<profile>/deps/<test>");
    let sum = Sha256::digest(REQUIREMENTS);
    let room = target.join(format!("peers-{:02x}{:02x}{:02x}{:02x}", sum[0], sum[1], sum[2], sum[3]));
    let (python, ready) = (room.join("bin/python"), room.join("ready"));
    let lock = File::create(room.with_extension("lock")).expect("a lock file");
    lock.lock().expect("the other test ends");
    if !ready.exists() {
        install(&room, &python);
        fs::write(ready, "").expect("writable");
    }
    python
}

fn install(room: &Path, python: &Path) {
    // What a broken-off attempt left is no ground to build on.
    if room.exists() {
        fs::remove_dir_all(room).expect("removable");
    }
    run(Command::new("python3").args(["-m", "venv"]).arg(room));
    run(Command::new(python)
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
        // Nothing is built from source, and nothing is taken that is not pinned by its hash.
        .args(["--require-hashes", "--only-binary", ":all:", "-r"])
        .arg(folder().join("requirements.txt")));
}

fn run(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().expect("python3 with venv is installed");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}\n{said}", output.status);
}
