//! The programs that read pages, each run in a sandbox.

use std::{sync::Arc, time::Duration};

use invoicing::reading::{Bounds, Ended, Ending, NotRun, Programs, Run};
use platform::sandbox::{self, Limits, Program, RunError, Sandbox};
use tokio_util::sync::CancellationToken;

/// What reading needs, by the names that it is installed under.
const NEEDED: [&str; 3] = ["pdftotext", "pdftoppm", "tesseract"];

/// Processor time of a run that somebody waits for. Fifty pages of text take a second; a file that takes longer is one
/// of those that are small and inflate to gigabytes, and must not keep the door from others.
const DOOR_CPU_SECONDS_MAX: u32 = 3;

/// What this machine reads pages with; clones share it.
#[derive(Clone, Debug)]
pub struct Readers(Option<Arc<Sandbox>>);

impl Readers {
    /// Finds out what there is, and says what is missing. Blocks for some milliseconds; once per process.
    pub fn probe() -> Self {
        let sandbox = Sandbox::probe();
        if sandbox.is_complete() {
            tracing::info!("reading invoices: {}", sandbox.describe());
        } else {
            tracing::warn!("reading invoices: {}", sandbox.describe());
        }
        for program in NEEDED.into_iter().filter(|program| !sandbox.has(program)) {
            tracing::warn!(
                program,
                "is not installed: invoices that only it could read are held as needs_manual_entry"
            );
        }
        Self(Some(Arc::new(sandbox)))
    }

    /// A machine without any: XML and JSON are read, pages are held for a person.
    pub fn none() -> Self {
        Self(None)
    }

    /// While somebody waits for the answer.
    pub(super) fn at_the_door(&self) -> Runs {
        Runs { sandbox: self.0.clone(), stop: None }
    }

    /// By a worker, until `stop`.
    pub(super) fn in_the_background(&self, stop: CancellationToken) -> Runs {
        Runs { sandbox: self.0.clone(), stop: Some(stop) }
    }
}

/// Runs on one file.
pub struct Runs {
    sandbox: Option<Arc<Sandbox>>,
    /// Ends the run under way, and every further one.
    stop: Option<CancellationToken>,
}

impl Programs for Runs {
    fn run(&self, run: &Run<'_>) -> Result<Ended, NotRun> {
        let sandbox = self.sandbox.as_ref().ok_or(NotRun::Absent)?;
        let program = Program {
            name: run.program,
            arguments: run.arguments,
            environment: run.environment,
            limits: limits(run.bounds, self.stop.is_none()),
            niceness: run.niceness,
            stop: self.stop.as_ref(),
        };
        let ended = sandbox.run(&program, run.input).map_err(|error| match error {
            RunError::Absent(_) => NotRun::Absent,
            RunError::TimedOut(..) => NotRun::TimedOut,
            RunError::OutputTooLarge(..) => NotRun::OutputTooLarge,
            RunError::Cancelled(_) => NotRun::Cancelled,
            error @ RunError::Io(..) => NotRun::Broken(error.to_string()),
        })?;
        let ending = match ended.status {
            sandbox::Status::Exited(0) => Ending::Succeeded,
            sandbox::Status::Exited(_) => Ending::Failed,
            sandbox::Status::Killed(_) => Ending::Killed,
        };
        Ok(Ended { output: ended.output, errors: ended.errors, ending })
    }

    fn has(&self, program: &str) -> bool {
        self.sandbox.as_ref().is_some_and(|sandbox| sandbox.has(program))
    }
}

fn limits(bounds: Bounds, is_at_the_door: bool) -> Limits {
    let cpu_seconds_max = if is_at_the_door { DOOR_CPU_SECONDS_MAX } else { u32::MAX };
    Limits {
        memory_bytes: bounds.memory_bytes,
        cpu_seconds: bounds.cpu_seconds.min(cpu_seconds_max),
        wall_clock: Duration::from_secs(bounds.wall_seconds.into()),
        output_bytes: bounds.output_bytes,
        ..Limits::default()
    }
}
