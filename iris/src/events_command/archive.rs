//! `iris events archive`: old partitions of the log into files, and out of the table.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, bail};
use chrono::TimeDelta;
use events::archive::{
    ArchiveError, Checked, Partition, TakenAway, check_archive, find_archive, obstacles, partitions,
    record_archive, store_states, take_away, write_archive,
};
use platform::{
    access_log::Kind,
    clock::{Clock as _, SystemClock},
    shutdown,
};
use serde_json::json;
use sqlx::PgConnection;
use tokio_util::sync::CancellationToken;

use super::{OPERATOR, bar_position, connect_as_owner, progress};
use crate::operator_access;

/// Which, and where to.
#[derive(clap::Args)]
pub struct Arguments {
    /// Where the files are written; it must be there, and should not be on the disk of the database.
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// Only partitions whose last event is so old.
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(i64).range(0..=36_500))]
    older_than_days: i64,
    /// Write and check the files alone: all events stay in the table.
    #[arg(long)]
    write_only: bool,
    /// Leave the tables of archived events in schema log, beside the log, for somebody else to drop.
    #[arg(long)]
    keep_tables: bool,
}

/// Archives all that may go, the oldest first. Interrupted or killed anywhere, the same command goes on.
pub async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let older_than = SystemClock.now() - TimeDelta::days(arguments.older_than_days);
    let (config, pool) = super::open().await?;
    let mut owner = connect_as_owner(&config).await?;
    let stop = shutdown::on_signal()?;
    let mut archived = 0;
    for partition in partitions(&mut owner).await? {
        if partition.is_archived() {
            continue;
        }
        let kept_back = obstacles(&mut owner, &partition, older_than).await?;
        if !kept_back.is_empty() {
            println!("{} to {} stays, and all behind it:", partition.first, partition.last);
            for obstacle in kept_back {
                println!("  {obstacle}");
            }
            break;
        }
        let range = json!({ "archived_from": partition.first, "archived_to": partition.last });
        operator_access::record(&pool, &config, Kind::EXPORT, |access| {
            access.of("history", None).with(range)
        })
        .await?;
        match archive(&mut owner, &partition, &arguments, &stop).await {
            Ok(()) => archived += 1,
            Err(error) if is_interrupted(&error) => {
                eprintln!("interrupted; the same command goes on");
                return Ok(ExitCode::FAILURE);
            }
            Err(error) => return Err(error),
        }
    }
    println!("{archived} partitions archived");
    Ok(ExitCode::SUCCESS)
}

fn is_interrupted(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(ArchiveError::Interrupted))
}

async fn archive(
    owner: &mut PgConnection,
    partition: &Partition,
    arguments: &Arguments,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    let path = arguments.to.join(partition.file_name());
    let checked = written(owner, partition, &path, stop).await?;
    record_archive(owner, partition, &checked, OPERATOR, SystemClock.now())
        .await
        .context("putting it on record")?;
    println!(
        "{}: SHA-256 {}, root {}",
        path.display(),
        hex::encode(checked.sha256),
        hex::encode(checked.root)
    );
    if arguments.write_only {
        return Ok(());
    }
    let bar = progress(0, "storing states of streams");
    let streams = store_states(owner, partition, |done| {
        bar.set_position(done);
        !stop.is_cancelled()
    })
    .await?;
    bar.finish_and_clear();
    let table = if arguments.keep_tables { TakenAway::Detached } else { TakenAway::Dropped };
    take_away(owner, partition, table, SystemClock.now(), || !stop.is_cancelled()).await?;
    println!(
        "{} to {} are archived; {streams} streams load from their stored states",
        partition.first, partition.last
    );
    Ok(())
}

/// The file, whole and right: one that is there already, or a new one. What counts is what is read back from it.
async fn written(
    owner: &mut PgConnection,
    partition: &Partition,
    path: &Path,
    stop: &CancellationToken,
) -> anyhow::Result<Checked> {
    if !path.exists() {
        if find_archive(owner, &partition.file_name()).await?.is_some_and(|archive| archive.is_away) {
            bail!("{} is on record and not there: bring it back first", path.display());
        }
        let bar = progress(partition.last + 1 - partition.first, "writing");
        write_archive(owner, partition, path, |position| {
            bar.set_position(bar_position(position + 1 - partition.first));
            !stop.is_cancelled()
        })
        .await?;
        bar.finish_and_clear();
    }
    let bar = progress(partition.last + 1 - partition.first, "reading back");
    let checked = check_archive(owner, partition, path, |_, _| {
        bar.inc(1);
        !stop.is_cancelled()
    })
    .await
    .with_context(|| format!("{} (once it is removed, it is written anew)", path.display()))?;
    bar.finish_and_clear();
    Ok(checked)
}
