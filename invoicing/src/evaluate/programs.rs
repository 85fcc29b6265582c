//! Poppler and tesseract, run in the sandbox that this machine allows.

use std::time::Duration;

use invoicing::reading::{Ended, Ending, NotRun, Programs, Run};
use platform::sandbox::{Limits, Program, RunError, Sandbox};

/// Runs programs in a sandbox.
pub struct Sandboxed(Sandbox);

impl Sandboxed {
    /// Says on standard error what programs are kept from, and which are missing.
    pub fn probe() -> Self {
        let sandbox = Sandbox::probe();
        if !sandbox.is_complete() {
            eprintln!("{}", sandbox.describe());
        }
        for program in ["pdftotext", "pdftoppm", "tesseract"] {
            if !sandbox.has(program) {
                eprintln!("{program} is not installed: what needs it is read from word boxes, or not");
            }
        }
        Self(sandbox)
    }
}

impl Programs for Sandboxed {
    fn run(&self, run: &Run<'_>) -> Result<Ended, NotRun> {
        let limits = Limits {
            memory_bytes: run.bounds.memory_bytes,
            cpu_seconds: run.bounds.cpu_seconds,
            wall_clock: Duration::from_secs(run.bounds.wall_seconds.into()),
            output_bytes: run.bounds.output_bytes,
            ..Limits::default()
        };
        let program = Program {
            name: run.program,
            arguments: run.arguments,
            environment: run.environment,
            limits,
            niceness: run.niceness,
            stop: None,
        };
        let ended = self.0.run(&program, run.input).map_err(|error| match error {
            RunError::Absent(_) => NotRun::Absent,
            RunError::TimedOut(..) => NotRun::TimedOut,
            RunError::OutputTooLarge(..) => NotRun::OutputTooLarge,
            RunError::Cancelled(_) => NotRun::Cancelled,
            RunError::Io(..) => NotRun::Broken(error.to_string()),
        })?;
        let ending = match ended.status {
            platform::sandbox::Status::Exited(0) => Ending::Succeeded,
            platform::sandbox::Status::Exited(_) => Ending::Failed,
            platform::sandbox::Status::Killed(_) => Ending::Killed,
        };
        Ok(Ended { output: ended.output, errors: ended.errors, ending })
    }

    fn has(&self, program: &str) -> bool {
        self.0.has(program)
    }
}
