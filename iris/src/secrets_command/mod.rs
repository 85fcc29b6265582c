//! `iris secrets …`: the keys that secrets are sealed under, for an operator at the machine.
//!
//! Works on `DATABASE_URL_DIRECT`: rewriting what is sealed is the owner's work, and no login of a serving process may.

mod census;
mod list;
mod places;
mod rewrap;
mod rotate;

use std::process::ExitCode;

use clap::Subcommand;
use platform::{config::Config, db};
use sqlx::{PgPool, Postgres, Transaction};

/// What is to be done.
#[derive(Subcommand)]
pub enum Secrets {
    /// Show the data keys, what is sealed under each, and which key-encryption keys are still needed.
    List(list::Arguments),
    /// Make a new data key and seal everything under it, while processes run. Interrupted, it goes on where it was.
    Rotate(rotate::Arguments),
    /// Wrap all data keys under the key-encryption key that is current by now; nothing is sealed anew.
    Rewrap,
}

/// Runs the subcommand.
pub async fn run(secrets: Secrets) -> anyhow::Result<ExitCode> {
    match secrets {
        Secrets::List(arguments) => list::run(&arguments).await,
        Secrets::Rotate(arguments) => rotate::run(&arguments).await,
        Secrets::Rewrap => rewrap::run().await,
    }
}

/// As the owner.
async fn pool(config: &Config) -> anyhow::Result<PgPool> {
    let options = db::DbOptions {
        max_connections: 2,
        application_name: "iris-secrets".to_owned(),
        statement_timeout_ms: None,
    };
    Ok(db::connect(&config.database_url_direct, &options).await?)
}

/// A transaction that sees every row or fails: a policy that hides some from this login would leave them under the old
/// key, and nobody would know.
async fn all_rows(pool: &PgPool) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
    let mut tx = platform::db::begin(pool).await?;
    sqlx::query("SET LOCAL row_security = off").execute(&mut *tx).await?;
    Ok(tx)
}
