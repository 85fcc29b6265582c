//! What is settled before the keeper starts: the directory, the programs, how they may run.

use std::path::{Path, PathBuf};

use super::error::{OnPath as _, ServicesError};
use super::isolation::Isolation;
use super::keeper::Task;
use super::layout::Layout;
use super::{Keep, private_files, programs, throw_away};

/// Everything that must happen outside the namespace: there, nothing can be installed.
pub fn prepare(keep: &Keep, postgres: bool, nats: bool) -> Result<Task, ServicesError> {
    let throw_away = *keep == Keep::ThrowAway;
    let data_dir = match keep {
        Keep::In(dir) => dir.clone(),
        Keep::ThrowAway => throw_away::create()?,
    };
    if !data_dir.is_dir() {
        private_files::create_dir(&data_dir, None).on("creating", &data_dir)?;
    }
    let data_dir = data_dir.canonicalize().on("finding", &data_dir)?;
    let task = task_for(data_dir.clone(), throw_away, postgres, nats);
    if throw_away && task.is_err() {
        // No keeper will do it.
        Layout::remove(&data_dir).on("removing", &data_dir)?;
    }
    task
}

fn task_for(data_dir: PathBuf, throw_away: bool, postgres: bool, nats: bool) -> Result<Task, ServicesError> {
    let missing = |program, advice: &str| ServicesError::Missing { program, advice: advice.to_owned() };
    let major = Layout::cluster_major(&data_dir);
    let postgres_bin = match postgres.then(|| programs::postgres(major)).transpose()? {
        Some(Some(found)) => Some(found.path),
        Some(None) => {
            return Err(match major {
                Some(major) => ServicesError::OtherMajor { data_dir, major },
                None => missing("PostgreSQL", "install version 15 or newer, or set IRIS_PG_BIN"),
            });
        }
        None => None,
    };
    let nats_bin = match nats.then(programs::nats).transpose()? {
        Some(Some(found)) => Some(found.path),
        Some(None) => return Err(missing("nats-server", "install it, or set IRIS_NATS_BIN")),
        None => None,
    };
    let programs: Vec<PathBuf> = [
        std::env::current_exe().ok(),
        postgres_bin.as_ref().map(|dir| dir.join("postgres")),
        nats_bin.clone(),
    ]
    .into_iter()
    .flatten()
    .collect();
    let programs: Vec<&Path> = programs.iter().map(PathBuf::as_path).collect();
    let isolation = Isolation::choose(&data_dir, Layout::cluster_owner(&data_dir), &programs)?;
    Ok(Task { data_dir, isolation, postgres_bin, nats_bin, throw_away })
}
