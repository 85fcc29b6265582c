//! `iris events restore`: an archive's events back into the table.

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context as _, bail};
use events::archive::{ArchiveError, find_archive, restore};
use platform::{
    clock::{Clock as _, SystemClock},
    shutdown,
};

use super::{OPERATOR, bar_position, connect_as_owner, progress};

/// Which file.
#[derive(clap::Args)]
pub struct Arguments {
    /// As `iris events archive` wrote it, under its own name.
    file: PathBuf,
}

/// Checks it and brings its events back. Interrupted or killed anywhere, they are away as before.
pub async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let path = &arguments.file;
    let name = path.file_name().and_then(|name| name.to_str()).context("a file is wanted")?;
    let config = platform::config::Config::from_env()?;
    let mut owner = connect_as_owner(&config).await?;
    let stop = shutdown::on_signal()?;
    let Some(archive) = find_archive(&mut owner, name).await? else {
        bail!("no archive of the name {name} is on record");
    };
    if !archive.is_away {
        println!("{} to {} are in the log", archive.first, archive.last);
        return Ok(ExitCode::SUCCESS);
    }
    let bar = progress(archive.last + 1 - archive.first, "restoring");
    let restored = restore(&mut owner, &archive, path, OPERATOR, SystemClock.now(), |position| {
        bar.set_position(bar_position(position + 1 - archive.first));
        !stop.is_cancelled()
    })
    .await;
    bar.finish_and_clear();
    match restored {
        Ok(()) => println!("{} to {} are back in the log", archive.first, archive.last),
        Err(ArchiveError::Interrupted) => {
            eprintln!("interrupted; nothing has changed");
            return Ok(ExitCode::FAILURE);
        }
        Err(error) => return Err(error).with_context(|| path.display().to_string()),
    }
    Ok(ExitCode::SUCCESS)
}
