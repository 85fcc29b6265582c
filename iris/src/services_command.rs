//! `iris services`: Postgres and NATS alone, for people and for the tests.

use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{ExitCode, ExitStatus};

use anyhow::Context as _;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};

use crate::services::{self, Keep, Services};

/// Starts Postgres and NATS, and stops them on Ctrl-C, SIGTERM, or when the command ends.
#[derive(clap::Args)]
pub struct Arguments {
    /// In a fresh directory that is removed at the end.
    #[arg(long, conflicts_with = "data_dir")]
    throw_away: bool,
    /// Where the data is kept [default: `IRIS_DATA_DIR`, else .iris].
    #[arg(long)]
    data_dir: Option<PathBuf>,
    /// A command to run with their URLs in its environment; its exit code becomes this program's.
    #[arg(last = true)]
    command: Vec<String>,
}

/// Runs the subcommand.
pub async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let keep = if arguments.throw_away {
        Keep::ThrowAway
    } else {
        Keep::In(arguments.data_dir.unwrap_or_else(services::default_data_dir))
    };
    // Caught before anything starts, so that a signal at any moment leads to an orderly stop.
    let mut signals = Signals::listen()?;
    let mut services = tokio::select! {
        started = services::start(keep.clone()) => started?,
        signal = signals.next() => return Ok(ExitCode::from(code_of(signal))),
    };
    let code = if let Some((program, rest)) = arguments.command.split_first() {
        match command(program, rest, &keep, &services).spawn() {
            Ok(child) => follow(child, &mut signals).await,
            Err(error) => Err(error).with_context(|| format!("cannot run {program}")),
        }
    } else {
        print(&services);
        tokio::select! {
            _signal = signals.next() => Ok(ExitCode::SUCCESS),
            () = services.ended() => Ok(ExitCode::FAILURE),
        }
    };
    services.stop().await?;
    code
}

fn print(services: &Services) {
    println!("database (serving):    {}", services.app_url);
    println!("database (migrations): {}", services.owner_url);
    println!("nats:                  {}", services.nats_url);
    println!("Ctrl-C stops them.");
}

fn command(program: &str, arguments: &[String], keep: &Keep, services: &Services) -> Command {
    let mut command = Command::new(program);
    command.args(arguments);
    if *keep != Keep::ThrowAway {
        command.env("DATABASE_URL", &services.app_url).env("DATABASE_URL_DIRECT", &services.owner_url);
        command.env("NATS_URL", &services.nats_url);
        return command;
    }
    // A test that asked for the real ones would write into them.
    for name in ["DATABASE_URL", "DATABASE_URL_DIRECT", "NATS_URL"] {
        command.env_remove(name);
    }
    let variables = [
        ("IRIS_TEST_DATABASE_URL", services.superuser_url.as_ref().map(Into::into)),
        ("IRIS_TEST_NATS_URL", Some((&services.nats_url).into())),
        ("IRIS_TEST_PG_BIN", services.postgres_bin.as_ref().map(|path| path.as_os_str().to_owned())),
        ("IRIS_TEST_NATS_BIN", services.nats_bin.as_ref().map(|path| path.as_os_str().to_owned())),
    ];
    for (name, value) in variables {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    command
}

/// Waits for the command. SIGTERM and SIGHUP are passed on; Ctrl-C the terminal has given it already.
async fn follow(mut child: Child, signals: &mut Signals) -> anyhow::Result<ExitCode> {
    loop {
        let signal = tokio::select! {
            status = child.wait() => return Ok(exit_code(status?)),
            signal = signals.next() => signal,
        };
        if signal != Signal::SIGINT
            && let Some(pid) = child.id()
        {
            kill(Pid::from_raw(i32::try_from(pid)?), signal)?;
        }
    }
}

fn exit_code(status: ExitStatus) -> ExitCode {
    // As a shell has it: 128 + signal.
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1);
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}

fn code_of(signal: Signal) -> u8 {
    u8::try_from(128 + signal as i32).unwrap_or(1)
}

struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    hangup: tokio::signal::unix::Signal,
}

impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal::SIGINT,
            _ = self.terminate.recv() => Signal::SIGTERM,
            _ = self.hangup.recv() => Signal::SIGHUP,
        }
    }
}
