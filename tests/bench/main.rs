//! `make bench`: one table of figures, every one beside its peer of the same run or its limit.
//!
//! docs/performance.md says what each row means. Slow is not wrong: the program fails when something does
//! not work, never because of a figure.

mod appending;
mod by_hand;
mod delivered;
mod delivering;
mod dice;
mod exporting;
mod feeding;
mod fill;
mod forecasts;
mod guarded;
mod history;
mod hook_receiver;
mod hostile_receiver;
mod http_client;
mod invoice_scene;
mod invoices;
mod iris_process;
mod lag;
mod load;
mod machine;
mod market;
mod names;
mod order_rows;
mod orders;
mod organisations;
mod pages;
mod plain;
mod prices;
mod processes;
mod reading;
mod reconciling;
mod relaying;
mod rival;
mod run;
mod sizes;
mod starts;
mod statistics;
mod table;
mod uploads;
mod verifying;
mod whole_log;

use std::{path::PathBuf, time::Instant};

use anyhow::bail;

use crate::{run::Run, sizes::Sizes, whole_log::WholeLog};

const HELP: &str = "\
make bench [ARGS=\"…\"]: one table of figures, as Markdown, and target/bench.json
  --short           small sizes, a minute or two: to see that everything runs
  --log-orders N    so many orders in the log that feed and audit read from end to end, nine events each
  --only PART,…     of orders, append, feed, audit, relay, webhooks, invoices, reads,
                    forecasts, prices
  --forecast-series N  so many series of a year in the night's forecasts";

const PARTS: [&str; 10] =
    ["orders", "append", "feed", "audit", "relay", "webhooks", "invoices", "reads", "forecasts", "prices"];

/// What was asked for.
struct Arguments {
    sizes: Sizes,
    parts: Vec<String>,
}

// One thread: clients that hop between threads would take more from what they measure.
#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let Some(Arguments { sizes, parts }) = arguments()? else {
        println!("{HELP}");
        return Ok(());
    };
    let began = Instant::now();
    let has = |part: &str| parts.is_empty() || parts.iter().any(|wanted| wanted == part);
    iris_process::expect_program()?;
    let mut run = Run::open(sizes).await?;
    machine::measure(&mut run).await?;
    if has("orders") {
        let database = orders::measure(&mut run).await?;
        starts::measure(&mut run, &database).await?;
    }
    if has("append") {
        appending::measure(&mut run).await?;
    }
    if has("feed") || has("audit") {
        let log = WholeLog::write(&run).await?;
        if has("feed") {
            feeding::measure(&mut run, &log).await?;
        }
        if has("audit") {
            verifying::measure(&mut run, &log).await?;
            exporting::measure(&mut run, &log).await?;
        }
    }
    if has("relay") {
        relaying::measure(&mut run).await?;
    }
    if has("webhooks") {
        delivering::measure(&mut run).await?;
    }
    if has("invoices") {
        invoices::measure(&mut run).await?;
        reconciling::measure(&mut run)?;
    }
    if has("prices") {
        prices::measure(&mut run)?;
    }
    if has("reads") {
        reading::measure(&mut run).await?;
    }
    if has("forecasts") {
        forecasts::measure(&mut run).await?;
    }
    let json = target_directory()?.join("bench.json");
    run.table.write_json(&json)?;
    println!("{}", run.table.markdown());
    println!("{:.0} s in all; the same figures are in {}", began.elapsed().as_secs_f64(), json.display());
    Ok(())
}

/// Nothing if help was asked for.
fn arguments() -> anyhow::Result<Option<Arguments>> {
    let mut arguments = Arguments { sizes: Sizes::full(), parts: Vec::new() };
    let mut given = std::env::args().skip(1);
    while let Some(argument) = given.next() {
        match argument.as_str() {
            "--short" => arguments.sizes = Sizes::short(),
            "--only" => {
                let parts = given.next().unwrap_or_default();
                arguments.parts = parts.split(',').map(ToOwned::to_owned).collect();
            }
            "--log-orders" => {
                arguments.sizes.log_orders = given.next().unwrap_or_default().parse()?;
            }
            "--forecast-series" => {
                arguments.sizes.forecast_series = given.next().unwrap_or_default().parse()?;
            }
            "--help" | "-h" => return Ok(None),
            other => bail!("what is {other:?}?\n{HELP}"),
        }
    }
    if let Some(unknown) = arguments.parts.iter().find(|part| !PARTS.contains(&part.as_str())) {
        bail!("what is {unknown:?}?\n{HELP}");
    }
    Ok(Some(arguments))
}

/// Where this program was built: the directory above its profile's.
fn target_directory() -> anyhow::Result<PathBuf> {
    let program = std::env::current_exe()?;
    Ok(program.ancestors().nth(2).map_or_else(|| PathBuf::from("."), ToOwned::to_owned))
}
