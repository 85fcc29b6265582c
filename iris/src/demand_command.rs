//! `iris demand …`: whether demand is what the log comes to, for an operator at a terminal.

use std::{process::ExitCode, time::Duration};

use anyhow::Context as _;
use clap::Subcommand;
use handlers::demand::{Differences, Rebuild, STRETCH};
use indicatif::{ProgressBar, ProgressStyle};
use platform::{config::Config, db, shutdown, telemetry};

use crate::{events_command::expect_none_under_way, migrate};

/// What to do.
#[derive(Clone, Copy, Subcommand)]
pub enum Demand {
    /// Fold the log again and say what differs; changes nothing. Goes on where it was interrupted.
    Check,
    /// Fold the log again and put right what differs, at once for all who read. Goes on where it was interrupted.
    Rebuild,
}

/// Runs the subcommand; as the owner (`DATABASE_URL_DIRECT`), for a comparison may take longer than others' statements.
pub async fn run(demand: Demand) -> anyhow::Result<ExitCode> {
    let config = Config::from_env()?;
    let _flush_logs = telemetry::init_logs(config.log_format)?;
    let stop = shutdown::on_signal()?;
    let options = db::DbOptions {
        max_connections: 1,
        application_name: "iris-demand".to_owned(),
        statement_timeout_ms: Some(0),
    };
    let pool = db::connect(&config.database_url_direct, &options).await.context("DATABASE_URL_DIRECT")?;
    migrate::expect_current(&pool).await?;
    expect_none_under_way(&pool).await?;
    let bar = bar();
    let progress = |position: i64, upto: i64| {
        bar.set_length(upto.unsigned_abs());
        bar.set_position(position.unsigned_abs());
    };
    let mut connection = pool.acquire().await?;
    let mut rebuild =
        Rebuild { connection: &mut connection, stop: &stop, stretch: STRETCH, progress: &progress };
    let found = match demand {
        Demand::Check => rebuild.check().await,
        Demand::Rebuild => rebuild.exchange().await,
    };
    bar.finish_and_clear();
    Ok(tell(demand, &found?))
}

/// A check that finds something fails; a rebuild has put it right.
fn tell(demand: Demand, found: &Differences) -> ExitCode {
    let Differences { position, months, rows, named } = found;
    println!("position {position}: {months} months by the log, {rows} differ");
    for (product, restaurant, month) in named {
        println!("  product {product} at restaurant {restaurant} in {}", month.format("%Y-%m"));
    }
    match demand {
        Demand::Check if *rows > 0 => {
            println!("`iris demand rebuild` puts them right");
            ExitCode::FAILURE
        }
        Demand::Rebuild if *rows > 0 => {
            println!("put right");
            ExitCode::SUCCESS
        }
        Demand::Check | Demand::Rebuild => ExitCode::SUCCESS,
    }
}

fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template("folding {wide_bar} {pos}/{len} {per_sec} events/s, {eta} left");
    let bar = ProgressBar::new(0).with_style(style.expect("the template is well-formed"));
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
