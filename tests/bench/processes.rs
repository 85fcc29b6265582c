//! What other processes cost, from `/proc`; nothing where there is none.

use std::fs;

/// The kernel's unit of CPU time in `/proc`: a hundredth of a second on every architecture Rust runs on.
const TICKS_PER_SECOND: f64 = 100.0;

/// One process as `/proc/<pid>/stat` has it.
#[derive(Clone, Copy)]
struct Stat {
    pid: u32,
    parent: u32,
    /// Its own.
    ticks: u64,
    /// Of its children that ended.
    ended_ticks: u64,
}

/// CPU seconds of one process so far.
pub fn cpu_seconds(pid: u32) -> f64 {
    stat(pid).map_or(f64::NAN, |stat| seconds(stat.ticks))
}

/// CPU seconds of a process and all its children so far, those that ended included.
pub fn tree_cpu_seconds(root: u32) -> f64 {
    let Some(top) = stat(root) else { return f64::NAN };
    let children = all().filter(|stat| stat.parent == root).map(|stat| stat.ticks);
    seconds(top.ticks + top.ended_ticks + children.sum::<u64>())
}

/// Resident memory in MiB, now and at its highest.
pub fn resident_mib(pid: u32) -> Option<(f64, f64)> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let field = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name))?;
        let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
        Some(kib / 1_024.0)
    };
    Some((field("VmRSS:")?, field("VmHWM:")?))
}

/// The server that runs on a data directory. Asked of the command line: the server's own word on its pid
/// may count in a namespace of its own.
pub fn postmaster(data_directory: &str) -> Option<u32> {
    all().map(|stat| stat.pid).find(|pid| {
        let Ok(line) = fs::read(format!("/proc/{pid}/cmdline")) else { return false };
        let mut words = line.split(|byte| *byte == 0);
        let is_postgres = words.next().is_some_and(|program| program.ends_with(b"/postgres"));
        is_postgres && words.any(|word| word == data_directory.as_bytes())
    })
}

fn all() -> impl Iterator<Item = Stat> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter_map(stat)
}

fn stat(pid: u32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the program's name in brackets and may hold anything, brackets too.
    let (_, rest) = text.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let number = |place: usize| fields.get(place)?.parse::<u64>().ok();
    Some(Stat {
        pid,
        parent: fields.get(1)?.parse().ok()?,
        ticks: number(11)? + number(12)?,
        ended_ticks: number(13)? + number(14)?,
    })
}

fn seconds(ticks: u64) -> f64 {
    crate::statistics::real(ticks) / TICKS_PER_SECOND
}
