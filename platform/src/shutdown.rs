//! Stopping on request.

use tokio::signal;
use tokio_util::sync::CancellationToken;

/// Exit code of a process that a second signal cut short (128 + SIGINT).
const EXIT_IMPATIENT: i32 = 130;

/// A token that SIGINT or SIGTERM cancels; a second signal ends the process at once.
///
/// Must be called within a runtime. What holds the token finishes its work in hand and returns.
///
/// # Errors
/// When the signal handlers cannot be installed.
pub fn on_signal() -> std::io::Result<CancellationToken> {
    let mut signals = Signals::install()?;
    let token = CancellationToken::new();
    let stop = token.clone();
    tokio::spawn(async move {
        signals.next().await;
        tracing::info!("stopping: finishing what is in hand; a second signal ends it at once");
        stop.cancel();
        signals.next().await;
        tracing::warn!("second signal: ending at once");
        std::process::exit(EXIT_IMPATIENT);
    });
    Ok(token)
}

#[cfg(unix)]
struct Signals {
    interrupt: signal::unix::Signal,
    terminate: signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn install() -> std::io::Result<Self> {
        use signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn install() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        let _ = signal::ctrl_c().await;
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_signal_cancels_the_token_and_leaves_the_process_running() {
        let token = on_signal().unwrap();
        assert!(!token.is_cancelled());
        // $PPID of the shell is this process.
        let sent = std::process::Command::new("sh").args(["-c", "kill -TERM $PPID"]).status().unwrap();
        assert!(sent.success());
        token.cancelled().await;
    }
}
