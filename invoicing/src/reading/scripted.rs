//! Programs for tests, which answer what they are told to.

use std::cell::RefCell;

use super::programs::{Ended, Ending, NotRun, Programs, Run};

pub(super) type Answer = Result<Ended, NotRun>;

/// Answers every run by one function, and remembers what was run.
pub(super) struct Scripted {
    answer: Box<dyn Fn(&Run<'_>) -> Answer>,
    pub ran: RefCell<Vec<String>>,
}

impl Scripted {
    pub fn new(answer: impl Fn(&Run<'_>) -> Answer + 'static) -> Self {
        Self { answer: Box::new(answer), ran: RefCell::new(Vec::new()) }
    }
}

impl Programs for Scripted {
    fn run(&self, run: &Run<'_>) -> Result<Ended, NotRun> {
        self.ran.borrow_mut().push(format!("{} {}", run.program, run.arguments.join(" ")));
        (self.answer)(run)
    }

    fn has(&self, _program: &str) -> bool {
        true
    }
}

#[expect(clippy::unnecessary_wraps, reason = "an answer among others that fail")]
pub(super) fn wrote(output: impl Into<Vec<u8>>) -> Answer {
    Ok(Ended { output: output.into(), errors: String::new(), ending: Ending::Succeeded })
}

#[expect(clippy::unnecessary_wraps, reason = "an answer among others that fail")]
pub(super) fn said(errors: &str, ending: Ending) -> Answer {
    Ok(Ended { output: Vec::new(), errors: errors.to_owned(), ending })
}
