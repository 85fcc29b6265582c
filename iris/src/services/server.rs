//! A server process: waiting until it answers, and ending it for sure.

use std::path::Path;
use std::process::{Child, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::error::ServicesError;

/// Set once the keeper has been told to end: nothing is waited for any longer.
pub static STOP: AtomicBool = AtomicBool::new(false);

const POLL: Duration = Duration::from_millis(10);

/// Waits until `ready` says so.
///
/// # Errors
/// When the server ends first, or `limit` is over; both name the log.
pub fn wait_until_ready(
    name: &str,
    child: &mut Child,
    log: &Path,
    limit: Duration,
    mut ready: impl FnMut() -> bool,
) -> Result<(), ServicesError> {
    let deadline = Instant::now() + limit;
    loop {
        if let Ok(Some(status)) = child.try_wait() {
            return Err(ServicesError::Server(format!(
                "{name} ended at its start ({status}): {}",
                last_line(log)
            )));
        }
        if ready() {
            return Ok(());
        }
        if STOP.load(Ordering::Relaxed) {
            return Err(ServicesError::Server(format!("{name} was told to stop before it had started")));
        }
        if Instant::now() > deadline {
            let seconds = limit.as_secs();
            return Err(ServicesError::Server(format!(
                "{name} did not answer within {seconds} s: {}",
                last_line(log)
            )));
        }
        sleep(POLL);
    }
}

/// Sends each signal in turn and gives the server that long to end; the last one should be SIGKILL.
pub fn stop(child: &mut Child, signals: &[(Signal, Duration)]) {
    for (signal, limit) in signals {
        if signal_child(child, *signal).is_err() || wait(child, *limit).is_some() {
            return;
        }
    }
}

fn signal_child(child: &Child, signal: Signal) -> nix::Result<()> {
    let pid = i32::try_from(child.id()).expect("Linux and macOS pids fit in 31 bits");
    kill(Pid::from_raw(pid), signal)
}

fn wait(child: &mut Child, limit: Duration) -> Option<ExitStatus> {
    let deadline = Instant::now() + limit;
    loop {
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status);
        }
        if Instant::now() > deadline {
            return None;
        }
        sleep(POLL);
    }
}

/// The last line of a log, and where to read the rest.
pub fn last_line(log: &Path) -> String {
    let text = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let line = text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("no word in its log").trim();
    format!("{line} (see {})", log.display())
}
