//! Measures the engine on folders of known series.

mod evaluate;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Demand forecasts: how good, how fast.
#[derive(Parser)]
#[command(name = "forecasting", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Forecast every known series of a folder from its training part, and score what comes out.
    Evaluate(evaluate::Arguments),
}

fn main() -> anyhow::Result<ExitCode> {
    match Cli::parse().command {
        Command::Evaluate(arguments) => evaluate::run(&arguments),
    }
}
