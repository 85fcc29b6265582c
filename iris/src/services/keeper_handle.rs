//! The program's side of the keeper: starting it, hearing its report, letting it go.

use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, Command};

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
        let output = child.stdout.take().expect("stdout is piped");

        let text =
            serde_json::to_string(task).map_err(std::io::Error::other).on("describing", &task.data_dir)?;
        input.write_all(format!("{text}\n").as_bytes()).await.on("writing to", &program)?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line).await.on("reading from", &program)?;
        match serde_json::from_str(&line) {
            Ok(Report::Ready { ports, secrets }) => Ok((Self { child, input: Some(input) }, ports, secrets)),
            Ok(Report::InUse) => Err(ServicesError::InUse(task.data_dir.clone())),
            Ok(Report::Failed(reason)) => Err(ServicesError::Server(reason)),
            Err(_) => Err(ServicesError::Server(format!("the keeper ended early: {}", last_line(&log_path)))),
        }
    }

    /// Stops the servers and waits until they are gone.
    pub async fn stop(mut self) -> Result<(), ServicesError> {
        // More than Postgres, the slowest, is given by the keeper itself.
        const LIMIT: Duration = Duration::from_mins(1);
        drop(self.input.take());
        if let Ok(status) = tokio::time::timeout(LIMIT, self.child.wait()).await {
            return status.map(drop).on("waiting for", Path::new("the keeper"));
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
