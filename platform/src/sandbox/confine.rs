//! The command line that keeps a program in.

use std::{
    ffi::{OsStr, OsString},
    os::unix::process::CommandExt as _,
    process::{Command, Stdio},
};

use super::{Ended, Limits, Program, Sandbox, Status};

/// Folders of programs in a sandbox, and where we know no other.
pub(super) const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// Only these exist in a sandbox, and none can be written: programs and their libraries (`/usr`, and the old
/// names that point into it), which libraries are where, which of several programs is meant, and fonts.
const READ_ONLY: [&str; 7] = [
    "/bin",
    "/lib",
    "/lib64",
    "/etc/ld.so.cache",
    "/etc/alternatives",
    "/etc/fonts",
    "/var/cache/fontconfig",
];

/// The largest file that is read, and as much again.
const TMP_BYTES_MAX: &str = "67108864";

/// First words of stderr when the confinement failed, and not the program in it.
const OURS: [&str; 3] = ["bwrap: ", "prlimit: ", "nice: "];

impl Sandbox {
    /// Where programs are looked for.
    pub(super) fn program_path(&self) -> &OsStr {
        if self.isolates { OsStr::new(PATH) } else { &self.path }
    }

    /// `nice … bwrap … prlimit … program …`, as far as each works here.
    pub(super) fn command(&self, program: &Program<'_>) -> Command {
        let mut words: Vec<OsString> = Vec::new();
        if program.niceness > 0 && self.has("nice") {
            words.extend(["nice", "-n"].map(OsString::from));
            words.push(program.niceness.to_string().into());
        }
        if self.isolates {
            words.extend(isolation(program.environment));
        }
        // Inside the sandbox, since building it takes processes and files of its own.
        if self.limits {
            words.extend(prlimit(&program.limits));
        }
        words.push(program.name.into());
        words.extend(program.arguments.iter().map(OsString::from));
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]);
        // The variables of our own environment hold the passwords of databases and providers.
        command.env_clear().env("PATH", self.program_path());
        if !self.isolates {
            command.envs(program.environment.iter().copied());
        }
        // No name in an argument is taken from where we happen to run.
        command.current_dir("/");
        // A group of its own: what it starts is killed with it, and Ctrl-C in a terminal is ours to handle.
        command.process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Bubblewrap stays in between, and tells by its exit code which signal ended the program.
    pub(super) fn own_status(&self, status: Status) -> Status {
        match status {
            Status::Exited(code @ 129..=192) if self.isolates => Status::Killed(code - 128),
            other => other,
        }
    }

    /// What nice, bubblewrap or prlimit has to say when it did not get as far as the program: a file must not
    /// be blamed for a machine that has no namespace left.
    pub(super) fn complaint(ended: &Ended) -> Option<String> {
        let is_ours = !ended.is_success() && OURS.iter().any(|name| ended.errors.starts_with(name));
        is_ours.then(|| ended.errors.lines().next().unwrap_or_default().to_owned())
    }
}

fn isolation(environment: &[(&str, &str)]) -> Vec<OsString> {
    let mut words = vec![
        "bwrap",
        // Namespaces of its own: no network (not even ours on 127.0.0.1), no sight of other processes, no shared
        // memory or message queues, and a user that is nobody outside.
        "--unshare-all",
        // If we die, it dies.
        "--die-with-parent",
        // Not our terminal: what is typed into it (TIOCSTI) could otherwise come from the program.
        "--new-session",
        // No capability, though root inside may look like root.
        "--cap-drop",
        "ALL",
        // Nothing of our environment, not even of bubblewrap's own.
        "--clearenv",
        "--setenv",
        "PATH",
        PATH,
    ];
    for (name, value) in environment {
        words.extend(["--setenv", name, value]);
    }
    words.extend(["--ro-bind", "/usr", "/usr"]);
    for path in READ_ONLY {
        words.extend(["--ro-bind-try", path, path]);
    }
    // Its own processes alone, and /dev/null and the like. Then the root and /dev, which are in memory, are
    // closed for writing: memory that is filled through them would be nobody's. Only /tmp can be written.
    words.extend(["--proc", "/proc", "--dev", "/dev"]);
    // /tmp is memory, which no limit on the program counts: so much of it and no more. Poppler keeps there what it
    // is given by stdin.
    words.extend(["--size", TMP_BYTES_MAX, "--tmpfs", "/tmp"]);
    words.extend(["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/", "--"]);
    words.into_iter().map(OsString::from).collect()
}

fn prlimit(limits: &Limits) -> Vec<OsString> {
    let cpu = limits.cpu_seconds;
    let words = [
        "prlimit".to_owned(),
        format!("--as={}", limits.memory_bytes),
        // SIGXCPU, which tells what happened; SIGKILL a second later for one that takes no notice.
        format!("--cpu={cpu}:{}", cpu.saturating_add(1)),
        format!("--fsize={}", limits.file_bytes),
        format!("--nproc={}", limits.processes),
        format!("--nofile={}", limits.open_files),
        // A program that dies leaves no picture of its memory, with a stranger's papers in it.
        "--core=0".to_owned(),
        "--".to_owned(),
    ];
    words.into_iter().map(OsString::from).collect()
}
