//! The keeper: the process that owns Postgres and NATS.
//!
//! It stands between the program and the servers so that these end when the program does, in whatever way: its
//! standard input is a pipe from the program, and the kernel closes that even after kill -9. Signals meant for the
//! program do not reach the servers, which must outlive the program's draining.
//!
//! Protocol: one line of JSON in (`Task`), one line of JSON out (`Report`), then end of input means stop, and one
//! more line out says that it is done.

use std::io::{BufRead as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, channel};

use serde::{Deserialize, Serialize};
use tokio::signal::unix::{SignalKind, signal};

use super::error::ServicesError;
use super::isolation::Isolation;
use super::layout::Layout;
use super::ports::Ports;
use super::secrets::Secrets;
use super::servers::Servers;
use super::{lock, server};

/// What the keeper shall do.
#[derive(Serialize, Deserialize)]
pub struct Task {
    /// Absolute, and there already.
    pub data_dir: PathBuf,
    /// How the servers run.
    pub isolation: Isolation,
    /// The directory of Postgres's programs; none: no Postgres.
    pub postgres_bin: Option<PathBuf>,
    /// nats-server; none: no NATS.
    pub nats_bin: Option<PathBuf>,
    /// Whether the directory goes when the servers have stopped.
    pub throw_away: bool,
}

/// What the keeper says: how the start went, and that it stopped.
#[derive(Serialize, Deserialize)]
pub enum Report {
    /// Both servers answer.
    Ready {
        /// Where.
        ports: Ports,
        /// With which passwords.
        secrets: Secrets,
    },
    /// Somebody else has the data directory.
    InUse,
    /// One line on what went wrong.
    Failed(String),
    /// After [`Report::Ready`]: the servers are gone. What is thrown away goes now.
    Stopped,
}

/// Runs until standard input ends. Must be called on the main thread (see `Isolation::server_command`).
pub fn run() -> ExitCode {
    // Caught and dropped: a service manager or a terminal may signal every process it knows.
    let _dropped = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()].map(signal);
    let mut line = String::new();
    let task: Task = match std::io::stdin().lock().read_line(&mut line).map(|_| serde_json::from_str(&line)) {
        Ok(Ok(task)) => task,
        _ => {
            return report(
                &Report::Failed("the keeper is started by iris itself".to_owned()),
                ExitCode::FAILURE,
            );
        }
    };
    let stop = watch_input();
    let code = keep(&task, &stop);
    if task.throw_away
        && let Err(error) = Layout::remove(&task.data_dir)
    {
        eprintln!("{} could not be removed: {error}", task.data_dir.display());
    }
    code
}

fn keep(task: &Task, stop: &Receiver<()>) -> ExitCode {
    let _lock = match lock::take(&task.data_dir) {
        Ok(lock) => lock,
        Err(ServicesError::InUse(_)) => return report(&Report::InUse, ExitCode::FAILURE),
        Err(error) => return report(&Report::Failed(error.to_string()), ExitCode::FAILURE),
    };
    let mut servers = match Servers::start(task) {
        Ok(servers) => servers,
        Err(error) => return report(&Report::Failed(error.to_string()), ExitCode::FAILURE),
    };
    let ready = Report::Ready { ports: servers.ports, secrets: servers.secrets.clone() };
    let code = servers.watch(stop, report(&ready, ExitCode::SUCCESS));
    servers.stop();
    servers.layout.remove_outside_socket();
    remove_urls(&task.data_dir);
    report(&Report::Stopped, code)
}

/// The receiver hears once, when standard input has ended.
fn watch_input() -> Receiver<()> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        while std::io::stdin().lock().read_line(&mut line).is_ok_and(|bytes| bytes > 0) {
            line.clear();
        }
        server::STOP.store(true, Ordering::Relaxed);
        // Nobody may be listening any longer; then there is nothing to stop.
        let _heard = sender.send(());
    });
    receiver
}

fn report(report: &Report, code: ExitCode) -> ExitCode {
    let text = serde_json::to_string(report).expect("strings and numbers always serialise");
    let mut output = std::io::stdout().lock();
    // A program that died meanwhile reads no report; the end of input tells the rest.
    if let Err(error) = writeln!(output, "{text}").and_then(|()| output.flush()) {
        eprintln!("the report was not read: {error}");
    }
    code
}

/// URLs of servers that are gone would only mislead.
fn remove_urls(data_dir: &Path) {
    for name in ["superuser.url", "nats.url", "logins.json"] {
        match std::fs::remove_file(data_dir.join(name)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => eprintln!("{name}: {error}"),
            _ => {}
        }
    }
}
