//! Running a program on bytes that a stranger sent: input by stdin, output by stdout, and nothing else.
//!
//! Readers of old formats are large C programs, and sooner or later one of them has a fault that a file can
//! use. So each run gets a process of its own that can reach nothing (see `confine`), may take so much and no
//! more ([`Limits`]), and is gone when [`Sandbox::run`] returns.

mod confine;
mod limits;
mod running;
#[cfg(test)]
mod tests;

use std::{ffi::OsString, os::unix::fs::PermissionsExt as _, path::Path, time::Duration};

use tokio_util::sync::CancellationToken;

pub use limits::Limits;

/// What this machine lets us keep programs from.
#[derive(Clone, Debug)]
pub struct Sandbox {
    /// Bubblewrap works: no network, no files, no other processes.
    isolates: bool,
    /// prlimit works: bounds on processor time, memory and files.
    limits: bool,
    /// Where programs are looked for.
    path: OsString,
}

/// A program and how it is to run.
#[derive(Clone, Debug)]
pub struct Program<'a> {
    /// Its name, looked for in the usual folders; never a path from outside.
    pub name: &'a str,
    /// Its arguments. A stranger's bytes belong into the input, not here.
    pub arguments: &'a [&'a str],
    /// All that it finds in its environment, beside `PATH`: ours has passwords in it.
    pub environment: &'a [(&'a str, &'a str)],
    /// What it may take.
    pub limits: Limits,
    /// Above 0, the processor goes to others first; 10 for work that nobody waits for.
    pub niceness: u8,
    /// Once cancelled, the program is killed: a process that stops need not wait for it.
    pub stop: Option<&'a CancellationToken>,
}

/// What came of a program that ran to its end, or into a limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// All of its stdout.
    pub output: Vec<u8>,
    /// The first 64 KiB of its stderr.
    pub errors: String,
    /// How it ended.
    pub status: Status,
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// By itself, with this code.
    Exited(i32),
    /// By this signal: a limit that it ran into, or a fault of its own.
    Killed(i32),
}

impl Ended {
    /// Whether the program says that all went well.
    pub fn is_success(&self) -> bool {
        self.status == Status::Exited(0)
    }
}

/// Why there is no end of a program to tell of.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// It is not installed.
    #[error("{0} is not installed")]
    Absent(String),
    /// It was killed when its time on the clock was over; a busy machine may be the reason.
    #[error("{0} was ended after {1:?}")]
    TimedOut(String, Duration),
    /// It was killed because it wrote more than was allowed.
    #[error("{0} wrote more than {1} bytes")]
    OutputTooLarge(String, usize),
    /// It was killed because we stop.
    #[error("{0} was ended because we stop")]
    Cancelled(String),
    /// It did not start, or its sandbox could not be set up. The input is not to blame.
    #[error("{0} could not be run: {1}")]
    Io(String, std::io::Error),
}

impl Sandbox {
    /// Finds out what works here, by running `true` in it. Blocks for some milliseconds; once per process.
    pub fn probe() -> Self {
        let path = std::env::var_os("PATH").unwrap_or_else(|| confine::PATH.into());
        let candidates = [(true, true), (true, false), (false, true)];
        let bare = Self { isolates: false, limits: false, path };
        let all = candidates.map(|(isolates, limits)| Self { isolates, limits, ..bare.clone() });
        all.into_iter().find(Self::works).unwrap_or(bare)
    }

    fn works(&self) -> bool {
        let program = Program {
            name: "true",
            arguments: &[],
            environment: &[],
            limits: Limits { wall_clock: Duration::from_secs(10), ..Limits::default() },
            niceness: 0,
            stop: None,
        };
        self.run(&program, &[]).is_ok_and(|ended| ended.is_success())
    }

    /// Whether programs are kept from the network, from files and from each other, and bounded in what they
    /// take. A service says so at its start when they are not.
    pub fn is_complete(&self) -> bool {
        self.isolates && self.limits
    }

    /// One sentence: what programs are kept from, and what not.
    pub fn describe(&self) -> &'static str {
        match (self.isolates, self.limits) {
            (true, true) => {
                "programs run under bubblewrap, without network and files, within limits on time and memory"
            }
            (true, false) => {
                "programs run under bubblewrap, without network and files, but prlimit does not work here: \
                 only the clock bounds what they take"
            }
            (false, true) => {
                "bubblewrap is missing or not allowed here: programs run within limits on time and memory, \
                 but can read files and reach the network"
            }
            (false, false) => {
                "neither bubblewrap nor prlimit works here: only the clock bounds programs, and they can \
                 read files and reach the network"
            }
        }
    }

    /// Whether a program of this name is installed, at this moment.
    pub fn has(&self, program: &str) -> bool {
        let is_there = |folder: &Path| {
            let file = folder.join(program).metadata();
            file.is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
        };
        std::env::split_paths(self.program_path()).any(|folder| is_there(&folder))
    }

    /// Runs a program on `input` until it ends. Blocks: call it from `spawn_blocking`.
    ///
    /// When this returns, the program and (under bubblewrap) whatever it started are gone.
    ///
    /// # Errors
    /// When it is not installed, cannot be run, runs or writes for too long, or we stop. A program that a limit
    /// on processor time, memory or files ended is no error: see [`Status::Killed`].
    pub fn run(&self, program: &Program<'_>, input: &[u8]) -> Result<Ended, RunError> {
        if !self.has(program.name) {
            return Err(RunError::Absent(program.name.to_owned()));
        }
        let io = |error| RunError::Io(program.name.to_owned(), error);
        let running = running::Running::start(self.command(program), input, &program.limits).map_err(io)?;
        let mut ended = running.finish(program)?;
        ended.status = self.own_status(ended.status);
        if let Some(complaint) = Self::complaint(&ended) {
            return Err(io(std::io::Error::other(complaint)));
        }
        Ok(ended)
    }
}
