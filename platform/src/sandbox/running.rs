//! A program that runs: fed, read, watched, and killed when it must be.

use std::{
    io::{self, Read, Write as _},
    os::unix::process::ExitStatusExt as _,
    process::{Child, ChildStderr, ChildStdout, Command, ExitStatus},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};

use super::{Ended, Limits, Program, RunError, Status};

/// The most of stderr that is kept; more is read and dropped, so that the program does not wait.
const ERRORS_BYTES_MAX: u64 = 64 << 10;
/// How often we look whether we stop. Output wakes us by itself.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// How often we look whether a program that has closed its output has ended: at once, nearly always.
const REAP_EVERY: Duration = Duration::from_millis(1);

/// What the readers of its two outputs have to say, each once, at the end.
enum Heard {
    Output(io::Result<Vec<u8>>),
    Errors(Vec<u8>),
}

/// A program and its readers. Dropped, it is killed and reaped.
pub(super) struct Running {
    child: Child,
    heard: Receiver<Heard>,
}

impl Running {
    /// Starts it. Threads feed and read it, as it may fill one pipe while we wait at another.
    pub fn start(mut command: Command, input: &[u8], limits: &Limits) -> io::Result<Self> {
        let mut child = command.spawn()?;
        let mut stdin = child.stdin.take().expect("it was asked for");
        let stdout = child.stdout.take().expect("it was asked for");
        let stderr = child.stderr.take().expect("it was asked for");
        let (tell, heard) = mpsc::channel();
        let running = Self { child, heard };
        let input = input.to_vec();
        // A program may end without reading all of its input: its own affair. The thread ends with the pipe.
        thread::Builder::new().spawn(move || stdin.write_all(&input).ok())?;
        let (tell_errors, output_bytes) = (tell.clone(), limits.output_bytes);
        thread::Builder::new()
            .spawn(move || tell.send(Heard::Output(read_output(stdout, output_bytes))).ok())?;
        thread::Builder::new().spawn(move || tell_errors.send(Heard::Errors(read_errors(stderr))).ok())?;
        Ok(running)
    }

    /// Waits for its end, and makes one when its time or its room is over.
    pub fn finish(mut self, program: &Program<'_>) -> Result<Ended, RunError> {
        let name = || program.name.to_owned();
        let io = |error| RunError::Io(name(), error);
        let watch = Watch { program, deadline: Instant::now() + program.limits.wall_clock };
        let (mut output, mut errors) = (Vec::new(), Vec::new());
        loop {
            watch.look()?;
            match self.heard.recv_timeout(LOOK_EVERY) {
                Ok(Heard::Output(read)) => output = read.map_err(io)?,
                Ok(Heard::Errors(read)) => errors = read,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if output.len() > program.limits.output_bytes {
                return Err(RunError::OutputTooLarge(name(), program.limits.output_bytes));
            }
        }
        let status = loop {
            if let Some(status) = self.child.try_wait().map_err(io)? {
                break status;
            }
            watch.look()?;
            thread::sleep(REAP_EVERY);
        };
        Ok(Ended { output, errors: String::from_utf8_lossy(&errors).into_owned(), status: status_of(status) })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Reaped already: its number may be another's by now.
        if matches!(self.child.try_wait(), Ok(Some(_))) {
            return;
        }
        // Not SIGTERM: a program that a file has taken over would not listen. Bubblewrap's death takes all of
        // its namespace along.
        if let Ok(group) = i32::try_from(self.child.id()) {
            killpg(Pid::from_raw(group), Signal::SIGKILL).ok();
        }
        self.child.wait().ok();
    }
}

/// When to give up on a program.
struct Watch<'a> {
    program: &'a Program<'a>,
    deadline: Instant,
}

impl Watch<'_> {
    fn look(&self) -> Result<(), RunError> {
        let name = || self.program.name.to_owned();
        if self.program.stop.is_some_and(tokio_util::sync::CancellationToken::is_cancelled) {
            return Err(RunError::Cancelled(name()));
        }
        if Instant::now() >= self.deadline {
            return Err(RunError::TimedOut(name(), self.program.limits.wall_clock));
        }
        Ok(())
    }
}

/// One byte more than is allowed tells that there is more.
fn read_output(stdout: ChildStdout, bytes_max: usize) -> io::Result<Vec<u8>> {
    let mut output = Vec::new();
    let limit = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1);
    stdout.take(limit).read_to_end(&mut output)?;
    Ok(output)
}

fn read_errors(mut stderr: ChildStderr) -> Vec<u8> {
    let mut errors = Vec::new();
    let kept = stderr.by_ref().take(ERRORS_BYTES_MAX).read_to_end(&mut errors);
    if kept.is_ok() {
        io::copy(&mut stderr, &mut io::sink()).ok();
    }
    errors
}

fn status_of(status: ExitStatus) -> Status {
    match (status.code(), status.signal()) {
        (Some(code), _) => Status::Exited(code),
        (None, signal) => Status::Killed(signal.unwrap_or_default()),
    }
}
