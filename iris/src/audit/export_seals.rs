//! `iris audit export-seals`: the seals as files, to be kept elsewhere.

use std::{path::PathBuf, process::ExitCode};

use events::audit::SealFolder;
use handlers::sealing::export_seals;
use platform::{config::Config, shutdown};

use super::pool;

/// Where to.
#[derive(clap::Args)]
pub struct Arguments {
    /// Is made where it is missing; what it has already is compared and kept.
    directory: PathBuf,
}

/// Writes the files that are not there yet.
pub async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let pool = pool(&Config::from_env()?).await?;
    let folder = SealFolder::create(&arguments.directory)?;
    let shutdown = shutdown::on_signal()?;
    let Some(exported) = shutdown.run_until_cancelled(export_seals(&pool, &folder)).await else {
        eprintln!("interrupted; the same command goes on from there");
        return Ok(ExitCode::FAILURE);
    };
    println!("{} holds all {} seals", arguments.directory.display(), exported?);
    Ok(ExitCode::SUCCESS)
}
