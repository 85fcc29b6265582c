//! What a program may take.

use std::time::Duration;

/// Bounds of one run. The kernel holds a program to all but the last two, which we do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Address space. A small file can claim a large picture; its memory is asked for and refused.
    pub memory_bytes: u64,
    /// Processor time in seconds. What loops for ever is ended here, however busy the machine is.
    pub cpu_seconds: u32,
    /// The largest file that may be written. Under bubblewrap only /tmp can be written; without it, this
    /// keeps a disk from being filled by one file.
    pub file_bytes: u64,
    /// Processes and threads of its user. No fork bomb; readers need one. The kernel does not hold root to it.
    pub processes: u32,
    /// Open files. Readers need a dozen for their libraries and fonts.
    pub open_files: u32,
    /// Time on the clock. What sleeps or waits takes no processor time, and holds our thread all the same.
    pub wall_clock: Duration,
    /// Bytes of stdout, all of which we hold in memory.
    pub output_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes: 1 << 30,
            cpu_seconds: 30,
            file_bytes: 64 << 20,
            processes: 64,
            open_files: 64,
            wall_clock: Duration::from_mins(2),
            output_bytes: 64 << 20,
        }
    }
}
