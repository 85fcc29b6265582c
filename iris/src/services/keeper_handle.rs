//! The program's side of the keeper: starting it, hearing its report, letting it go.

use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::error::{OnPath as _, ServicesError};
use super::keeper::{Report, Task};
use super::ports::Ports;
use super::private_files;
use super::secrets::Secrets;
use super::server::last_line;

/// A running keeper. Dropping it closes its input, and it stops by itself.
pub struct KeeperHandle {
    child: Child,
    /// Its end is the order to stop.
    input: Option<ChildStdin>,
    reports: BufReader<ChildStdout>,
}

impl KeeperHandle {
    /// Starts a keeper and waits until its servers answer.
    pub async fn start(task: &Task) -> Result<(Self, Ports, Secrets), ServicesError> {
        let log_path = task.data_dir.join("keeper.log");
        let log = private_files::open_log(&log_path).on("opening", &log_path)?;
        let program = std::env::current_exe().on("finding", Path::new("iris"))?;
        let mut command = Command::from(task.isolation.keeper_command(&program));
        command.arg("services-keeper").arg(&task.data_dir);
        // A process group of its own: Ctrl-C in the terminal reaches the program, not the servers below it.
        command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log);
        let mut child = command.spawn().on("starting", &program)?;
        let mut input = child.stdin.take().expect("stdin is piped");
        let mut reports = BufReader::new(child.stdout.take().expect("stdout is piped"));

        let text =
            serde_json::to_string(task).map_err(std::io::Error::other).on("describing", &task.data_dir)?;
        input.write_all(format!("{text}\n").as_bytes()).await.on("writing to", &program)?;
        let mut line = String::new();
        reports.read_line(&mut line).await.on("reading from", &program)?;
        match serde_json::from_str(&line) {
            Ok(Report::Ready { ports, secrets }) => {
                Ok((Self { child, input: Some(input), reports }, ports, secrets))
            }
            Ok(Report::InUse) => Err(ServicesError::InUse(task.data_dir.clone())),
            Ok(Report::Failed(reason)) => Err(ServicesError::Server(reason)),
            Ok(Report::Stopped) | Err(_) => {
                Err(ServicesError::Server(format!("the keeper ended early: {}", last_line(&log_path))))
            }
        }
    }

    /// Stops the servers and waits until they are gone, and their files where those are thrown away.
    pub async fn stop(mut self) -> Result<(), ServicesError> {
        // More than Postgres, the slowest, is given by the keeper itself.
        const LIMIT: Duration = Duration::from_mins(1);
        drop(self.input.take());
        // A line, or the end of its output: it says or does nothing more but remove files, which takes a disk its time.
        if tokio::time::timeout(LIMIT, self.reports.read_line(&mut String::new())).await.is_ok() {
            return self.child.wait().await.map(drop).on("waiting for", Path::new("the keeper"));
        }
        // The namespace, or the parent-death signal, takes the servers along.
        self.child.kill().await.on("ending", Path::new("the keeper"))?;
        Err(ServicesError::Server("the servers did not stop within a minute and were killed".to_owned()))
    }

    /// Resolves when the keeper has given up: not before `stop` unless a server dies again and again.
    pub async fn ended(&mut self) -> std::io::Result<ExitStatus> {
        // wait() of the child would close its input; keeping that elsewhere prevents it.
        self.child.wait().await
    }
}
