//! `iris doctor`: does the log keep its promises? Reads everything, changes nothing.
//!
//! - Positions are dense, from 1 to the head.
//! - Every stream's sequences are dense, from 1.
//! - Every event's content hash fits its bytes.
//! - Every stream loads the same through postgres-es, the second reader, as through ours.

use std::process::ExitCode;

use command_api::second_reader;
use events::log::check_log;
use platform::{config::Config, db};

/// Runs the checks; exits 1 if any fails.
pub async fn run() -> anyhow::Result<ExitCode> {
    let config = Config::from_env()?;
    let options = db::DbOptions {
        max_connections: 4,
        application_name: "iris-doctor".to_owned(),
        statement_timeout_ms: None,
    };
    let pool = db::connect(&config.database_url, &options).await?;
    let check = check_log(&mut *pool.acquire().await?).await?;
    for fault in &check.faults {
        println!("FAULT {fault}");
    }
    println!("{} events in {} streams: {}", check.events, check.streams, verdict(check.faults.is_empty()));
    let different = second_reader::compare_all(&pool, |done| eprint!("\r{done} streams compared")).await?;
    eprintln!();
    for stream in &different {
        println!("FAULT {stream}: postgres-es reads another state");
    }
    println!("read through postgres-es: {}", verdict(different.is_empty()));
    let is_well = check.faults.is_empty() && different.is_empty();
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn verdict(is_well: bool) -> &'static str {
    if is_well { "ok" } else { "not ok" }
}
