//! What is asked of whoever runs programs.

/// Runs poppler's and tesseract's programs, within bounds.
pub trait Programs {
    /// Runs one until it ends.
    ///
    /// # Errors
    /// When there is no end of it to tell of.
    fn run(&self, run: &Run<'_>) -> Result<Ended, NotRun>;

    /// Whether it is installed.
    fn has(&self, program: &str) -> bool;
}

/// One run of a program.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// Its name.
    pub program: &'static str,
    /// Its arguments; nothing in them comes from the file.
    pub arguments: &'a [&'a str],
    /// What it is to find in its environment.
    pub environment: &'a [(&'a str, &'a str)],
    /// What it reads from stdin.
    pub input: &'a [u8],
    /// What it may take.
    pub bounds: Bounds,
    /// How far it steps back behind others on the processor: 0 where somebody waits, 10 for OCR.
    pub niceness: u8,
}

/// What one run may take. An ordinary page needs a tenth of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Address space.
    pub memory_bytes: u64,
    /// Processor time.
    pub cpu_seconds: u32,
    /// Time on the clock: several times the processor's, for machines that are busy.
    pub wall_seconds: u32,
    /// What it may write to stdout.
    pub output_bytes: usize,
}

/// How a program ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// All of its stdout.
    pub output: Vec<u8>,
    /// The beginning of its stderr.
    pub errors: String,
    /// By itself or not.
    pub ending: Ending,
}

/// The kinds of ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It says that all went well.
    Succeeded,
    /// It says that something is wrong.
    Failed,
    /// A signal ended it: it ran into a bound, or fell over the file.
    Killed,
}

/// Why a program came to no end of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotRun {
    /// Not installed.
    Absent,
    /// Ended when its time on the clock was over.
    TimedOut,
    /// Ended because it wrote more than it may.
    OutputTooLarge,
    /// Ended because the caller stops.
    Cancelled,
    /// The machine did not let it run, in words.
    Broken(String),
}
