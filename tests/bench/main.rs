//! `make bench`: one table of figures, every one beside its peer of the same run or its limit.
//!
//! docs/performance.md says what each row means. Slow is not wrong: the program fails when something does
//! not work, never because of a figure.

mod appending;
mod arguments;
mod by_hand;
mod commands_alone;
mod delivered;
mod delivering;
mod dice;
mod empty_handler;
mod exporting;
mod feeding;
mod fill;
mod forecasts;
mod guarded;
mod history;
mod hook_receiver;
mod hostile_receiver;
mod hot_product;
mod http_client;
mod invoice_scene;
mod invoices;
mod iris_process;
mod lag;
mod limit;
mod load;
mod log_rows;
mod machine;
mod market;
mod names;
mod order_life;
mod order_rows;
mod order_scene;
mod orders;
mod organisations;
mod paced_orders;
mod pages;
mod parts;
mod peer_programs;
mod peers;
mod plain;
mod prices;
mod processes;
mod read_kinds;
mod read_scene;
mod reading;
mod reconciling;
mod relaying;
mod rival;
mod run;
mod sizes;
mod soak;
mod soak_rows;
mod starts;
mod statistics;
mod table;
mod table_sizes;
mod top;
mod two_processes;
mod uploads;
mod verifying;
mod whole_log;

use std::{panic::AssertUnwindSafe, process::ExitCode, time::Instant};

use anyhow::anyhow;
use futures::FutureExt as _;
use mimalloc::MiMalloc;

use crate::{
    arguments::{Arguments, HELP, arguments},
    parts::Part,
    run::Run,
    table::Ended,
};

/// With the C library's allocator a fill spent half of this program's time in the C library; with this one a fifth.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> anyhow::Result<ExitCode> {
    // What this program starts itself as: a rival that is to be a process of its own.
    if std::env::args().nth(1).as_deref() == Some(empty_handler::ARGUMENT) {
        return empty_handler::serve().map(|()| ExitCode::SUCCESS);
    }
    let Some(asked) = arguments()? else {
        println!("{HELP}");
        for part in Part::ALL {
            println!("  {:<10}  {}", part.name(), part.about());
        }
        return Ok(ExitCode::SUCCESS);
    };
    // One thread: clients that hop between threads would take more from what they measure.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(measure(asked))
}

/// All parts, one after the other; what they came to is written down after each.
async fn measure(Arguments { sizes, parts }: Arguments) -> anyhow::Result<ExitCode> {
    let began = Instant::now();
    iris_process::expect_program()?;
    let mut run = Run::open(sizes).await?;
    let json = run::target_directory()?.join("bench.json");
    run.table.begin("machine");
    machine::measure(&mut run).await?;
    let mut is_stopped = false;
    for part in parts {
        eprintln!("— {}: {} ({:.0} s so far)", part.name(), part.about(), began.elapsed().as_secs_f64());
        is_stopped = !one(&mut run, part).await?;
        run.table.write_json(&json)?;
        if is_stopped {
            break; // the server may have been stopped, too
        }
        if let Err(error) = run.drop_databases().await {
            eprintln!("databases are left behind: {error:#}");
        }
    }
    println!("{}", run.table.markdown());
    println!("{:.0} s in all; the same figures are in {}", began.elapsed().as_secs_f64(), json.display());
    if is_stopped {
        println!("stopped: `make bench ARGS=\"--only …\"` measures the other parts");
    }
    Ok(if is_stopped || run.table.has_failures() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Measures a part, and says whether it came to an end, well or not: else Ctrl-C came before.
async fn one(run: &mut Run, part: Part) -> anyhow::Result<bool> {
    let began = Instant::now();
    run.table.begin(part.name());
    let ended = tokio::select! {
        // Dropped half-way, a part ends its processes.
        stopped = tokio::signal::ctrl_c() => { stopped?; None }
        measured = AssertUnwindSafe(Box::pin(part.measure(run))).catch_unwind() => {
            // What a part stands on panics where a test would; the other parts have nothing to do with it.
            Some(measured.unwrap_or_else(|_| Err(anyhow!("it panicked: see above"))))
        }
    };
    let failure = match &ended {
        None => Some("stopped".to_owned()),
        Some(Err(error)) => Some(format!("{error:#}")),
        Some(Ok(())) => None,
    };
    if let Some(failure) = &failure {
        eprintln!("{} failed: {failure}", part.name());
    }
    run.table.end(Ended { part: part.name(), seconds: began.elapsed().as_secs_f64(), failure });
    Ok(ended.is_some())
}
