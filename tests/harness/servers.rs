//! A Postgres and a NATS of one test's own, to be killed at will.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::{iris_binary, until};

/// Private servers in a directory of their own; gone with this value.
pub struct PrivateServers {
    keeper: Child,
    /// Kept open: a program that cannot say anything any more ends.
    _said: BufReader<ChildStdout>,
    directory: PathBuf,
    /// Postgres, as superuser, database `iris`.
    pub database_url: String,
}

impl PrivateServers {
    /// Starts them.
    ///
    /// # Panics
    /// If they do not start.
    pub fn start(name: &str) -> Self {
        let directory = std::env::temp_dir().join(format!("iris-test-{name}-{}", std::process::id()));
        let mut keeper = Command::new(iris_binary())
            .args(["services", "--data-dir"])
            .arg(&directory)
            .env_remove("DATABASE_URL")
            .env_remove("NATS_URL")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("iris starts");
        // It says where they are once they answer.
        let mut line = String::new();
        let mut said = BufReader::new(keeper.stdout.take().expect("piped"));
        said.read_line(&mut line).expect("iris says where they are");
        let database_url =
            fs::read_to_string(directory.join("superuser.url")).expect("written").trim().to_owned();
        Self { keeper, _said: said, directory, database_url }
    }

    /// Kills Postgres without warning; the keeper starts it again on the same port. Its sessions may
    /// outlive it for a moment, as they do in life.
    pub async fn kill_postgres(&self) {
        let mut postmasters = Vec::new();
        until("postgres runs", async || {
            postmasters = processes_naming(&self.directory, "postgres");
            !postmasters.is_empty()
        })
        .await;
        for pid in postmasters {
            let _gone = kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
    }
}

impl Drop for PrivateServers {
    fn drop(&mut self) {
        let pid = Pid::from_raw(i32::try_from(self.keeper.id()).expect("a pid"));
        let _gone = kill(pid, Signal::SIGTERM);
        let _ended = self.keeper.wait();
        let _best_effort = fs::remove_dir_all(&self.directory);
    }
}

/// The processes of that program with the directory on their command line.
fn processes_naming(directory: &Path, program: &str) -> Vec<i32> {
    let directory = directory.to_string_lossy().into_owned();
    let entries = fs::read_dir("/proc").expect("a Linux machine").flatten();
    entries
        .filter_map(|entry| {
            let pid: i32 = entry.file_name().to_str()?.parse().ok()?;
            let command = fs::read(entry.path().join("cmdline")).ok()?;
            let command = String::from_utf8_lossy(&command).into_owned();
            let mut words = command.split('\0');
            let is_program = words.next()?.rsplit('/').next()? == program;
            (is_program && command.contains(&directory)).then_some(pid)
        })
        .collect()
}
