//! `iris audit verify`: is the log what was recorded and sealed?

use std::{path::PathBuf, process::ExitCode, time::Instant};

use anyhow::{Context as _, bail};
use events::audit::{Asked, Fault, PublicKey, SealFolder, Verification, verify};
use indicatif::{ProgressBar, ProgressStyle};
use platform::{config::Config, shutdown};
use serde_json::json;

use super::{keys, pool};
use crate::events_command::{half_way, import_under_way};

/// Exit code of what was interrupted (128 + SIGINT).
const EXIT_INTERRUPTED: u8 = 130;

/// Which part, and whom to believe.
#[derive(clap::Args)]
pub struct Arguments {
    /// The first position.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(i64).range(1..))]
    from: i64,
    /// The last position; without it to the end, and whether that is where it should be.
    #[arg(long, value_parser = clap::value_parser!(i64).range(1..))]
    to: Option<i64>,
    /// A public key known from elsewhere, in base64; may be given several times. Without any, and without
    /// `AUDIT_TRUSTED_KEYS`, the keys in the database are believed.
    #[arg(long = "key", value_name = "BASE64")]
    keys: Vec<PublicKey>,
    /// A directory of seals kept elsewhere, to compare with.
    #[arg(long, value_name = "DIR")]
    seals: Option<PathBuf>,
    /// A directory with the files of archived events. Of those that are not in it, the seals alone are verified.
    #[arg(long, value_name = "DIR")]
    archives: Option<PathBuf>,
    /// Print one JSON object instead of words.
    #[arg(long)]
    json: bool,
}

/// Verifies; exits 1 if anything is wrong.
pub async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let config = Config::from_env()?;
    if arguments.to.is_some_and(|to| to < arguments.from) {
        bail!("--to must not be before --from");
    }
    let trusted = if arguments.keys.is_empty() { keys::trusted(&config)? } else { arguments.keys };
    let folder = arguments.seals.as_deref().map(SealFolder::open).transpose().context("--seals")?;
    let mut connection = pool(&config).await?.acquire().await?.detach();
    let head: i64 = sqlx::query_scalar("SELECT COALESCE(max(position), 0) FROM public.log_head")
        .fetch_one(&mut connection)
        .await?;
    if let Some(upto) = import_under_way(&mut connection).await? {
        // What is there may well be right: it is not all of it.
        eprintln!("{}", half_way(upto));
    }
    let shutdown = shutdown::on_signal()?;

    let (bar, began) = (bar(arguments.from, arguments.to.unwrap_or(head).min(head)), Instant::now());
    let (from, mut reached) = (arguments.from, arguments.from - 1);
    let mut faults: Vec<Fault> = Vec::new();
    let asked = Asked {
        from,
        to: arguments.to,
        trusted: &trusted,
        folder: folder.as_ref(),
        archives: arguments.archives.as_deref(),
    };
    let verifying = verify(&mut connection, &asked, |progress| {
        reached = progress.position;
        faults.extend_from_slice(&progress.faults[faults.len()..]);
        bar.set_position((reached + 1 - from).unsigned_abs());
    });
    let found = shutdown.run_until_cancelled(verifying).await;
    bar.finish_and_clear();
    let Some(found) = found else {
        return Ok(interrupted(&faults, reached + 1, arguments.json));
    };
    let found = found?;
    if arguments.json {
        println!("{}", as_json(&found));
    } else {
        print(&found, !trusted.is_empty(), began);
    }
    Ok(if found.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What was found so far counts, however the rest would have ended.
fn interrupted(faults: &[Fault], next: i64, as_json: bool) -> ExitCode {
    if as_json {
        println!("{}", json!({"ok": false, "interrupted": true, "next": next, "faults": faults}));
    } else {
        for fault in faults {
            println!("FAULT {fault}");
        }
    }
    let found = if faults.is_empty() { "nothing is" } else { "that much is" };
    eprintln!("interrupted: {found} wrong up to there; go on with --from {next}");
    if faults.is_empty() { ExitCode::from(EXIT_INTERRUPTED) } else { ExitCode::FAILURE }
}

/// On a terminal alone; a pipe gets the result and nothing else.
fn bar(from: i64, to: i64) -> ProgressBar {
    let style =
        ProgressStyle::with_template("{wide_bar} {human_pos} of {human_len} events, {per_sec}, {eta} left");
    let bar = ProgressBar::new((to + 1 - from).max(0).unsigned_abs());
    bar.with_style(style.expect("a template that is right"))
}

fn print(found: &Verification, has_keys: bool, began: Instant) {
    for fault in &found.faults {
        println!("FAULT {fault}");
    }
    let seconds = began.elapsed().as_secs_f64().max(0.001);
    #[expect(clippy::cast_precision_loss, reason = "events per second, to be read by people")]
    let per_second = found.count as f64 / seconds;
    println!("{} events from {} to {}, root {}", found.count, found.from, found.to, found.root_hex());
    for range in &found.unread {
        println!(
            "not read: {} to {} are archived in {}; give --archives",
            range.first, range.last, range.file
        );
    }
    println!("sealed up to {}; {}", found.sealed_to, believed(found, has_keys));
    println!("{per_second:.0} events/s: {}", if found.is_ok() { "ok" } else { "not ok" });
}

fn believed(found: &Verification, has_keys: bool) -> String {
    match found.trusted_key {
        Some(key) => format!("the seals lead back to the key {key}"),
        None if has_keys => "no seal leads back to a key that is trusted".to_owned(),
        None => "no key was given: the keys in the database were believed".to_owned(),
    }
}

fn as_json(found: &Verification) -> serde_json::Value {
    json!({
        "ok": found.is_ok(),
        "from": found.from,
        "to": found.to,
        "count": found.count,
        "root": found.root_hex(),
        "sealed_to": found.sealed_to,
        "trusted_key": found.trusted_key.map(|key| key.to_string()),
        "unread": found.unread.iter().map(|range| json!({"from": range.first, "to": range.last, "file": range.file}))
            .collect::<Vec<_>>(),
        "first_fault": found.faults.first(),
        "faults": found.faults,
    })
}
