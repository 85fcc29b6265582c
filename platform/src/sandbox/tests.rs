use std::{fs, process, thread, time::Instant};

use nix::libc::{SIGKILL, SIGXCPU};

use super::*;

fn shell<'a>(arguments: &'a [&'a str]) -> Program<'a> {
    Program {
        name: "sh",
        arguments,
        environment: &[("GREETING", "hello")],
        limits: Limits { cpu_seconds: 20, wall_clock: Duration::from_mins(1), ..Limits::default() },
        niceness: 0,
        stop: None,
    }
}

/// Every kind that works on this machine: what holds must hold in each.
fn sandboxes() -> Vec<Sandbox> {
    let path = std::env::var_os("PATH").unwrap();
    let kinds = [(true, true), (true, false), (false, true), (false, false)];
    let all = kinds.map(|(isolates, limits)| Sandbox { isolates, limits, path: path.clone() });
    all.into_iter().filter(Sandbox::works).collect()
}

/// The kinds with bounds on processor time and memory.
fn limiting() -> Vec<Sandbox> {
    let found: Vec<Sandbox> = sandboxes().into_iter().filter(|sandbox| sandbox.limits).collect();
    assert!(!found.is_empty(), "prlimit is part of util-linux, which every Linux has");
    found
}

/// The kinds with walls; none where the kernel does not allow them.
fn isolating() -> Vec<Sandbox> {
    let found: Vec<Sandbox> = sandboxes().into_iter().filter(|sandbox| sandbox.isolates).collect();
    if found.is_empty() {
        eprintln!("skipped: bubblewrap does not work here");
    }
    found
}

/// Processes with this word in their command line, ourselves apart.
fn count(word: &str) -> usize {
    let own = process::id().to_string();
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let others = entries.filter(|entry| entry.file_name().to_string_lossy() != own);
    let lines = others.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
    lines.filter(|line| String::from_utf8_lossy(line).contains(word)).count()
}

/// Waits until none is left; a namespace's end is not quite at once.
fn assert_gone(word: &str) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while count(word) > 0 {
        assert!(Instant::now() < deadline, "{word} is still there");
        thread::yield_now();
    }
}

#[test]
fn bytes_go_in_and_bytes_come_out() {
    for sandbox in sandboxes() {
        let input: Vec<u8> = (0..=255).cycle().take(300_000).collect();
        let ended = sandbox.run(&shell(&["-c", "cat; echo $GREETING >&2; exit 3"]), &input).unwrap();
        assert_eq!(ended.output, input);
        assert_eq!((ended.errors.as_str(), ended.status), ("hello\n", Status::Exited(3)));
    }
}

#[test]
fn input_that_nobody_reads_is_no_fault() {
    for sandbox in sandboxes() {
        let ended = sandbox.run(&shell(&["-c", "exit 0"]), &vec![7; 5 << 20]).unwrap();
        assert!(ended.is_success());
    }
}

#[test]
fn our_environment_stays_ours() {
    for sandbox in sandboxes() {
        let ended = sandbox.run(&shell(&["-c", "env | cut -d= -f1 | sort"]), &[]).unwrap();
        let names = String::from_utf8(ended.output).unwrap();
        let added = ["OLDPWD", "PWD", "SHLVL", "_"];
        let names: Vec<&str> = names.lines().filter(|name| !added.contains(name)).collect();
        assert_eq!(names, ["GREETING", "PATH"]);
    }
}

#[test]
fn what_is_not_installed_is_said_to_be_absent() {
    for sandbox in sandboxes() {
        let program = Program { name: "no-such-program", ..shell(&[]) };
        assert!(!sandbox.has("no-such-program") && sandbox.has("sh"));
        assert!(matches!(sandbox.run(&program, &[]), Err(RunError::Absent(_))));
    }
}

#[test]
fn one_that_sleeps_is_ended_with_all_that_it_started() {
    for (index, sandbox) in sandboxes().into_iter().enumerate() {
        let word = format!("9{index}9{}", process::id());
        let script = format!("sleep {word} & sleep {word}");
        let limits = Limits { wall_clock: Duration::from_millis(500), ..Limits::default() };
        let started = Instant::now();
        let end = sandbox.run(&Program { limits, ..shell(&["-c", &script]) }, &[]);
        assert!(matches!(end, Err(RunError::TimedOut(..))), "{end:?}");
        assert!(started.elapsed() < Duration::from_mins(1), "it would sleep for hours");
        assert_gone(&word);
    }
}

#[test]
fn one_that_closes_its_output_and_stays_is_ended_too() {
    for sandbox in sandboxes() {
        let limits = Limits { wall_clock: Duration::from_millis(500), ..Limits::default() };
        let program = Program { limits, ..shell(&["-c", "exec >&- 2>&-; sleep 9999"]) };
        assert!(matches!(sandbox.run(&program, &[]), Err(RunError::TimedOut(..))));
    }
}

#[test]
fn one_that_spins_runs_into_its_processor_time() {
    for sandbox in limiting() {
        let limits = Limits { cpu_seconds: 1, wall_clock: Duration::from_mins(2), ..Limits::default() };
        let ended = sandbox.run(&Program { limits, ..shell(&["-c", "while :; do :; done"]) }, &[]).unwrap();
        let (Status::Killed(signal) | Status::Exited(signal)) = ended.status;
        assert!([SIGXCPU, SIGKILL].contains(&signal), "{:?}", ended.status);
        assert!(matches!(ended.status, Status::Killed(_)));
    }
}

