//! `iris …` as an operator calls it: how long, how much memory, whose CPU.

use std::{
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::bail;
use harness::TestDatabase;

use crate::{
    iris_process::program,
    processes::{cpu_seconds, resident_mib, tree_cpu_seconds},
    run::{Run, SECRET},
};

const LOOK_EVERY: Duration = Duration::from_millis(2);

/// What one call took.
#[derive(Clone, Copy, Default)]
pub struct Took {
    /// From the program's start to its end.
    pub seconds: f64,
    /// The program's resident memory at its highest, in MiB.
    pub peak_mib: f64,
    /// CPU seconds of the program.
    pub own_cpu: f64,
    /// CPU seconds of the server meanwhile.
    pub server_cpu: f64,
}

/// Calls it with these arguments, and with `file` behind them where there is one.
pub async fn by_hand(
    run: &Run,
    database: &TestDatabase,
    arguments: &[&str],
    file: Option<&Path>,
) -> anyhow::Result<Took> {
    let server_cpu = || run.postmaster.map_or(f64::NAN, tree_cpu_seconds);
    let before = server_cpu();
    let began = Instant::now();
    let mut child = Command::new(program()?)
        .args(arguments)
        .args(file)
        .env_clear()
        .env("DATABASE_URL", database.url())
        .env("APP_SECRET", SECRET)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()?;
    let mut took = Took::default();
    let status = loop {
        // The last look before its end; memory at its highest does not fall again.
        if let Some((_, peak)) = resident_mib(child.id()) {
            took.peak_mib = took.peak_mib.max(peak);
            took.own_cpu = cpu_seconds(child.id());
        }
        match child.try_wait()? {
            Some(status) => break status,
            None => tokio::time::sleep(LOOK_EVERY).await,
        }
    };
    if !status.success() {
        bail!("iris {} ended with {status}", arguments.join(" "));
    }
    took.seconds = began.elapsed().as_secs_f64();
    took.server_cpu = server_cpu() - before;
    Ok(took)
}
