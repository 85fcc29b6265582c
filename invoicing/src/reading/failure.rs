//! Why nothing was read.

use crate::refusal::Refusal;

use super::programs::{Ended, Ending, NotRun, Programs, Run};

/// Why nothing was read. Only a refusal is the file's fault; after the others it may be read later.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The file is to blame; trying again changes nothing.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Something that reading needs is not installed; once it is, the file can be read.
    #[error("{0} is not installed, and reading this file needs it")]
    Absent(&'static str),
    /// The clock ran out long before the processor time did: the machine was busy.
    #[error("{0} did not get done in time; the machine is busy")]
    TimedOut(&'static str),
    /// The caller stops.
    #[error("reading was interrupted")]
    Cancelled,
    /// The machine did not let a program run.
    #[error("{program} could not be run: {reason}")]
    Broken {
        /// Which one.
        program: &'static str,
        /// In the machine's words.
        reason: String,
    },
}

/// Runs a program. One that was ended for what it takes, or fell, refuses the file.
pub(super) fn run(programs: &dyn Programs, run: &Run<'_>) -> Result<Ended, Failure> {
    let program = run.program;
    let ended = programs.run(run).map_err(|not_run| match not_run {
        NotRun::Absent => Failure::Absent(program),
        NotRun::TimedOut => Failure::TimedOut(program),
        NotRun::OutputTooLarge => Refusal::TooCostly.into(),
        NotRun::Cancelled => Failure::Cancelled,
        NotRun::Broken(reason) => Failure::Broken { program, reason },
    })?;
    // Tried again it would cost as much and end as it did.
    if ended.ending == Ending::Killed || ended.errors.contains("Out of memory") {
        return Err(Refusal::TooCostly.into());
    }
    Ok(ended)
}

/// The last thing that a program said, for people.
pub(super) fn last_line(errors: &str) -> String {
    errors.lines().last().unwrap_or("the reader stopped").chars().take(200).collect()
}