#[test]
fn one_that_takes_memory_without_end_does_not_get_it() {
    for sandbox in limiting() {
        let limits = Limits { memory_bytes: 200 << 20, ..shell(&[]).limits };
        // The shell holds the whole of it in a variable.
        let script = "x=$(head -c 400000000 /dev/zero | tr '\\0' a); echo grown";
        let ended = sandbox.run(&Program { limits, ..shell(&["-c", script]) }, &[]).unwrap();
        assert!(!ended.is_success() && ended.output.is_empty(), "{ended:?}");
    }
}

#[test]
fn one_that_writes_without_end_is_ended() {
    for sandbox in sandboxes() {
        let limits = Limits { output_bytes: 1 << 20, ..shell(&[]).limits };
        let program = Program { limits: limits.clone(), ..shell(&["-c", "cat /dev/zero"]) };
        assert!(matches!(sandbox.run(&program, &[]), Err(RunError::OutputTooLarge(_, 1_048_576))));
        let just = Program { limits, ..shell(&["-c", "head -c 1048576 /dev/zero"]) };
        assert_eq!(sandbox.run(&just, &[]).unwrap().output.len(), 1 << 20);
    }
}

#[test]
fn errors_are_kept_up_to_their_limit_and_do_not_hold_the_program_up() {
    for sandbox in sandboxes() {
        let ended = sandbox.run(&shell(&["-c", "head -c 1000000 /dev/zero | tr '\\0' e >&2"]), &[]).unwrap();
        assert_eq!((ended.errors.len(), ended.status), (64 << 10, Status::Exited(0)));
    }
}

#[test]
fn one_is_ended_when_we_stop() {
    for (index, sandbox) in sandboxes().into_iter().enumerate() {
        let word = format!("8{index}8{}", process::id());
        let stop = CancellationToken::new();
        let end = thread::scope(|scope| {
            let run = scope.spawn(|| {
                sandbox
                    .run(&Program { stop: Some(&stop), ..shell(&["-c", &format!("sleep {word}; :")]) }, &[])
            });
            let deadline = Instant::now() + Duration::from_secs(20);
            while count(&word) == 0 {
                assert!(Instant::now() < deadline, "it did not start");
                thread::yield_now();
            }
            stop.cancel();
            run.join().unwrap()
        });
        assert!(matches!(end, Err(RunError::Cancelled(_))), "{end:?}");
        assert_gone(&word);
    }
}

#[test]
fn it_is_nice_when_told_to() {
    for sandbox in sandboxes() {
        let own = process::Command::new("nice").output().unwrap().stdout;
        let ended = sandbox.run(&Program { niceness: 10, ..shell(&["-c", "nice"]) }, &[]).unwrap();
        let number = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().parse::<i32>().unwrap();
        assert_eq!(number(&ended.output), (number(&own) + 10).min(19));
    }
}

#[test]
fn there_is_no_network_within_walls() {
    for sandbox in isolating() {
        let ended = sandbox.run(&shell(&["-c", "tail -n +3 /proc/net/dev | cut -d: -f1"]), &[]).unwrap();
        assert_eq!(String::from_utf8(ended.output).unwrap().trim(), "lo");
    }
}

#[test]
fn there_are_no_files_within_walls_but_programs() {
    let ours = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    assert!(fs::metadata(ours).is_ok());
    for sandbox in isolating() {
        for file in [ours, "/etc/passwd", "/etc/hosts", "/proc/1/root/etc/passwd"] {
            let ended = sandbox.run(&shell(&["-c", "cat \"$0\"", file]), &[]).unwrap();
            assert!(!ended.is_success() && ended.output.is_empty(), "{file} was read");
        }
    }
}

#[test]
fn nothing_can_be_written_within_walls_but_below_tmp() {
    for sandbox in isolating() {
        for file in ["/x", "/usr/x", "/etc/x", "/dev/x", "/dev/shm/x", "/proc/x", "/bin/x"] {
            let ended = sandbox.run(&shell(&["-c", "echo x > \"$0\"", file]), &[]).unwrap();
            assert!(!ended.is_success(), "{file} was written");
        }
        let ended = sandbox.run(&shell(&["-c", "echo x > /tmp/x && cat /tmp/x"]), &[]).unwrap();
        assert_eq!(ended.output, b"x\n");
    }
}

#[test]
fn other_processes_are_not_seen_within_walls() {
    let own = process::id();
    for sandbox in isolating() {
        let ended = sandbox.run(&shell(&["-c", &format!("kill -0 {own}")]), &[]).unwrap();
        assert!(!ended.is_success());
    }
}

#[test]
fn input_is_no_name_of_a_file() {
    for sandbox in sandboxes() {
        let ended = sandbox.run(&Program { name: "cat", ..shell(&[]) }, b"/etc/passwd").unwrap();
        assert_eq!(ended.output, b"/etc/passwd");
    }
}

#[test]
fn what_is_missing_is_said() {
    let sandbox = |isolates, limits| Sandbox { isolates, limits, path: OsString::new() };
    assert!(sandbox(true, true).is_complete());
    let reachable = "can read files and reach the network";
    for (isolates, limits) in [(true, false), (false, true), (false, false)] {
        let lesser = sandbox(isolates, limits);
        assert!(!lesser.is_complete());
        assert_eq!(lesser.describe().contains(reachable), !isolates);
        assert_eq!(lesser.describe().contains("only the clock"), !limits);
    }
}
