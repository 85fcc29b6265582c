//! `iris events tail|export|import|archive|restore`: the log on a terminal and in files.

mod archive;
mod export;
mod import;
mod restore;
mod tail;
mod under_way;

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Subcommand;
use indicatif::{ProgressBar, ProgressStyle};
use platform::{config::Config, db, personal::PersonalKeys};
use sqlx::{Connection as _, PgConnection, PgPool};

use crate::keyring;

pub use under_way::{expect_none_under_way, half_way, import_under_way};

/// What to do with the log.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Show events, one readable line each; the last ten unless told otherwise.
    Tail(tail::Arguments),
    /// Write events as lines of JSON, with a last line that says how many there are and their Merkle root.
    Export(export::Arguments),
    /// Read an export of a whole log into a database whose log is empty.
    Import(import::Arguments),
    /// Write old partitions of the log into files, and take their events out of the database.
    Archive(archive::Arguments),
    /// Bring the events of an archive back.
    Restore(restore::Arguments),
}

/// Runs the subcommand.
pub async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    match arguments.task {
        Task::Tail(arguments) => tail::run(arguments).await,
        Task::Export(arguments) => export::run(arguments).await,
        Task::Import(arguments) => import::run(arguments).await,
        Task::Archive(arguments) => archive::run(arguments).await,
        Task::Restore(arguments) => restore::run(arguments).await,
    }
}

/// A connection of its own to the database that the environment names.
async fn connect() -> anyhow::Result<PgConnection> {
    let config = Config::from_env()?;
    let options = db::connect_options(&config.database_url)?.application_name("iris-events");
    PgConnection::connect_with(&options).await.context("DATABASE_URL")
}

/// Who archives and restores, on record: whoever has the login of the database's owner.
const OPERATOR: &str = "system:operator";

/// A connection as the database's owner, past any pooler: no process may alter the log's tables.
async fn connect_as_owner(config: &Config) -> anyhow::Result<PgConnection> {
    let options = db::connect_options(&config.database_url_direct)?.application_name("iris-events");
    PgConnection::connect_with(&options).await.context("DATABASE_URL_DIRECT")
}

/// The same as a pool, with what the environment says.
async fn open() -> anyhow::Result<(Config, PgPool)> {
    let config = Config::from_env()?;
    let options = db::DbOptions {
        max_connections: 2,
        application_name: "iris-events".to_owned(),
        statement_timeout_ms: None,
    };
    let pool = db::connect(&config.database_url, &options).await?;
    Ok((config, pool))
}

/// What opens texts about people, of the database that the environment names.
async fn keys() -> anyhow::Result<PersonalKeys> {
    let config = Config::from_env()?;
    let options = db::connect_options(&config.database_url)?.application_name("iris-events");
    Ok(PersonalKeys::connecting(options, keyring::vault(&config, "iris-events").await?))
}

/// On standard error, and only where that is a terminal.
fn progress(positions: i64, what: &'static str) -> ProgressBar {
    let bar = ProgressBar::new(u64::try_from(positions).unwrap_or_default()).with_message(what);
    let style = "{msg} {wide_bar} {human_pos}/{human_len} events, {per_sec}, {eta} left";
    bar.with_style(ProgressStyle::with_template(style).expect("a template that indicatif knows"))
}

/// As a position of a bar.
fn bar_position(positions: i64) -> u64 {
    u64::try_from(positions).unwrap_or_default()
}
