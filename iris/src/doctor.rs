//! `iris doctor`: does the log keep its promises? Reads everything, changes nothing.
//!
//! - What `iris audit verify` finds of the whole log: positions, sequences, hashes, seals.
//! - No import was broken off half-way.
//! - Every stream loads the same through postgres-es, the second reader, as through ours.

use std::process::ExitCode;

use command_api::second_reader;
use events::audit::{Asked, verify};
use platform::{config::Config, db};

use crate::{
    audit::keys,
    events_command::{half_way, import_under_way},
};

/// Runs the checks; exits 1 if any fails.
pub async fn run() -> anyhow::Result<ExitCode> {
    let config = Config::from_env()?;
    let options = db::DbOptions {
        max_connections: 4,
        application_name: "iris-doctor".to_owned(),
        statement_timeout_ms: None,
    };
    let pool = db::connect(&config.database_url, &options).await?;
    let trusted = keys::trusted(&config)?;
    let asked = Asked { trusted: &trusted, ..Asked::ALL };
    let found = verify(&mut *pool.acquire().await?, &asked, |_| {}).await?;
    for fault in &found.faults {
        println!("FAULT {fault}");
    }
    println!("{} events, sealed up to {}: {}", found.count, found.sealed_to, verdict(found.is_ok()));
    for range in &found.unread {
        println!("{} to {} are archived in {}: not read", range.first, range.last, range.file);
    }
    let begun = import_under_way(&pool).await?;
    if let Some(upto) = begun {
        println!("FAULT {}", half_way(upto));
    }
    let different = second_reader::compare_all(&pool, |done| eprint!("\r{done} streams compared")).await?;
    eprintln!();
    for stream in &different {
        println!("FAULT {stream}: postgres-es reads another state");
    }
    println!("read through postgres-es: {}", verdict(different.is_empty()));
    let is_well = found.is_ok() && begun.is_none() && different.is_empty();
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn verdict(is_well: bool) -> &'static str {
    if is_well { "ok" } else { "not ok" }
}
