//! `forecasting evaluate DIR`: every series and fold forecast from its training part alone, scored beside references.

mod check;
mod panel;
mod references;
mod report;
mod scores;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use panel::{PANELS, Panel};
use report::Row;

/// Arguments of `forecasting evaluate`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Folder of panels: `<panel>.csv` with `id,m,h,folds,step,start,values`.
    directory: PathBuf,
    /// Print one JSON document instead of a table.
    #[arg(long)]
    json: bool,
    /// Threads to forecast on.
    #[arg(long, default_value_t = 1)]
    threads: usize,
}

/// Evaluates; exit code 1 and every fault named when a file is not as it should be.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let (panels, faults) = panel::read_folder(&arguments.directory)?;
    for fault in &faults {
        eprintln!("{fault}");
    }
    if !faults.is_empty() {
        return Ok(ExitCode::FAILURE);
    }
    anyhow::ensure!(!panels.is_empty(), "{} holds none of {}", arguments.directory.display(), names());
    if let Some(check) = check::read(&arguments.directory)? {
        let largest = check.against(&panels)?;
        if !arguments.json {
            println!("the measures agree with {}, {} rows, to {largest:.1e}\n", check::FILE, check.len());
        }
    }
    let references = references::read(&arguments.directory)?;
    let threads =
        rayon::ThreadPoolBuilder::new().num_threads(arguments.threads).build().context("starting threads")?;
    let progress = progress(&panels);
    let rows = panels.iter().map(|panel| {
        progress.set_message(panel.kind.name);
        let row = threads.install(|| scores::evaluate(panel));
        progress.inc(1);
        row
    });
    let rows = rows.collect::<anyhow::Result<Vec<Row>>>()?;
    progress.finish_and_clear();
    if arguments.json {
        report::print_json(&rows)?;
    } else {
        report::print_table(&rows, &references);
    }
    Ok(ExitCode::SUCCESS)
}

fn names() -> String {
    PANELS.iter().map(|kind| format!("{}.csv", kind.name)).collect::<Vec<_>>().join(", ")
}

/// Panels done, on a terminal alone.
fn progress(panels: &[Panel]) -> ProgressBar {
    let style =
        ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}").expect("the template is well-formed");
    ProgressBar::with_draw_target(Some(panels.len() as u64), ProgressDrawTarget::stderr()).with_style(style)
}
