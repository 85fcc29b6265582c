//! `invoicing evaluate DIR [--json]`: measures the engine on a folder of invoices whose content is known.

mod evaluate;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// The invoicing engine, measured.
#[derive(Parser)]
#[command(name = "invoicing", about = "Measures the invoicing engine")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Reads every file that DIR/manifest.json names and compares with what it says.
    Evaluate {
        /// A folder with manifest.json and match-cases.json.
        folder: PathBuf,
        /// Prints figures alone, as one JSON object.
        #[arg(long)]
        json: bool,
    },
}

fn main() -> anyhow::Result<()> {
    let Command::Evaluate { folder, json } = Arguments::parse().command;
    let report = evaluate::run(&folder)?;
    if json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        println!("{}", serde_json::to_string_pretty(&report)?);
    }
    Ok(())
}
