//! `iris audit …`: seals, and whether the log is what was recorded.

mod export_seals;
pub mod keys;
mod proof;
mod rotate_key;
mod verify;

use std::process::ExitCode;

use clap::Subcommand;
use platform::{config::Config, db};
use sqlx::PgPool;

/// What is to be done.
#[derive(Subcommand)]
pub enum Audit {
    /// Read the log, hold it against its hashes and seals, and name what was changed.
    Verify(verify::Arguments),
    /// Print the proof that an event is in the log.
    Proof(proof::Arguments),
    /// Check a proof; needs no database.
    CheckProof(proof::CheckArguments),
    /// Make a signing key: the secret one on the first line, the public one on the second.
    Keygen,
    /// Hand on from the key in the environment to a new one.
    RotateKey(rotate_key::Arguments),
    /// Copy all seals into a directory, as files.
    ExportSeals(export_seals::Arguments),
}

/// Runs the subcommand.
pub async fn run(audit: Audit) -> anyhow::Result<ExitCode> {
    match audit {
        Audit::Verify(arguments) => verify::run(arguments).await,
        Audit::Proof(arguments) => proof::run(arguments).await,
        Audit::CheckProof(arguments) => proof::check(&arguments),
        Audit::Keygen => keys::generate(),
        Audit::RotateKey(arguments) => rotate_key::run(arguments).await,
        Audit::ExportSeals(arguments) => export_seals::run(arguments).await,
    }
}

async fn pool(config: &Config) -> anyhow::Result<PgPool> {
    let options = db::DbOptions {
        max_connections: 2,
        application_name: "iris-audit".to_owned(),
        statement_timeout_ms: None,
    };
    Ok(db::connect(&config.database_url, &options).await?)
}
